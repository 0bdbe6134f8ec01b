import { type Db, type Statement, type Tx, run } from "../../db/db";
import { transact } from "../../db/transact";
import { insertJournals } from "../../ledger/ledger-store";
import type { AttemptKey, MayHaveMoved } from "../attempt";
import { holdOf } from "./suspense";

/*
 * For the sweeper, after the database was promoted or restored.
 *
 * Guarantees: what was queued on an earlier timeline is not sent as it is, because the commit that says that it was sent
 * may be among those that are lost (the claim refuses it, whether or not this has run). It becomes UNKNOWN, with what it
 * may have moved in suspense, in one commit; then it is looked up like any unknown outcome, which proves that it has
 * moved nothing, or settles it. A crash leaves the rest to the next sweep.
 *
 * It counts as sent now, which is as late as it can have been. For how long the processor remembers its key, its age
 * counts instead (look-up-attempts.ts).
 *
 * Cost: one round trip a sweep. Where the timeline has changed, or is seen for the first time, the queued attempts are
 * read once.
 */

const DOUBT: Statement = {
  name: "doubt_queued_attempts",
  text: `
    update attempts a
    set status = 'UNKNOWN', unknown_since = now(), sent_at = now(),
      next_at = now() + ? * interval '1 millisecond'
    from (
      select q.merchant_id, q.id from attempts q
        join payment_intents pi on pi.merchant_id = q.merchant_id and pi.id = q.payment_intent_id
      where q.settled_at is null and q.status = 'QUEUED'
        and q.timeline <> (select current_timeline())
      limit ? for key share of pi skip locked for update of q skip locked
    ) doubted
    where a.merchant_id = doubted.merchant_id and a.id = doubted.id
    returning a.merchant_id as "merchantId", a.id as "id",
      a.payment_intent_id as "paymentIntentId", a.operation as "operation", a.amount as "amount",
      a.currency as "currency"`,
};

const ANY_LEFT: Statement = {
  name: "any_doubtful_attempts",
  text: `
    select current_timeline() as "timeline", exists (
      select from attempts q where q.settled_at is null and q.status = 'QUEUED'
        and q.timeline <> (select current_timeline())
    ) as "left"`,
};

const TIMELINE: Statement = {
  name: "read_timeline",
  text: `select current_timeline() as "timeline"`,
};

/** Of which timeline a process knows that nothing from before it is queued any more. */
export interface Doubts {
  clearOf?: number;
}

export async function doubtQueued(
  db: Db,
  doubts: Doubts,
  options: { readonly firstLookupMs: number; readonly limit: number },
): Promise<AttemptKey[]> {
  const [now] = await run<{ timeline: number }>(db, TIMELINE, []);
  if (now?.timeline === doubts.clearOf) return [];
  const doubted = await transact(db, (tx) => doubt(tx, options));
  // Whoever is locked now is left for the next time.
  const [after] = await run<{ timeline: number; left: boolean }>(db, ANY_LEFT, []);
  if (after?.left === false) doubts.clearOf = after.timeline;
  return doubted;
}

async function doubt(
  tx: Tx,
  { firstLookupMs, limit }: { readonly firstLookupMs: number; readonly limit: number },
): Promise<AttemptKey[]> {
  const doubted = await run<MayHaveMoved>(tx, DOUBT, [firstLookupMs, limit]);
  await insertJournals(tx, doubted.flatMap(holdOf));
  return doubted.map(({ merchantId, id }) => ({ merchantId, id }));
}
