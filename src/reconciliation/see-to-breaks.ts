import { type Db, type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import type { ChangedIntent } from "../live/announce-changes";
import { notHeld } from "../merchants/not-held";
import type { Log } from "../observability/log";
import { type Attempt, isSettled } from "../payments/attempt";
import { findAttempts } from "../payments/attempt-store";
import { asAttempt } from "../payments/processor-request";
import type { ProcessorFinder } from "../payments/send-attempt";
import { type AnswerSettler, settleSurely } from "../payments/settle/settle-surely";
import { DISPUTE_STATUSES } from "../processors/dispute";
import type { Break, NewBreak, Proposal } from "./break";
import { closeBreak, insertBreaks } from "./break-store";
import { movedAndIs } from "./classify";
import { TAKEN_BACK } from "./compared";
import { POLICY } from "./by-policy";
import { type SeenTo, seeToGhost } from "./see-to-ghost";
import { seeToDispute } from "./see-to-dispute";
import { seeToSurplus } from "./see-to-surplus";
import { findWaysOut, suspenseOf } from "./way-out";
import type { BreakConfig } from "./settings";

/*
 * What breaks come to by themselves.
 *
 * - TIMING closes itself when both sides say the same. What two statements did not have becomes MISSING_THERE, and what is
 *   still not known, or not given back, after an hour becomes STATE, so that a person is told.
 * - What moved there and is settled otherwise here is looked up once more, and the answer settled like any other: money
 *   that moved after all is given back (src/payments/settle), and when it has been, the break is closed.
 * - A charge that nothing here asked for is for see-to-ghost.ts, money that moved more than once for see-to-surplus.ts,
 *   and a dispute that nobody has told of for see-to-dispute.ts.
 *
 * Guarantees: whoever takes a break has it for some minutes; killed in between, another does the same again, and each
 * step has its effect once. The processor is called with no transaction open.
 */

const LEASE_MS = 5 * 60_000;
const AGAIN_MS = 60_000;
const LIMIT = 50;
/** A look-up that changes nothing is not repeated for ever: then a person must look, and we only at our own rows. */
const LOOKED_UP_FOR_MS = 3_600_000;
const SELDOM_MS = 3_600_000;

const TAKE_DUE: Statement = {
  name: "take_due_breaks",
  text: `
    update reconciliation_breaks b set next_at = now() + ? * interval '1 millisecond'
    from (
      select d.merchant_id, d.id from reconciliation_breaks d
      where d.next_at <= now() and d.status <> 'RESOLVED'
        and coalesce(${notHeld("d.merchant_id")}, true)
      order by d.next_at limit ? for update skip locked
    ) due
    where b.id = due.id and b.merchant_id = due.merchant_id
    returning reconciliation_break_snapshot(b) as "snapshot"`,
};

const AGAIN: Statement = {
  name: "see_to_break_again",
  text: `
    update reconciliation_breaks set next_at = now() + ?::bigint * interval '1 millisecond'
    where id = ? and merchant_id = ? and status <> 'RESOLVED'`,
};

const COMPENSATION: Statement = {
  name: "find_compensation",
  text: `
    select c.status as "status" from attempts c
    where c.merchant_id = ? and c.payment_intent_id = ? and c.operation = 'compensate'
      and c.target_attempt_id = ? order by c.id desc limit 1`,
};

interface Needs extends AnswerSettler, ProcessorFinder {
  readonly db: Db;
  readonly log: Log;
  readonly announce: (changed: ChangedIntent) => void;
  readonly config: Pick<BreakConfig, "ghostCharges" | "duplicateMovements" | "missedDisputes">;
}

/** Everything that is due; returns how many breaks that was. */
export async function seeToBreaks(needs: Needs): Promise<number> {
  const due = await run<{ snapshot: Break }>(needs.db, TAKE_DUE, [LEASE_MS, LIMIT]);
  for (const { snapshot } of due) {
    await seeTo(needs, snapshot).catch((error: unknown) => {
      needs.log.error({ err: error, merchantId: snapshot.merchantId }, "a break is seen to later");
    });
  }
  return due.length;
}

async function seeTo(needs: Needs, found: Break): Promise<void> {
  const { merchantId, subjectId, kind, theirs } = found;
  if (kind === "TIMING" && theirs === null) return giveUpWaiting(needs.db, found);
  if (isGhost(found)) {
    return left(needs.db, found, await seeToGhost(needs, found));
  }
  if (kind === "UNCLEARED") return seeToSuspense(needs.db, found);
  if (isDispute(found)) return left(needs.db, found, await seeToDispute(needs, found));
  const [attempt] = await findAttempts(needs.db, merchantId, [subjectId]);
  if (attempt && kind === "DUPLICATE") {
    return left(needs.db, found, await seeToSurplus(needs, found, attempt));
  }
  if (!attempt || !["TIMING", "STATE"].includes(kind)) return again(needs.db, found, null);
  return seeToOutcome(needs, found, attempt);
}

/** Of no payment that is known, whosever account it is at. */
function isGhost({ kind, paymentIntentId }: Break): boolean {
  return kind === "MISSING_HERE" && paymentIntentId === null;
}

/** Of a known charge, in the words that only disputes have. */
function isDispute({ kind, paymentIntentId, theirs }: Break): boolean {
  const isNews = kind === "MISSING_HERE" || kind === "STATE";
  const said = DISPUTE_STATUSES.some((status) => status === theirs?.state);
  return isNews && said && paymentIntentId !== null;
}

async function seeToOutcome(needs: Needs, found: Break, attempt: Attempt): Promise<void> {
  if (!isSettled(attempt.status)) return stillUnknown(needs.db, found, attempt);
  const says = found.theirs?.state === TAKEN_BACK ? "nothing" : "moved";
  if ((attempt.status === "SUCCEEDED") === (says === "moved")) {
    await close(needs.db, found, {
      resolution: "CLOSED_ITSELF",
      explanation: "both sides say the same by now",
    });
    return;
  }
  await contradicted(needs, found, attempt);
}

/** What has been taken back at the processor since goes elsewhere: that is another proposal, and so another break. */
async function seeToSuspense(db: Db, found: Break): Promise<void> {
  const { merchantId, subjectId: itemId, currency, proposal } = found;
  if (!proposal) return again(db, found, null);
  const amount = String(suspenseOf(proposal));
  const ways = await findWaysOut(db, [{ merchantId, itemId, currency, amount }]);
  const other = ways.get(itemId);
  if (!other || accountsOf(other) === accountsOf(proposal)) return again(db, found, SELDOM_MS);
  const detail = `${found.detail}, and the processor has taken it back`;
  const instead = { ...found, proposal: other, detail };
  await becomes(db, { found, other: instead, explanation: "it is to go elsewhere by now" });
}

function accountsOf({ postings }: Proposal): string {
  return postings.map(({ debit, credit }) => `${debit} ${credit}`).join();
}

async function stillUnknown(db: Db, found: Break, { status }: Attempt): Promise<void> {
  if (found.kind === "TIMING" && isOld(found)) return nowState(db, found, movedAndIs(status));
  return again(db, found, AGAIN_MS);
}

async function contradicted(needs: Needs, found: Break, attempt: Attempt): Promise<void> {
  const { db } = needs;
  const { merchantId, paymentIntentId, id } = attempt;
  const bindings = [merchantId, paymentIntentId, id];
  const [compensation] = await run<{ status: string }>(db, COMPENSATION, bindings);
  if (compensation?.status === "SUCCEEDED") {
    await close(db, found, {
      resolution: "REVERSED",
      explanation: "what had moved has been given back",
    });
    return;
  }
  if (isOld(found)) {
    if (found.kind !== "TIMING") return again(db, found, SELDOM_MS);
    const detail = movedAndIs(attempt.status);
    const more = compensation ? "; it has not been given back" : "";
    return nowState(db, found, `${detail}${more}`);
  }
  const processor = compensation ? undefined : await needs.processorOf(attempt);
  if (processor?.capabilities.canLookUp === true) {
    const outcome = await processor.lookUp(asAttempt(attempt));
    await settleSurely(needs, attempt, { outcome, source: "reconciliation" });
  }
  await again(db, found, AGAIN_MS);
}

/** What did not come to its end. */
async function left(db: Db, found: Break, seenTo: SeenTo): Promise<void> {
  if (seenTo === "LEFT_FOR_A_PERSON") await again(db, found, null);
  if (seenTo === "AGAIN") await again(db, found, isOld(found) ? SELDOM_MS : AGAIN_MS);
}

function isOld({ foundAt }: Break): boolean {
  return Date.now() - Date.parse(foundAt) > LOOKED_UP_FOR_MS;
}

/** It is no matter of timing any more. */
async function nowState(db: Db, found: Break, detail: string): Promise<void> {
  await becomes(db, { found, other: { ...found, kind: "STATE", detail, dueInMs: AGAIN_MS } });
}

/** Neither its own statement nor the next one has it. */
async function giveUpWaiting(db: Db, found: Break): Promise<void> {
  const { amount = 0, currency = found.currency } = found.ours ?? {};
  const detail = `${String(amount)} ${currency ?? ""} is in no statement`;
  await becomes(db, { found, other: { ...found, kind: "MISSING_THERE", detail } });
}

/** The new one and the end of the old one are one commit. */
async function becomes(
  db: Db,
  { found, other, ...said }: { found: Break; other: NewBreak; explanation?: string },
): Promise<void> {
  const { explanation = `it did not close in time: it is ${other.kind} by now` } = said;
  await transact(db, async (tx) => {
    await insertBreaks(tx, [other]);
    await failpoint("reconcile.inside_transaction");
    await close(tx, found, { resolution: "CLOSED_ITSELF", explanation });
  });
}

async function close(
  db: Db,
  found: Break,
  how: { readonly resolution: "CLOSED_ITSELF" | "REVERSED"; readonly explanation: string },
): Promise<void> {
  await closeBreak(db, found, { ...how, owner: found.owner ?? POLICY });
}

async function again(db: Db, { id, merchantId }: Break, inMs: number | null): Promise<void> {
  await run(db, AGAIN, [inMs, id, merchantId]);
}
