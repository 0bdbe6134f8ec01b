import { keysJson, lockKeys } from "../db/claim-keys";
import { type Db, type Statement, run } from "../db/db";
import { SEALED_PART, type SealedPart, joinPersonalKey } from "../events/personal-data";
import { END_COLUMNS } from "./dead-letter";
import type { DeliveryKey, DeliveryStatus } from "./delivery";

/** Every statement that plans, claims and records deliveries. Lists are in list-deliveries.ts. */

export const DELIVERY_COLUMNS = `
  d.id as "id", d.event_id as "eventId", d.endpoint_id as "endpointId", d.status as "status",
  d.tries as "tries", iso(d.next_at) as "nextAt", d.status_code as "statusCode", d.error as "error",
  d.response_body as "responseBody", d.duration_ms as "durationMs", d.replay_of as "replayOf",
  iso(d.created_at) as "createdAt", iso(d.updated_at) as "updatedAt", ${END_COLUMNS}`;

/*
 * One delivery for each event and each endpoint that wants it. The id is made of both, so that an event planned
 * twice (its relay died) has its deliveries once; they are all returned, to be published again.
 */
const PLAN: Statement = {
  name: "plan_deliveries",
  text: `
    with planned as materialized (
      select e.merchant_id, 'whd_' || substr(e.id, 5, 10) || substr(md5(e.id || w.id), 1, 16) as id,
        e.id as event_id, w.id as endpoint_id
      from jsonb_to_recordset(?) as m (merchant_id text, event_id text)
      join webhook_endpoints w on w.merchant_id = m.merchant_id and w.status <> 'DELETED'
      join events e on e.merchant_id = m.merchant_id and e.id = m.event_id
      where cardinality(w.event_types) = 0 or e.type = any(w.event_types)
    ), inserted as (
      insert into webhook_deliveries (merchant_id, id, event_id, endpoint_id, status, next_at)
      select p.merchant_id, p.id, p.event_id, p.endpoint_id,
        case w.status when 'ENABLED' then 'SCHEDULED' else 'PAUSED' end,
        case w.status when 'ENABLED' then now() end
      from planned p join webhook_endpoints w on w.merchant_id = p.merchant_id
        and w.id = p.endpoint_id
      order by p.merchant_id, p.id
      on conflict do nothing
    )
    select merchant_id as "merchantId", id as "id" from planned order by id`,
};

export async function planDeliveries(
  db: Db,
  events: readonly { readonly merchantId: string; readonly eventId: string }[],
): Promise<DeliveryKey[]> {
  if (events.length === 0) return [];
  const rows = events.map(({ merchantId, eventId }) => ({
    merchant_id: merchantId,
    event_id: eventId,
  }));
  return run<DeliveryKey>(db, PLAN, [JSON.stringify(rows)]);
}

/** What a worker needs to post a delivery. */
export interface ClaimedDelivery extends DeliveryKey, SealedPart {
  readonly eventId: string;
  readonly endpointId: string;
  readonly tries: number;
  readonly url: string;
  /** Sealed; see src/security/secrets.ts. */
  readonly secret: Buffer;
  readonly type: string;
  readonly apiVersion: string;
  readonly createdAt: string;
  readonly sequence: number | null;
  /** JSON text, exactly as the event stored it: without what is sealed beside it. */
  readonly object: string;
}

const CLAIM: Statement = {
  name: "claim_deliveries",
  text: `
    with claimed as (
      update webhook_deliveries d
      set status = 'IN_FLIGHT', tries = d.tries + 1, next_at = now() + ? * interval '1 millisecond',
        updated_at = now()
      from (
        select q.merchant_id, q.id from (${lockKeys("webhook_deliveries")}) q
        where q.next_at <= now() and q.status in ('SCHEDULED', 'RETRYING', 'IN_FLIGHT')
      ) due
      where d.merchant_id = due.merchant_id and d.id = due.id
      returning d.merchant_id, d.id, d.event_id, d.endpoint_id, d.tries
    )
    select c.merchant_id as "merchantId", c.id as "id", c.event_id as "eventId",
      c.endpoint_id as "endpointId", c.tries as "tries", w.url as "url", w.secret as "secret",
      e.type as "type", e.api_version as "apiVersion", iso(e.created_at) as "createdAt",
      e.sequence as "sequence", e.object::text as "object", ${SEALED_PART}
    from claimed c
    join events e on e.merchant_id = c.merchant_id and e.id = c.event_id
    ${joinPersonalKey()}
    join webhook_endpoints w on w.merchant_id = c.merchant_id and w.id = c.endpoint_id`,
};

