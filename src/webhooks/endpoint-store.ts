import { type Db, type Statement, type Tx, run } from "../db/db";
import type { Pace, WebhookEndpoint } from "./delivery";

/** Webhook endpoints: how one is written, locked and changed, and found by the key that it keeps for ever. */

export const ENDPOINT_COLUMNS = `
  w.id as "id", w.url as "url", w.description as "description", w.event_types as "eventTypes",
  w.metadata as "metadata", w.rate_limit as "ratePerSecond", w.timeout_ms as "timeoutMs",
  w.concurrency as "concurrency", w.ordered as "ordered", w.api_version as "apiVersion",
  w.status as "status",
  w.disabled_reason as "disabledReason", iso(w.disabled_at) as "disabledAt",
  case when w.proven_url = w.url then iso(w.proven_at) end as "verifiedAt",
  case when w.status = 'PENDING' then w.challenge_error end as "verificationError",
  w.secret_hint as "secretHint",
  case when w.old_secret_until > now() then w.old_secret_hint end as "previousSecretHint",
  case when w.old_secret_until > now() then iso(w.old_secret_until) end
    as "previousSecretExpiresAt",
  iso(w.created_at) as "createdAt", iso(w.updated_at) as "updatedAt"`;

export interface NewEndpoint extends Pace {
  readonly merchantId: string;
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  readonly eventTypes: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly ordered: boolean;
  readonly apiVersion: string;
  readonly status: "PENDING" | "ENABLED";
  /** Sealed; see src/security/secrets.ts. */
  readonly secret: Buffer;
  readonly secretHint: string;
  readonly key: string;
}

const INSERT: Statement = {
  name: "insert_webhook_endpoint",
  text: `
    insert into webhook_endpoints as w (merchant_id, id, url, description, event_types, metadata,
      rate_limit, timeout_ms, concurrency, ordered, api_version, status, challenge_at, secret,
      secret_hint, idempotency_key)
    values (?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?, ?, case when ? then now() end, ?, ?, ?)
    returning ${ENDPOINT_COLUMNS}`,
};

export async function insertEndpoint(tx: Tx, endpoint: NewEndpoint): Promise<WebhookEndpoint> {
  const [row] = await run<WebhookEndpoint>(tx, INSERT, [
    endpoint.merchantId,
    endpoint.id,
    endpoint.url,
    endpoint.description,
    endpoint.eventTypes,
    JSON.stringify(endpoint.metadata),
    endpoint.ratePerSecond,
    endpoint.timeoutMs,
    endpoint.concurrency,
    endpoint.ordered,
    endpoint.apiVersion,
    endpoint.status,
    endpoint.status === "PENDING",
    endpoint.secret,
    endpoint.secretHint,
    endpoint.key,
  ]);
  return row as WebhookEndpoint;
}

const FIND_BY_KEY: Statement = {
  name: "find_webhook_endpoint_by_key",
  text: `
    select ${ENDPOINT_COLUMNS} from webhook_endpoints w
    where w.merchant_id = ? and w.idempotency_key = ?`,
};

/** What createWebhookEndpoint made under a key. */
export async function findEndpointByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<WebhookEndpoint | undefined> {
  const [row] = await run<WebhookEndpoint>(db, FIND_BY_KEY, [merchantId, key]);
  return row;
}

const LOCK: Statement = {
  name: "lock_webhook_endpoint",
  text: `
    select ${ENDPOINT_COLUMNS} from webhook_endpoints w
    where w.merchant_id = ? and w.id = ? and w.status <> 'DELETED' for update`,
};

/** As it stands until the transaction ends; undefined when there is none, or it was deleted. */
export async function lockEndpoint(
  tx: Tx,
  merchantId: string,
  id: string,
): Promise<WebhookEndpoint | undefined> {
  const [row] = await run<WebhookEndpoint>(tx, LOCK, [merchantId, id]);
  return row;
}

const UPDATE: Statement = {
  name: "update_webhook_endpoint",
  text: `
    update webhook_endpoints w
    set url = ?, description = ?, event_types = ?, metadata = ?::jsonb, rate_limit = ?,
      timeout_ms = ?, concurrency = ?, ordered = ?, updated_at = now(),
      status = case when asked.again then 'PENDING' else w.status end,
      challenge_at = case when asked.again then now() else w.challenge_at end,
      challenges = case when asked.again then 0 else w.challenges end,
      challenge_error = case when asked.again then null else w.challenge_error end
    from (select ?::bool as again) asked
    where w.merchant_id = ? and w.id = ? returning ${ENDPOINT_COLUMNS}`,
};

type Changeable = Pace &
  Pick<WebhookEndpoint, "id" | "url" | "description" | "eventTypes" | "metadata" | "ordered">;

