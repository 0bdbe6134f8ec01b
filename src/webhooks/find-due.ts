import { type Db, type Statement, run } from "../db/db";
import { idFloor } from "../ids";

/*
 * Since when the webhook is due that has waited longest.
 *
 * What is held for an endpoint is found by the index that holds nothing else; it counts from when it was made. What is
 * not held is due by a time, of which there is an index over all merchants only, and one more index would be a write
 * more for each delivery. So of one merchant the newest deliveries are looked at, and a few of each age: where workers
 * are away, all that were made since are due, and what is found is at least half as old as the oldest.
 *
 * Cost: 230 deliveries, and one for each endpoint.
 */
const NEWEST = 100;
const OF_EACH_AGE = 10;
const AGES_MS = Array.from({ length: 13 }, (_, n) => 15_000 * 2 ** n);

// Limits are parameters: the planner, which may think that a merchant has few, would sort what it reads as a whole.
const DUE_NOW = `
  select s.endpoint_id, min(s.next_at) as since
  from (
    (select d.endpoint_id, d.next_at from webhook_deliveries d
    where d.merchant_id = ? order by d.id desc limit ?)
    union all
    select d.endpoint_id, d.next_at
    from unnest(?::text[]) as a (id)
    cross join lateral (
      select * from webhook_deliveries q where q.merchant_id = ? and q.id >= a.id
      order by q.id limit ?
    ) d
  ) s
  where s.next_at <= now() group by s.endpoint_id`;

/** What it takes to look. */
function lookAt(merchantId: string): readonly unknown[] {
  const nowMs = Date.now();
  const ids = AGES_MS.map((ageMs) => idFloor("webhookDelivery", nowMs - ageMs));
  return [merchantId, NEWEST, ids, merchantId, OF_EACH_AGE];
}

const HELD = `
  select q.created_at as since from webhook_deliveries q
  where q.merchant_id = ? and q.endpoint_id = k.id and q.next_at = 'infinity'
    and q.stands is not true
  order by q.id limit 1`;

const OF_ENDPOINTS: Statement = {
  name: "find_oldest_due_of_endpoints",
  text: `
    with due as materialized (${DUE_NOW})
    select k.id as "id", iso(least(d.since, h.since)) as "since"
    from (select distinct unnest(?::text[]) as id) k
    left join due d on d.endpoint_id = k.id
    left join lateral (${HELD}) h on true`,
};

/** In their order; null: none is due. */
export async function findOldestDueOf(
  db: Db,
  merchantId: string,
  endpointIds: readonly string[],
): Promise<(string | null)[]> {
  const bindings = [...lookAt(merchantId), endpointIds, merchantId];
  const rows = await run<{ id: string; since: string | null }>(db, OF_ENDPOINTS, bindings);
  const byId = new Map(rows.map(({ id, since }) => [id, since]));
  return endpointIds.map((id) => byId.get(id) ?? null);
}

// More endpoints than this a merchant has only where somebody allowed it.
const ENDPOINTS_MAX = 1_000;

const OF_MERCHANT: Statement = {
  name: "find_oldest_due_of_merchant",
  text: `
    with due as materialized (${DUE_NOW})
    select iso(least((select min(since) from due), (
      select min(h.since)
      from (
        select w.id from webhook_endpoints w
        where w.merchant_id = ? and w.status = 'ENABLED'
        order by w.id desc limit ${String(ENDPOINTS_MAX)}
      ) k
      cross join lateral (${HELD}) h
    ))) as "since"`,
};

const OF_ALL: Statement = {
  name: "find_oldest_due",
  text: `
    select iso(d.next_at) as "since" from webhook_deliveries d
    where d.next_at <= now() order by d.next_at limit 1`,
};

/** Of all merchants where none is named: then what is held does not count. */
export async function findOldestDue(db: Db, merchantId: string | null): Promise<string | null> {
  const rows =
    merchantId === null
      ? await run<{ since: string | null }>(db, OF_ALL, [])
      : await run<{ since: string | null }>(db, OF_MERCHANT, [
          ...lookAt(merchantId),
          merchantId,
          merchantId,
        ]);
  return rows[0]?.since ?? null;
}
