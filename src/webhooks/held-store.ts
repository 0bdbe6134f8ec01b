import { type Db, type Statement, run } from "../db/db";
import { type ClaimedDelivery, LET_ONE_OUT, SELECT_CLAIMED } from "./delivery-store";
import type { AddressedDelivery, EndpointKey } from "./delivery";
import { keysJson } from "../db/claim-keys";
import { notHeld } from "../merchants/not-held";

/*
 * What is held waits for its endpoint, and not for a time: the endpoint is paused, or gets more than it can take, or is
 * back and has a backlog. It is due at 'infinity', in an index of its own, and leaves it oldest first, as fast as the
 * endpoint takes it. What stands in a line (lines.ts) is not in that index before it is let go. So a delivery is written
 * once when it is held and once when it is claimed, however long that is.
 */

const HOLD: Statement = {
  name: "hold_deliveries",
  text: `
    update webhook_deliveries d set next_at = 'infinity', updated_at = now()
    from (
      select q.merchant_id, q.id
      from (
        select * from jsonb_to_recordset(?) as k (merchant_id text, id text)
        order by k.merchant_id, k.id
      ) k
      cross join lateral (
        select q.merchant_id, q.id, q.status, q.next_at from webhook_deliveries q
        where q.merchant_id = k.merchant_id and q.id = k.id offset 0 for update skip locked
      ) q
      where q.next_at <= now() and q.status in ('SCHEDULED', 'RETRYING')
    ) due
    where d.merchant_id = due.merchant_id and d.id = due.id`,
};

/** Those of these that are due and unclaimed, because their endpoint has as many as it can take. */
export async function holdDeliveries(db: Db, keys: readonly AddressedDelivery[]): Promise<void> {
  if (keys.length > 0) await run(db, HOLD, [keysJson(keys)]);
}

const RELEASE: Statement = {
  name: "release_deliveries",
  text: `
    update webhook_deliveries d
    set status = case d.tries when 1 then 'SCHEDULED' else 'RETRYING' end, tries = d.tries - 1,
      tries_early = least(d.tries_early, d.tries - 1), next_at = 'infinity', updated_at = now()
    from (
      select r.* from jsonb_to_recordset(?) as r (merchant_id text, id text, tries int)
      order by r.merchant_id, r.id
    ) r
    where d.merchant_id = r.merchant_id and d.id = r.id and d.status = 'IN_FLIGHT'
      and d.tries = r.tries`,
};

/** The caller has claimed them and will not post them: their tries never were. */
export async function releaseDeliveries(
  db: Db,
  claimed: readonly Pick<ClaimedDelivery, "merchantId" | "id" | "tries">[],
): Promise<void> {
  const rows = claimed.map(({ merchantId, id, tries }) => ({ merchant_id: merchantId, id, tries }));
  await run(db, RELEASE, [JSON.stringify(rows)]);
}

/*
 * Tries of what was waiting for its next one come before their time, so they use up none of the schedule: an endpoint
 * that is away for a day would otherwise have every delivery that was let out to see whether it is back die of it.
 */
const CLAIM_HELD: Statement = {
  name: "claim_held_deliveries",
  text: `
    with asked as materialized (
      select ?::text as merchant_id, ?::text as id
    ), let_out as (
      update webhook_endpoints w set ${LET_ONE_OUT}
      from asked a
      where w.merchant_id = a.merchant_id and w.id = a.id and w.status = 'ENABLED'
        and w.breaker <> 'CLOSED' and w.paused_until <= now() and ${notHeld("w.merchant_id")}
      returning w.id
    ), room as materialized (
      select w.merchant_id, w.id,
        case when w.status <> 'ENABLED' or not (${notHeld("w.merchant_id")}) then 0
          when w.breaker = 'CLOSED' then least(?::int, w.rate_limit)
          else (select count(*) from let_out) end as places
      from asked a join webhook_endpoints w on w.merchant_id = a.merchant_id and w.id = a.id
    ), due as materialized (
      select q.merchant_id, q.id from room r
      cross join lateral (
        select q.merchant_id, q.id from webhook_deliveries q
        where q.merchant_id = r.merchant_id and q.endpoint_id = r.id and q.next_at = 'infinity'
          and q.stands is not true
        order by q.id limit r.places for update skip locked
      ) q
    ), claimed as (
      update webhook_deliveries d
      set status = 'IN_FLIGHT', tries = d.tries + 1, updated_at = now(),
        tries_early = d.tries_early + (d.status = 'RETRYING')::int,
        next_at = now() + ? * interval '1 millisecond'
      from due where d.merchant_id = due.merchant_id and d.id = due.id
      returning d.merchant_id, d.id, d.event_id, d.endpoint_id, d.tries, d.tries_early,
        d.traceparent
    )
    ${SELECT_CLAIMED} order by c.id`,
};