/** Of one that is locked. */
export async function updateEndpoint(
  tx: Tx,
  merchantId: string,
  endpoint: Changeable & {
    /** Whether it must echo a challenge before it gets anything more. */
    readonly isAsked: boolean;
  },
): Promise<WebhookEndpoint> {
  const { id, url, description, eventTypes, metadata, isAsked } = endpoint;
  const { ratePerSecond, timeoutMs, concurrency, ordered } = endpoint;
  const set = [url, description, eventTypes, JSON.stringify(metadata)];
  const pace = [ratePerSecond, timeoutMs, concurrency, ordered ?? false];
  const [row] = await run<WebhookEndpoint>(tx, UPDATE, [...set, ...pace, isAsked, merchantId, id]);
  return row as WebhookEndpoint;
}

const SET_STATUS: Statement = {
  name: "set_webhook_endpoint_status",
  // A trigger says since when, and that its deliveries have to follow. Trouble from before does not count any more.
  text: `
    update webhook_endpoints w
    set status = asked.status, disabled_reason = ?, updated_at = now(),
      challenge_at = case when asked.status = 'PENDING' then now() end, challenges = 0,
      challenge_error = null,
      catch_up_from = coalesce(?::timestamptz, case when ? then now() end),
      failures = 0, failing_since = null, failed_at = null, warnings = 0, recovered_at = null,
      breaker = 'CLOSED', paused_until = null
    from (select ?::text as status) asked
    where w.merchant_id = ? and w.id = ? returning ${ENDPOINT_COLUMNS}`,
};

export interface NewStatus {
  readonly status: WebhookEndpoint["status"];
  readonly reason?: string | null;
  /** ENABLED or PENDING: what was made before this moment, or "now", and was paused is discarded; absent: nothing is. */
  readonly catchUpFrom?: string | null;
}

/** Of one that is locked. */
export async function setStatus(
  tx: Tx,
  endpoint: { readonly merchantId: string; readonly id: string },
  { status, reason = null, catchUpFrom = null }: NewStatus,
): Promise<WebhookEndpoint> {
  const fromNow = catchUpFrom === "now";
  const [row] = await run<WebhookEndpoint>(tx, SET_STATUS, [
    reason,
    fromNow ? null : catchUpFrom,
    fromNow,
    status,
    endpoint.merchantId,
    endpoint.id,
  ]);
  return row as WebhookEndpoint;
}

const ROTATE: Statement = {
  name: "rotate_webhook_secret",
  text: `
    update webhook_endpoints w
    set secret = ?, secret_hint = ?, updated_at = now(),
      old_secret = case when o.seconds > 0 then w.secret end,
      old_secret_hint = case when o.seconds > 0 then w.secret_hint end,
      old_secret_until = case when o.seconds > 0 then now() + o.seconds * interval '1 second' end
    from (select ?::int as seconds) o
    where w.merchant_id = ? and w.id = ? returning ${ENDPOINT_COLUMNS}`,
};

export interface NewSecret {
  /** Sealed; see src/security/secrets.ts. */
  readonly secret: Buffer;
  readonly secretHint: string;
  /** How long the present one signs as well; 0: it is destroyed at once. */
  readonly overlapSeconds: number;
}

/** Of one that is locked. */
export async function replaceSecret(
  tx: Tx,
  endpoint: { readonly merchantId: string; readonly id: string },
  { secret, secretHint, overlapSeconds }: NewSecret,
): Promise<WebhookEndpoint> {
  const { merchantId, id } = endpoint;
  const bindings = [secret, secretHint, overlapSeconds, merchantId, id];
  const [row] = await run<WebhookEndpoint>(tx, ROTATE, bindings);
  return row as WebhookEndpoint;
}

// From an index that holds the few that are being rotated.
const DESTROY: Statement = {
  name: "destroy_old_webhook_secrets",
  text: `
    update webhook_endpoints w
    set old_secret = null, old_secret_hint = null, old_secret_until = null
    from (
      select merchant_id, id from webhook_endpoints where old_secret_until <= now()
      order by old_secret_until limit ? for update skip locked
    ) over
    where w.merchant_id = over.merchant_id and w.id = over.id returning w.id as "id"`,
};

/** Once a minute: old secrets whose overlap is over. They have signed nothing since. */
export async function destroyOldSecrets(
  db: Db,
  { limit }: { readonly limit: number },
): Promise<number> {
  return (await run(db, DESTROY, [limit])).length;
}

const LOCK_ENDPOINTS: Statement = {
  name: "lock_webhook_endpoints",
  text: "select pg_advisory_xact_lock(hashtextextended('webhook_endpoints ' || ?, 0))",
};

const COUNT_ENDPOINTS: Statement = {
  name: "count_webhook_endpoints",
  text: `
    select count(*) as "count"
    from (
      select from webhook_endpoints where merchant_id = ? and status <> 'DELETED' limit ?
    ) counted`,
};

/** Of a merchant that adds none while this transaction is open, and no more of them than `max`. */
export async function countEndpoints(tx: Tx, merchantId: string, max: number): Promise<number> {
  // Statements of their own: what was committed while the lock was waited for must be seen.
  await run(tx, LOCK_ENDPOINTS, [merchantId]);
  const [row] = await run<{ count: number }>(tx, COUNT_ENDPOINTS, [merchantId, max]);
  return row?.count ?? 0;
}
