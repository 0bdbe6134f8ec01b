import { type Db, type Statement, run } from "../db/db";
import type { DeliveryStatus, EndpointKey, EndpointStatus } from "./delivery";

/*
 * When an endpoint's status changes, its deliveries follow: what waits for one that is disabled, or has yet to echo its
 * challenge, is paused; what was paused for one that is enabled is due, or discarded where it is older than what is to be
 * caught up; what waits for one that is deleted is discarded. What is in the air at that moment follows when its outcome
 * is recorded.
 *
 * Guarantees: the status decides from its commit on, and the mark that deliveries are behind is in the same commit (a
 * trigger sets it). So a crash delays this and loses nothing: the sweeper goes on from the mark. It keeps looking for a
 * while after it has found nothing left, because a relay or a worker may still act on what it read before.
 *
 * Cost: a slice is one round trip, with one row written for each delivery and one in the outbox for each that is due.
 * What stands in a line goes on standing there. An endpoint gets one slice at a sweep, so that a long backlog does not
 * stand before everything new in the outbox.
 */

const SLICE = 500;

/** Longer than a statement that was sent before, or a delivery that was in the air, can take. */
const KEEP_LOOKING = "interval '5 minutes'";

/** Deliveries with this status, which is right only while their endpoint has one of those. */
function waiting(status: DeliveryStatus, ...endpoint: EndpointStatus[]): string {
  const right = endpoint.map((each) => `'${each}'`).join(", ");
  return `
      select q.* from endpoint w
      cross join lateral (
        select q.merchant_id, q.id, q.tries, q.created_at, q.stands from webhook_deliveries q
        where q.merchant_id = w.merchant_id and q.endpoint_id = w.id and q.status = '${status}'
          and w.status not in (${right})
        order by q.id limit w.slice for update skip locked
      ) q`;
}

const FOLLOW: Statement = {
  name: "follow_webhook_endpoint",
  text: `
    with endpoint as materialized (
      select w.merchant_id, w.id, w.status, w.catch_up_from, ?::int as slice
      from webhook_endpoints w
      where w.merchant_id = ? and w.id = ? and w.behind_since is not null
      for share
    ), behind as materialized (
      ${waiting("PAUSED", "DISABLED", "PENDING")}
      union all ${waiting("RETRYING", "ENABLED")}
      union all ${waiting("SCHEDULED", "ENABLED")}
    ), decided as materialized (
      select b.merchant_id, b.id, case
          when w.status in ('DISABLED', 'PENDING') then 'PAUSED'
          when w.status = 'DELETED' or b.created_at < w.catch_up_from then 'DISCARDED'
          when b.tries = 0 then 'SCHEDULED' else 'RETRYING' end as status, b.stands
      from behind b cross join endpoint w
    ), followed as (
      update webhook_deliveries d
      set status = c.status, updated_at = now(),
        next_at = case when c.status not in ('SCHEDULED', 'RETRYING') then null
          when c.stands then timestamptz 'infinity' else now() end
      from decided c where d.merchant_id = c.merchant_id and d.id = c.id
      returning d.merchant_id, d.id, d.next_at
    ), announced as (
      insert into outbox (merchant_id, delivery_id)
      select f.merchant_id, f.id from followed f where f.next_at < 'infinity' order by f.id
    )
    select id as "id" from followed`,
};

/** One slice of an endpoint's deliveries; gives how many of them followed. */
export async function followEndpoint(db: Db, { merchantId, id }: EndpointKey): Promise<number> {
  return (await run(db, FOLLOW, [SLICE, merchantId, id])).length;
}

const FIND_BEHIND: Statement = {
  name: "find_webhook_endpoints_behind",
  text: `
    select w.merchant_id as "merchantId", w.id as "id" from webhook_endpoints w
    where w.behind_since is not null order by w.behind_since limit ?`,
};

const SET_FOLLOWED: Statement = {
  name: "set_webhook_endpoint_followed",
  text: `
    update webhook_endpoints w
    set behind_since = null, catch_up_from = case when w.status = 'PENDING' then w.catch_up_from end
    where w.merchant_id = ? and w.id = ? and w.behind_since <= now() - ${KEEP_LOOKING}`,
};

/** Once a sweep, for all endpoints whose status changed; gives how many deliveries followed. */
export async function followEndpoints(
  db: Db,
  { limit }: { readonly limit: number },
): Promise<number> {
  let followed = 0;
  for (const endpoint of await run<EndpointKey>(db, FIND_BEHIND, [limit])) {
    const count = await followEndpoint(db, endpoint);
    if (count === 0) await run(db, SET_FOLLOWED, [endpoint.merchantId, endpoint.id]);
    followed += count;
  }
  return followed;
}
