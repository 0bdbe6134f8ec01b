import type { Client } from "pg";

/*
 * Everything that is done about Postgres' planner. A statement here takes some dozens of rows by their keys, and must
 * continue to do so whatever the statistics say: they are old when a merchant gets busy, and know nothing of what is
 * new. Each measure has been removed to check that the tests named beside it fail; a measure that no test misses does
 * not stay.
 *
 * Two measures stand elsewhere, because they must:
 *
 * - `offset 0` at the end of a subquery is a fence: the planner may neither look into it nor pull out of it what looks
 *   cheaper on its own. Behind it rows are probed by their whole key, one by one. Each is pointed to from its
 *   statement:
 *   - known keys of creates and confirms: as long as statistics know no key of the operation, all of a merchant's keys
 *     would be read ("probes the keys of confirmations …" and "… of creations …" in test/db/young-statistics);
 *   - rows to claim (claim-keys.ts): the backlog would be read from the index of what is due, once for each key
 *     ("claims deliveries" in test/db/plans);
 *   - the event of a key (idempotency/keys.ts): the merchant's whole feed would be merged with it ("what a key was used
 *     for" in test/db/plans);
 *   - what belongs to an intent's changes (payments/timeline-sources.ts): all of a merchant's events and deliveries would
 *     be read for them ("timelines of intents" in test/db/plans);
 *   - deliveries of an event, on their way, or by their ids (webhooks/list-deliveries.ts): the merchant's whole list
 *     would be read for them ("deliveries of an event …", "deliveries that are scheduled", "deliveries by id" in
 *     test/db/plans).
 * - `n_distinct` of merchant_id in every table, and of payment_intents.status (migrations): as long as most merchants
 *   have one row, any index that begins with the merchant looks as good as the whole key, and the first merchant to get
 *   busy has all its rows read for each foreign key's check ("hears of it when merchants are believed to stay as small
 *   as they were" in test/db/young-statistics; "expects busy merchants in the partitions …" in test/db/planner).
 *   Creates fell from 1,400 to 500 a second within seconds. Statuses: "intents of a rare status, the oldest" in test/db/plans.
 */

/** For every session of the product. The audit, which reads whole tables, takes them back for itself. */
export const PLANNER_SETTINGS: readonly string[] = [
  // Nearly every statement takes its rows as one JSON parameter, about which a custom plan knows nothing more: it would
  // be planned again each time, which takes some milliseconds. Lists change plan by the value that is asked for
  // ("intents of a rare status, after a cursor", "the feed from a cursor" in test/db/plans).
  "plan_cache_mode=force_generic_plan",
  // A page is cheap, because it is in memory, and a row is expensive: so index probes are chosen from about a hundred
  // rows upwards. With the defaults a small table is read whole, and still is, by the plan that was kept, when it is
  // small no more ("takes over from a dead worker" without the first two, "deliveries that are scheduled" without the
  // third, in test/db/plans).
  "random_page_cost=0.01",
  "cpu_tuple_cost=0.5",
  "cpu_index_tuple_cost=0.5",
  // With these costs a few hundred thousand rows look expensive enough to be worth compiling for, which takes longer
  // than reading them ("compiles nothing" in test/db/planner).
  "jit=off",
];

const PLANS_KEPT_MIN_MS = 2_000;
const PLANS_KEPT_MAX_MS = 60_000;

/** What is kept with a connection about its plans. */
export interface PlanningClient extends Client {
  connectedAtMs?: number;
  plansMadeAtMs?: number;
}

/**
 * A prepared statement's plan is made once and kept. One made while a table was empty scans the whole table, even when
 * it has millions of rows. So plans are discarded now and then and made again for the tables as they are: often on a
 * young connection, whose tables may be as young, and seldom on an old one, because the largest plans cost some
 * milliseconds. pg sends queries in order: whoever takes the connection now waits behind this one, 0.1 ms.
 *
 * "makes plans anew for tables that have grown" in test/db/planner fails without it.
 */
export function discardOldPlans(client: PlanningClient): void {
  const nowMs = performance.now();
  client.connectedAtMs ??= nowMs;
  client.plansMadeAtMs ??= nowMs;
  const keptMs = Math.max(PLANS_KEPT_MIN_MS, (nowMs - client.connectedAtMs) / 2);
  if (nowMs - client.plansMadeAtMs <= Math.min(keptMs, PLANS_KEPT_MAX_MS)) return;
  client.plansMadeAtMs = nowMs;
  client.query("discard plans").catch(() => undefined);
}
