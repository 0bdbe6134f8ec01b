import { KEYS, keysJson, lockKeys } from "../db/claim-keys";
import { type Db, type Statement, run } from "../db/db";
import { SEALED_PART, type SealedPart, joinPersonalKey } from "../events/personal-data";
import { notHeld } from "../merchants/not-held";
import { END_COLUMNS } from "./dead-letter";
import type { AddressedDelivery, DeliveryKey } from "./delivery";

/**
 * Every statement that claims deliveries, but for the one that plans them (plan-deliveries.ts). They are recorded in
 * record-deliveries.ts, what is held for its endpoint is in held-store.ts, and lists are in list-deliveries.ts.
 */

export const DELIVERY_COLUMNS = `
  d.id as "id", d.merchant_id as "merchantId", d.event_id as "eventId",
  d.endpoint_id as "endpointId", d.status as "status",
  d.tries as "tries", iso(nullif(d.next_at, 'infinity')) as "nextAt", d.status_code as "statusCode",
  d.error as "error", d.response_body as "responseBody", d.duration_ms as "durationMs",
  d.replay_of as "replayOf", iso(d.created_at) as "createdAt", iso(d.updated_at) as "updatedAt",
  ${END_COLUMNS}`;

const ADDRESS: Statement = {
  name: "address_deliveries",
  text: `
    select d.merchant_id as "merchantId", d.id as "id", d.endpoint_id as "endpointId"
    from ${KEYS} cross join lateral (
      select d.merchant_id, d.id, d.endpoint_id from webhook_deliveries d
      where d.merchant_id = k.merchant_id and d.id = k.id offset 0
    ) d`,
};

/** Where deliveries that were made on their own (replays) go. */
export async function addressDeliveries(
  db: Db,
  keys: readonly DeliveryKey[],
): Promise<AddressedDelivery[]> {
  return keys.length === 0 ? [] : run<AddressedDelivery>(db, ADDRESS, [keysJson(keys)]);
}

/** What a worker needs to post a delivery. */
export interface ClaimedDelivery extends DeliveryKey, SealedPart {
  readonly eventId: string;
  readonly endpointId: string;
  readonly tries: number;
  /** Of those tries, the ones that use up none of the schedule. */
  readonly triesEarly: number;
  readonly url: string;
  /** Sealed; see src/security/secrets.ts. */
  readonly secret: Buffer;
  /** While the secret is rotated: the one before, sealed as well. */
  readonly oldSecret: Buffer | null;
  /** The endpoint's own; null: as the installation has it. */
  readonly timeoutMs: number | null;
  readonly rateLimit: number | null;
  readonly concurrency: number | null;
  /** How many tries of this endpoint have failed since one succeeded. */
  readonly failures: number;
  /** Whether others may stand behind it. */
  readonly isOrdered: boolean;
  readonly type: string;
  readonly apiVersion: string;
  readonly createdAt: string;
  readonly sequence: number | null;
  readonly traceparent: string | null;
  /** JSON text, exactly as the event stored it: without what is sealed beside it. */
  readonly object: string;
}

/** What has come of those that were asked for: posted by the caller, or held for their endpoint. */
export interface Claimed {
  readonly deliveries: readonly ClaimedDelivery[];
  readonly held: readonly AddressedDelivery[];
}

/** From `claimed`, a set of rows that are now the caller's. */
export const SELECT_CLAIMED = `
    select c.merchant_id as "merchantId", c.id as "id", c.event_id as "eventId",
      c.endpoint_id as "endpointId", c.tries as "tries", c.tries_early as "triesEarly",
      w.url as "url", w.secret as "secret",
      case when w.old_secret_until > now() then w.old_secret end as "oldSecret",
      w.timeout_ms as "timeoutMs", w.rate_limit as "rateLimit", w.concurrency as "concurrency",
      w.failures as "failures", w.ordered as "isOrdered",
      e.type as "type", e.api_version as "apiVersion", iso(e.created_at) as "createdAt",
      e.sequence as "sequence", c.traceparent as "traceparent", e.object::text as "object",
      ${SEALED_PART}
    from claimed c
    join events e on e.merchant_id = c.merchant_id and e.id = c.event_id
    ${joinPersonalKey()}
    join webhook_endpoints w on w.merchant_id = c.merchant_id and w.id = c.endpoint_id`;

/** Of an endpoint that has been paused for long enough, one delivery is let out; whoever finds this row first lets it. */
export const LET_ONE_OUT = `
        breaker = 'HALF_OPEN', paused_until = now() + ? * interval '1 millisecond'`;

/*
 * The common case: an endpoint that is well and has no rate of its own. Each of its deliveries is leased to the caller;
 * the others are left to the statement below.
 */
const CLAIM_OF_WELL: Statement = {
  name: "claim_deliveries_of_well_endpoints",
  text: `
    with claimed as (
      update webhook_deliveries d
      set status = 'IN_FLIGHT', tries = d.tries + 1, updated_at = now(),
        next_at = now() + ? * interval '1 millisecond'
      from (
        select q.merchant_id, q.id from (${lockKeys("webhook_deliveries", ["endpoint_id"])}) q
        join webhook_endpoints w on w.merchant_id = q.merchant_id and w.id = q.endpoint_id
        where q.next_at <= now() and q.status in ('SCHEDULED', 'RETRYING', 'IN_FLIGHT')
          and w.status = 'ENABLED' and w.breaker = 'CLOSED' and w.rate_limit is null
          and ${notHeld("q.merchant_id")}
      ) due
      where d.merchant_id = due.merchant_id and d.id = due.id
      returning d.merchant_id, d.id, d.event_id, d.endpoint_id, d.tries, d.tries_early,
        d.traceparent
    )
    ${SELECT_CLAIMED}`,
};

