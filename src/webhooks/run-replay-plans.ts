import { type Db, type Statement, type Tx, run } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import { newId } from "../ids";
import { notHeld } from "../merchants/not-held";
import { lockEndpointStatuses } from "./lock-endpoint-statuses";

/*
 * Guarantees: each letter of a plan is replayed at most once, whatever dies in between, however many workers there are
 * and whoever else replays it at the same time: a slice is one commit, which marks the letters that it replays and says
 * how far the plan is. A letter that was replayed or discarded meanwhile is skipped, as is one whose endpoint is
 * disabled; that one stays in the list.
 *
 * Cost: one statement when no plan is running; seven round trips for a slice.
 */

const PLANS = 20;
/** What one commit replays at most. */
const SLICE = 500;

export interface PlanRun {
  /** How many plans were looked at. */
  readonly running: number;
  readonly sent: number;
}

const FIND_RUNNING: Statement = {
  name: "find_running_replay_plans",
  text: `
    select p.merchant_id as "merchantId", p.id as "id" from replay_plans p
    where p.status = 'RUNNING' and ${notHeld("p.merchant_id")} order by p.spent_until limit ?`,
};

/** One slice of every plan that is running, as large as its rate permits at this moment. */
export async function runReplayPlans({ db }: { readonly db: Db }): Promise<PlanRun> {
  const plans = await run<PlanKey>(db, FIND_RUNNING, [PLANS]);
  let sent = 0;
  for (const plan of plans) {
    sent += await transact(db, (tx) => runSlice(tx, plan));
    await failpoint("replay_plan.after_slice");
  }
  return { running: plans.length, sent };
}

interface PlanKey {
  readonly merchantId: string;
  readonly id: string;
}

interface Due {
  readonly position: string;
  readonly due: number;
}

// The rate of a second may be caught up on, when no worker came by; not more.
const CLAIM: Statement = {
  name: "claim_replay_plan",
  text: `
    select p.position as "position", floor(p.per_second * extract(epoch from
      now() - greatest(p.spent_until, now() - interval '1 second')))::int as "due"
    from replay_plans p
    where p.merchant_id = ? and p.id = ? and p.status = 'RUNNING'
    for update skip locked`,
};

const NEXT: Statement = {
  name: "next_replay_plan_letters",
  text: `
    select l.delivery_id as "id" from replay_plan_letters l
    where l.merchant_id = ? and l.plan_id = ? and l.delivery_id > ?
    order by l.delivery_id limit ?`,
};

// Waits for whoever is replaying one of them, and then sees what came of it. In order, so that nobody waits in a ring;
// probed one by one, behind a fence (see planner.ts).
const LOCK_LETTERS: Statement = {
  name: "lock_replay_plan_letters",
  text: `
    select q.id as "id", q.endpoint_id as "endpointId"
    from (select k.id from unnest(?::text[]) as k (id) order by k.id) k
    cross join lateral (
      select q.id, q.endpoint_id, q.status from webhook_deliveries q
      where q.merchant_id = ? and q.id = k.id offset 0 for update
    ) q
    where q.status = 'DEAD'`,
};

const REPLAY: Statement = {
  name: "replay_plan_letters",
  // The mark decides, in the row that is locked; a letter that has one by now is replayed by somebody else.
  text: `
    with marked as (
      update webhook_deliveries d set replayed_as = r.replay_id
      from jsonb_to_recordset(?) as r (id text, replay_id text)
      where d.merchant_id = ? and d.id = r.id and d.status = 'DEAD' and d.replayed_as is null
      returning d.merchant_id, d.id, d.event_id, d.endpoint_id, d.replayed_as, d.traceparent
    ), made as (
      insert into webhook_deliveries (merchant_id, id, event_id, endpoint_id, replay_of,
        traceparent)
      select m.merchant_id, m.replayed_as, m.event_id, m.endpoint_id, m.id, m.traceparent
      from marked m
      order by m.id
    ), message as (
      insert into outbox (merchant_id, delivery_id)
      select m.merchant_id, m.replayed_as from marked m order by m.id
    )
    select count(*)::int as "sent" from marked`,
};

const ADVANCE: Statement = {
  name: "advance_replay_plan",
  text: `
    update replay_plans p
    set position = coalesce(s.position, p.position), sent = p.sent + s.sent,
      skipped = p.skipped + s.skipped, updated_at = now(),
      spent_until = greatest(p.spent_until, now() - interval '1 second')
        + (s.sent + s.skipped) * interval '1 second' / p.per_second,
      status = case when s.ended then 'FINISHED' else p.status end,
      finished_at = case when s.ended then now() end
    from (select ?::text as position, ?::int as sent, ?::int as skipped, ?::bool as ended) s
    where p.merchant_id = ? and p.id = ?`,
};

async function runSlice(tx: Tx, { merchantId, id }: PlanKey): Promise<number> {
  const [claimed] = await run<Due>(tx, CLAIM, [merchantId, id]);
  const limit = Math.min(claimed?.due ?? 0, SLICE);
  if (!claimed || limit < 1) return 0;
  const next = await run<{ id: string }>(tx, NEXT, [merchantId, id, claimed.position, limit]);
  const sent = await replayLetters(
    tx,
    merchantId,
    next.map((letter) => letter.id),
  );
  await run(tx, ADVANCE, [
    next.at(-1)?.id ?? null,
    sent,
    next.length - sent,
    next.length < limit,
    merchantId,
    id,
  ]);
  await failpoint("replay_plan.inside_transaction");
  return sent;
}

interface Letter {
  readonly id: string;
  readonly endpointId: string;
}

async function replayLetters(tx: Tx, merchantId: string, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const letters = await run<Letter>(tx, LOCK_LETTERS, [ids, merchantId]);
  const endpoints = [...new Set(letters.map(({ endpointId }) => endpointId))];
  const statuses = await lockEndpointStatuses(tx, merchantId, endpoints);
  const rows = letters
    .filter(({ endpointId }) => statuses.get(endpointId) === "ENABLED")
    .map((letter) => ({ id: letter.id, replay_id: newId("webhookDelivery") }));
  const [made] = await run<{ sent: number }>(tx, REPLAY, [JSON.stringify(rows), merchantId]);
  return made?.sent ?? 0;
}
