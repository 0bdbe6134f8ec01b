import { type Db, type Statement, run } from "../db/db";
import { isRetryable } from "../db/errors";
import { setSizes } from "../observability/metrics";
import type { DeliveryKey, DeliveryStatus, ErrorClass } from "./delivery";
import { BREAKER } from "./endpoint-health";

/*
 * Guarantees: one statement records what came of a set of tries, keeps those that must be kept, and decides what
 * follows for their endpoints:
 *
 * - An endpoint that fails counts its failures. From so many in a row on, over so long, its breaker opens: what is
 *   planned for it or comes due is held, and one delivery is let out now and then to see whether it is back.
 * - An endpoint that answers after failures is well again (`recovered_at`): what waits for it is called up now
 *   (held-store.ts), however far off the next tries are. If this process dies before that, the sweeper sees to it.
 *
 * Row writes: one for each delivery. Besides: one for each try that is kept; and one for each endpoint that failed, or
 * had failed and answered. Deliveries that succeed at once, at an endpoint that was well when they were claimed, write
 * nothing else, look at nothing else, and have a statement of their own; should another process have heard a failure
 * meanwhile, the next success sees to it.
 */
export interface DeliveryRecord extends DeliveryKey {
  readonly endpointId: string;
  /** The try that this is the outcome of: an answer to an older one comes too late to count. */
  readonly tries: number;
  readonly status: Extract<DeliveryStatus, "SUCCEEDED" | "RETRYING" | "DEAD">;
  readonly statusCode: number | null;
  readonly errorClass: ErrorClass | null;
  readonly error: string | null;
  readonly responseBody: string | null;
  readonly durationMs: number;
  /** RETRYING: how long until the next try. */
  readonly dueInMs: number | null;
  /** How long the receiver asked us to wait. */
  readonly notBeforeMs: number | null;
  /** Whether the try is kept. */
  readonly isKept: boolean;
  /** Whether the endpoint was well when it was claimed. */
  readonly wasWell: boolean;
}

/** What a set of tries changed about an endpoint. */
export interface EndpointChange {
  readonly merchantId: string;
  readonly endpointId: string;
  /** It answered after failures. */
  readonly recovered: boolean;
  /** Its breaker opened just now. */
  readonly opened: boolean;
  readonly failures: number;
}

const IS_SAME_TROUBLE = `w.failed_at >= now() - ${BREAKER.forgetAfter}`;
const FAILS = `(case when ${IS_SAME_TROUBLE} then w.failures else 0 end + t.failed)`;
const FAILING_SINCE = `(case when ${IS_SAME_TROUBLE} then w.failing_since else now() end)`;

const RECORD: Statement = {
  name: "record_deliveries",
  text: `
    with given as materialized (
      select r.* from jsonb_to_recordset(?) as r (merchant_id text, id text, endpoint_id text,
        tries int, status text, status_code int, error_class text, error text, response_body text,
        duration_ms int, due_in_ms bigint, not_before_ms bigint, is_kept boolean)
      order by r.merchant_id, r.id
    ), told as materialized (
      select g.merchant_id, g.endpoint_id, bool_or(g.status = 'SUCCEEDED') as answered,
        count(*) filter (where g.status <> 'SUCCEEDED')::int as failed
      from given g group by g.merchant_id, g.endpoint_id
    ), judged as (
      update webhook_endpoints w
      set failures = case when t.answered then 0 else t.fails end,
        failing_since = case when not t.answered then t.failing_since end,
        failed_at = case when not t.answered then now() end,
        warnings = case when t.answered then 0 else w.warnings end,
        recovered_at = case when t.answered then now() else w.recovered_at end,
        breaker = case when t.answered then 'CLOSED' when t.opens then 'OPEN' else w.breaker end,
        paused_until = case when t.answered then null
          when t.opens and w.breaker <> 'OPEN' then now() + greatest(${BREAKER.pauseMin},
            least(${BREAKER.pauseMax}, (now() - t.failing_since) * ${BREAKER.pauseShare}))
          else w.paused_until end
      from (
        select t.*, w.breaker as breaker_before, ${FAILS} as fails,
          ${FAILING_SINCE} as failing_since,
          w.breaker <> 'CLOSED' or (${FAILS} >= ${BREAKER.failures}
            and ${FAILING_SINCE} <= now() - ${BREAKER.failingFor}) as opens
        from told t join webhook_endpoints w
          on w.merchant_id = t.merchant_id and w.id = t.endpoint_id and w.status = 'ENABLED'
        where not t.answered or w.failures > 0 or w.breaker <> 'CLOSED'
        order by w.merchant_id, w.id
      ) t
      where w.merchant_id = t.merchant_id and w.id = t.endpoint_id and w.status = 'ENABLED'
      returning w.merchant_id, w.id, t.answered, w.failures, w.breaker,
        w.breaker = 'OPEN' and t.breaker_before = 'CLOSED' as opened
    ), updated as (
      update webhook_deliveries d
      set status = case
          when r.due_in_ms is null or w.status = 'ENABLED' then r.status
          when w.status = 'DELETED' then 'DISCARDED' else 'PAUSED' end,
        status_code = r.status_code, error_class = r.error_class, error = r.error,
        response_body = case when d.response_erased is null then r.response_body end,
        duration_ms = r.duration_ms, updated_at = now(),
        not_before = now() + r.not_before_ms * interval '1 millisecond',
        next_at = case
          when w.status = 'ENABLED' and j.breaker = 'OPEN' and r.due_in_ms is not null
            then timestamptz 'infinity'
          when w.status = 'ENABLED' then now() + r.due_in_ms * interval '1 millisecond' end
      from given r
      join webhook_endpoints w on w.merchant_id = r.merchant_id and w.id = r.endpoint_id
      left join judged j on j.merchant_id = r.merchant_id and j.id = r.endpoint_id
      where d.merchant_id = r.merchant_id and d.id = r.id and d.status = 'IN_FLIGHT'
        and d.tries = r.tries
      returning d.merchant_id, d.id, d.response_body, r.is_kept
    ), kept as (
      insert into webhook_delivery_attempts (merchant_id, delivery_id, number, started_at,
        duration_ms, status_code, error_class, error, response_body)
      select g.merchant_id, g.id, g.tries, now() - g.duration_ms * interval '1 millisecond',
        g.duration_ms, g.status_code, g.error_class, g.error, u.response_body
      from given g left join updated u on u.merchant_id = g.merchant_id and u.id = g.id
      where g.is_kept
      on conflict do nothing
    )
    select j.merchant_id as "merchantId", j.id as "endpointId", j.answered as "recovered",
      j.opened as "opened", j.failures as "failures"
    from judged j`,
};