/*
 * Each delivery of an endpoint that is well is leased to the caller. Of an endpoint that is paused one is, when its
 * pause is over; the others are held, and so is what exceeds a second of the rate of one that has a rate, and all of a
 * merchant that is held. Those of an
 * endpoint that is disabled are paused, of one that is deleted discarded.
 *
 * Row writes: one for each delivery, and one for each endpoint whose pause is over.
 */
const CLAIM_OR_HOLD: Statement = {
  name: "claim_or_hold_deliveries",
  text: `
    with asked as materialized (
      select q.merchant_id, q.id, q.endpoint_id, w.status = 'ENABLED' as wanted,
        w.status = 'DELETED' as gone, w.breaker = 'CLOSED' and ${notHeld("q.merchant_id")} as well,
        w.paused_until <= now() and ${notHeld("q.merchant_id")} as may_be_back,
        w.rate_limit is null or w.rate_limit >= row_number() over (
          partition by q.merchant_id, q.endpoint_id order by q.id) as in_turn
      from (${lockKeys("webhook_deliveries", ["endpoint_id"])}) q
      join webhook_endpoints w on w.merchant_id = q.merchant_id and w.id = q.endpoint_id
      where q.next_at <= now() and q.status in ('SCHEDULED', 'RETRYING', 'IN_FLIGHT')
    ), let_out as (
      update webhook_endpoints w set ${LET_ONE_OUT}
      from (
        select distinct on (a.merchant_id, a.endpoint_id) a.merchant_id, a.endpoint_id, a.id
        from asked a where a.wanted and a.may_be_back order by a.merchant_id, a.endpoint_id, a.id
      ) a
      where w.merchant_id = a.merchant_id and w.id = a.endpoint_id and w.breaker <> 'CLOSED'
        and w.paused_until <= now()
      returning a.merchant_id, a.id
    ), changed as (
      update webhook_deliveries d
      set tries = d.tries + a.goes::int, updated_at = now(),
        status = case when a.goes then 'IN_FLIGHT'
          when a.gone then 'DISCARDED' when not a.wanted then 'PAUSED'
          when d.status = 'IN_FLIGHT' then 'RETRYING' else d.status end,
        next_at = case when a.goes then now() + ? * interval '1 millisecond'
          when a.wanted then timestamptz 'infinity' end
      from (
        select a.merchant_id, a.id, a.wanted, a.gone,
          a.wanted and (a.well and a.in_turn or l.id is not null) as goes
        from asked a left join let_out l on l.merchant_id = a.merchant_id and l.id = a.id
      ) a
      where d.merchant_id = a.merchant_id and d.id = a.id
      returning d.merchant_id, d.id, d.event_id, d.endpoint_id, d.tries, d.tries_early,
        d.traceparent, d.status
    ), claimed as (
      select * from changed where status = 'IN_FLIGHT'
    )
    ${SELECT_CLAIMED}
    union all
    select c.merchant_id, c.id, null, c.endpoint_id, null, null, null, null, null, null, null, null,
      null, null, null, null, null, null, null, null, null, null, null, null
    from changed c where c.status in ('SCHEDULED', 'RETRYING')`,
};

/** Those of these deliveries that are due, leased to the caller for `leaseMs`, and those that are held now. */
export async function claimDeliveries(
  db: Db,
  keys: readonly DeliveryKey[],
  leaseMs: number,
): Promise<Claimed> {
  const claimed = await run<ClaimedDelivery>(db, CLAIM_OF_WELL, [leaseMs, keysJson(keys)]);
  if (claimed.length === keys.length) return { deliveries: claimed, held: [] };
  const known = new Set(claimed.map(({ id }) => id));
  const others = keysJson(keys.filter(({ id }) => !known.has(id)));
  const rows = await run<ClaimedDelivery>(db, CLAIM_OR_HOLD, [others, leaseMs, leaseMs]);
  const isHeld = ({ eventId }: { eventId: string | null }): boolean => eventId === null;
  const deliveries = [...claimed, ...rows.filter((row) => !isHeld(row))];
  return { deliveries, held: rows.filter(isHeld) };
}

const FIND_OVERDUE: Statement = {
  name: "find_overdue_deliveries",
  text: `
    select d.merchant_id as "merchantId", d.id as "id", d.endpoint_id as "endpointId"
    from webhook_deliveries d
    where d.next_at <= now() - ? * interval '1 millisecond' order by d.next_at limit ?`,
};

/** Deliveries that no job seems to carry any more, and those whose worker died: due for longer than a job needs. */
export async function findOverdueDeliveries(
  db: Db,
  options: { readonly overdueMs: number; readonly limit: number },
): Promise<AddressedDelivery[]> {
  return run<AddressedDelivery>(db, FIND_OVERDUE, [options.overdueMs, options.limit]);
}