/** Those of these deliveries that are due, leased to the caller for `leaseMs`. */
export async function claimDeliveries(
  db: Db,
  keys: readonly DeliveryKey[],
  leaseMs: number,
): Promise<ClaimedDelivery[]> {
  return run<ClaimedDelivery>(db, CLAIM, [leaseMs, keysJson(keys)]);
}

export interface DeliveryRecord extends DeliveryKey {
  readonly endpointId: string;
  /** The try that this is the outcome of: an answer to an older one comes too late to count. */
  readonly tries: number;
  readonly status: Extract<DeliveryStatus, "SUCCEEDED" | "RETRYING" | "DEAD">;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly responseBody: string | null;
  readonly durationMs: number;
  /** RETRYING: how long until the next try. */
  readonly dueInMs: number | null;
}

const RECORD: Statement = {
  name: "record_deliveries",
  text: `
    update webhook_deliveries d
    set status = case
        when r.due_in_ms is not null and w.status <> 'ENABLED' then 'PAUSED' else r.status end,
      status_code = r.status_code, error = r.error,
      response_body = case when d.response_erased is null then r.response_body end,
      duration_ms = r.duration_ms, updated_at = now(),
      next_at = case
        when w.status = 'ENABLED' then now() + r.due_in_ms * interval '1 millisecond' end
    from webhook_endpoints w, (
      select r.* from jsonb_to_recordset(?) as r (merchant_id text, id text, tries int, status text,
        status_code int, error text, response_body text, duration_ms int, due_in_ms bigint)
      order by r.merchant_id, r.id
    ) r
    where d.merchant_id = r.merchant_id and d.id = r.id and d.status = 'IN_FLIGHT'
      and d.tries = r.tries
      and w.merchant_id = d.merchant_id and w.id = d.endpoint_id`,
};

export async function recordDeliveries(db: Db, records: readonly DeliveryRecord[]): Promise<void> {
  const rows = records.map((record) => ({
    merchant_id: record.merchantId,
    id: record.id,
    tries: record.tries,
    status: record.status,
    status_code: record.statusCode,
    error: record.error,
    response_body: record.responseBody,
    duration_ms: record.durationMs,
    due_in_ms: record.dueInMs,
  }));
  await run(db, RECORD, [JSON.stringify(rows)]);
}

const FIND_OVERDUE: Statement = {
  name: "find_overdue_deliveries",
  text: `
    select d.merchant_id as "merchantId", d.id as "id" from webhook_deliveries d
    where d.next_at <= now() - ? * interval '1 millisecond' order by d.next_at limit ?`,
};

/** Deliveries that no job seems to carry any more, and those whose worker died: due for longer than a job needs. */
export async function findOverdueDeliveries(
  db: Db,
  options: { readonly overdueMs: number; readonly limit: number },
): Promise<DeliveryKey[]> {
  return run<DeliveryKey>(db, FIND_OVERDUE, [options.overdueMs, options.limit]);
}

const DISABLE: Statement = {
  name: "disable_webhook_endpoint",
  text: `
    with disabled as (
      update webhook_endpoints set status = 'DISABLED', disabled_reason = ?, updated_at = now()
      where merchant_id = ? and id = ? and status = 'ENABLED' returning merchant_id, id
    )
    update webhook_deliveries d set status = 'PAUSED', next_at = null, updated_at = now()
    from disabled w
    where d.merchant_id = w.merchant_id and d.endpoint_id = w.id and d.next_at is not null
      and d.status in ('SCHEDULED', 'RETRYING')`,
};

/** A receiver that answers 410 Gone wants no more events: what is on its way to it is held back. */
export async function disableEndpoint(
  db: Db,
  endpoint: { readonly merchantId: string; readonly id: string; readonly reason: string },
): Promise<void> {
  await run(db, DISABLE, [endpoint.reason, endpoint.merchantId, endpoint.id]);
}
