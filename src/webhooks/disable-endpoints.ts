import { type Db, type Statement, run } from "../db/db";
import { API_VERSION, type EventType } from "../events/event-types";
import { newId } from "../ids";
import { notHeld } from "../merchants/not-held";
import type { Log } from "../observability/log";
import type { EndpointKey } from "./delivery";
import { DISABLED_AFTER_HOURS, WARNED_AFTER_HOURS } from "./endpoint-health";
import { followEndpoint } from "./follow-endpoint";

/*
 * Guarantees: an endpoint that is disabled says why, its merchant's other endpoints and its feed hear of it in the same
 * commit, and what was on its way there is paused: nothing is lost, and nothing more is sent. Before one is disabled
 * because it does nothing but fail, its merchant has been warned several times.
 */
interface Needs {
  readonly db: Db;
  readonly log: Log;
  readonly wakeRelay: () => void;
}

// How the trouble stands is told with the event, from the row as it was before.
const SNAPSHOT = `
  json_build_object(
    'id', w.id, 'object', 'webhook_endpoint', 'url', w.url, 'description', w.description,
    'eventTypes', w.event_types, 'metadata', w.metadata, 'apiVersion', w.api_version,
    'status', w.status, 'disabledReason', w.disabled_reason,
    'failures', t.failures, 'failingSince', iso(t.failing_since), 'disablesAt', iso(t.disables_at),
    'createdAt', iso(w.created_at), 'updatedAt', iso(w.updated_at))`;

/** From `changed`, endpoints `w` with their trouble `t`: an event of each, for the feed and for the relay. */
const TELL = `
    told as (
      insert into events (merchant_id, id, type, api_version, subject_id, object)
      select c.merchant_id, c.event_id, ?, '${API_VERSION}', c.id, c.object from changed c
      returning merchant_id, id
    ), announced as (
      insert into outbox (merchant_id, event_id) select merchant_id, id from told
    )
    select merchant_id as "merchantId", id as "id" from changed`;

const DISABLE: Statement = {
  name: "disable_webhook_endpoint",
  text: `
    with asked as materialized (
      select w.merchant_id, w.id, ?::text as event_id, w.failures, w.failing_since,
        null::timestamptz as disables_at
      from webhook_endpoints w
      where w.merchant_id = ? and w.id = ? and w.status = 'ENABLED'
      for update
    ), changed as (
      update webhook_endpoints w
      set status = 'DISABLED', disabled_reason = ?, updated_at = now(), failures = 0,
        failing_since = null, failed_at = null, warnings = 0, recovered_at = null,
        breaker = 'CLOSED', paused_until = null
      from asked t
      where w.merchant_id = t.merchant_id and w.id = t.id
      returning w.merchant_id, w.id, t.event_id, ${SNAPSHOT} as object
    ), ${TELL}`,
};

/** Does nothing when it is not enabled. */
export async function disableEndpoint(
  { db, log, wakeRelay }: Needs,
  endpoint: EndpointKey & { readonly reason: string },
): Promise<void> {
  const { merchantId, id, reason } = endpoint;
  const type: EventType = "webhook_endpoint.disabled";
  const disabled = await run(db, DISABLE, [newId("event"), merchantId, id, reason, type]);
  if (disabled.length > 0) {
    log.warn({ merchantId, endpointId: id, reason }, "a webhook endpoint is disabled");
    wakeRelay();
  }
  // The first of what waited for it; the sweeper goes on.
  await followEndpoint(db, endpoint);
}

/*
 * From an index that holds the endpoints that fail at present. What counts is that failures were heard over so long:
 * an endpoint that failed once and got nothing since has done nothing wrong.
 */
const FIND_HOPELESS: Statement = {
  name: "find_hopeless_webhook_endpoints",
  text: `
    select w.merchant_id as "merchantId", w.id as "id" from webhook_endpoints w
    where w.failing_since <= now() - ? * interval '1 hour' and w.status = 'ENABLED'
      and w.failed_at >= w.failing_since + ? * interval '1 hour'
      and ${notHeld("w.merchant_id")}
    order by w.failing_since limit ?`,
};

const WARN: Statement = {
  name: "warn_of_failing_webhook_endpoints",
  text: `
    with asked as materialized (
      select w.merchant_id, w.id, ?::text as event_id, w.failures, w.failing_since,
        w.failing_since + ? * interval '1 hour' as disables_at, due.warnings
      from webhook_endpoints w
      cross join lateral (
        select count(*)::int as warnings from unnest(?::int[]) as hours
        where w.failed_at >= w.failing_since + hours * interval '1 hour'
      ) due
      where w.failing_since is not null and w.status = 'ENABLED' and w.warnings < due.warnings
        and ${notHeld("w.merchant_id")}
      order by w.failing_since limit 1 for update of w skip locked
    ), changed as (
      update webhook_endpoints w set warnings = t.warnings
      from asked t
      where w.merchant_id = t.merchant_id and w.id = t.id
      returning w.merchant_id, w.id, t.event_id, ${SNAPSHOT} as object
    ), ${TELL}`,
};

const LIMIT = 200;
const DISABLED_BECAUSE = `it did nothing but fail for ${String(DISABLED_AFTER_HOURS / 24)} days`;

export interface Judged {
  readonly warned: number;
  readonly disabled: number;
}

/** Once a minute: warns of endpoints that keep failing, and disables those that have for too long. */
export async function judgeEndpoints(needs: Needs): Promise<Judged> {
  const hours = DISABLED_AFTER_HOURS;
  const hopeless = await run<EndpointKey>(needs.db, FIND_HOPELESS, [hours, hours, LIMIT]);
  for (const endpoint of hopeless) {
    await disableEndpoint(needs, { ...endpoint, reason: DISABLED_BECAUSE });
  }
  let warned = 0;
  while (warned < LIMIT && (await warnOfOne(needs))) warned += 1;
  return { warned, disabled: hopeless.length };
}

/** Of the one that has failed longest, if it is due. */
async function warnOfOne({ db, log, wakeRelay }: Needs): Promise<boolean> {
  const type: EventType = "webhook_endpoint.failing";
  const bindings = [newId("event"), DISABLED_AFTER_HOURS, WARNED_AFTER_HOURS, type];
  const [warned] = await run<EndpointKey>(db, WARN, bindings);
  if (!warned) return false;
  const { merchantId, id } = warned;
  log.warn({ merchantId, endpointId: id }, "a webhook endpoint keeps failing");
  wakeRelay();
  return true;
}