const RECORD_SUCCESSES: Statement = {
  name: "record_successful_deliveries",
  text: `
    update webhook_deliveries d
    set status = 'SUCCEEDED', status_code = r.status_code, error_class = null, error = null,
      response_body = case when d.response_erased is null then r.response_body end,
      duration_ms = r.duration_ms, updated_at = now(), next_at = null
    from (
      select r.* from jsonb_to_recordset(?) as r (merchant_id text, id text, tries int,
        status_code int, response_body text, duration_ms int)
      order by r.merchant_id, r.id
    ) r
    where d.merchant_id = r.merchant_id and d.id = r.id and d.status = 'IN_FLIGHT'
      and d.tries = r.tries`,
};

/** What changed about the endpoint of each record, in order; nothing where nothing did. */
export async function recordDeliveries(
  db: Db,
  records: readonly DeliveryRecord[],
): Promise<(EndpointChange | undefined)[]> {
  setSizes.observe({ operation: "recordDelivery" }, records.length);
  const isPlain = ({ status, isKept, wasWell }: DeliveryRecord): boolean =>
    status === "SUCCEEDED" && !isKept && wasWell;
  const plain = records.filter(isPlain);
  const others = records.filter((record) => !isPlain(record));
  const [changes] = await Promise.all([recordAll(db, others), recordSuccesses(db, plain)]);
  if (changes.length === 0) return records.map(() => undefined);
  const byEndpoint = new Map(changes.map((change) => [change.endpointId, change]));
  return records.map(({ endpointId }) => byEndpoint.get(endpointId));
}

async function recordSuccesses(db: Db, records: readonly DeliveryRecord[]): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map((record) => ({
    merchant_id: record.merchantId,
    id: record.id,
    tries: record.tries,
    status_code: record.statusCode,
    response_body: record.responseBody,
    duration_ms: record.durationMs,
  }));
  await run(db, RECORD_SUCCESSES, [JSON.stringify(rows)]);
}

async function recordAll(db: Db, records: readonly DeliveryRecord[]): Promise<EndpointChange[]> {
  if (records.length === 0) return [];
  const rows = records.map((record) => ({
    merchant_id: record.merchantId,
    id: record.id,
    endpoint_id: record.endpointId,
    tries: record.tries,
    status: record.status,
    status_code: record.statusCode,
    error_class: record.errorClass,
    error: record.error,
    response_body: record.responseBody,
    duration_ms: record.durationMs,
    due_in_ms: record.dueInMs,
    not_before_ms: record.notBeforeMs,
    is_kept: record.isKept,
  }));
  return runTwice(db, JSON.stringify(rows));
}

/** Claims lock a delivery before its endpoint, this does the opposite: of two that wait for each other one is ended. */
async function runTwice(db: Db, rows: string): Promise<EndpointChange[]> {
  try {
    return await run<EndpointChange>(db, RECORD, [rows]);
  } catch (error) {
    if (!isRetryable(error)) throw error;
    return run<EndpointChange>(db, RECORD, [rows]);
  }
}