/** The oldest of those that are held for an endpoint: as many as asked, one if it is paused, none if its pause lasts. */
export async function claimHeld(
  db: Db,
  { merchantId, id }: EndpointKey,
  options: { readonly limit: number; readonly leaseMs: number },
): Promise<ClaimedDelivery[]> {
  const { limit, leaseMs } = options;
  return run<ClaimedDelivery>(db, CLAIM_HELD, [merchantId, id, leaseMs, limit, leaseMs]);
}

/*
 * Of an endpoint that is back: what waits for its next try is held from now on, a slice at a time, and so is claimed as
 * fast as the endpoint takes it. Not what failed since it is back, nor what has been tried early as often as in its
 * turn: an event that a receiver always refuses would be sent to it again with every other that it accepts. Nor what
 * the receiver wants later. The slice that is not full is the last.
 */
const CALL_UP: Statement = {
  name: "call_up_deliveries",
  text: `
    with endpoint as materialized (
      select w.merchant_id, w.id, w.recovered_at from webhook_endpoints w
      where w.merchant_id = ? and w.id = ? and w.recovered_at is not null
    ), waiting as materialized (
      select q.merchant_id, q.id from endpoint w
      cross join lateral (
        select q.merchant_id, q.id from webhook_deliveries q
        where q.merchant_id = w.merchant_id and q.endpoint_id = w.id and q.status = 'RETRYING'
          and q.next_at < 'infinity' and q.updated_at < w.recovered_at
          and 2 * q.tries_early < q.tries and coalesce(q.not_before <= now(), true)
        order by q.id limit ? for update skip locked
      ) q
    ), held as (
      update webhook_deliveries d set next_at = 'infinity'
      from waiting q where d.merchant_id = q.merchant_id and d.id = q.id
      returning d.id
    ), done as (
      update webhook_endpoints w set recovered_at = null
      from endpoint e
      where w.merchant_id = e.merchant_id and w.id = e.id and w.recovered_at = e.recovered_at
        and (select count(*) from waiting) < ?
    )
    select id as "id" from held`,
};

/** How many were called up; fewer than asked when none is left. */
export async function callUp(
  db: Db,
  { merchantId, id }: EndpointKey,
  limit: number,
): Promise<number> {
  return (await run(db, CALL_UP, [merchantId, id, limit, limit])).length;
}

/*
 * Which endpoints have something held and could take it, or are back. Read from the index of what is held, one probe for
 * each endpoint: nothing says it but the rows.
 */
const FIND_HELD: Statement = {
  name: "find_endpoints_with_held_deliveries",
  text: `
    with recursive held as (
      (select d.merchant_id, d.endpoint_id from webhook_deliveries d
        where d.next_at = 'infinity' and d.stands is not true
        order by d.merchant_id, d.endpoint_id limit 1)
      union all
      select n.merchant_id, n.endpoint_id from held h
      cross join lateral (
        select d.merchant_id, d.endpoint_id from webhook_deliveries d
        where d.next_at = 'infinity' and d.stands is not true
          and (d.merchant_id, d.endpoint_id) > (h.merchant_id, h.endpoint_id)
        order by d.merchant_id, d.endpoint_id limit 1
      ) n
    ), found as (
      (select h.merchant_id, h.endpoint_id from held h limit ?)
      union
      (select w.merchant_id, w.id from webhook_endpoints w where w.recovered_at is not null limit ?)
    )
    select f.merchant_id as "merchantId", f.endpoint_id as "id"
    from found f join webhook_endpoints w on w.merchant_id = f.merchant_id and w.id = f.endpoint_id
    where w.status = 'ENABLED' and coalesce(w.paused_until <= now(), true)
      and ${notHeld("f.merchant_id")}`,
};

export async function findEndpointsWithHeld(db: Db, limit: number): Promise<EndpointKey[]> {
  return run(db, FIND_HELD, [limit, limit]);
}
