import { type Db, type Statement, type Tx, run } from "../db/db";
import type { WebhookEndpoint } from "./delivery";

/** Webhook endpoints: how one is written, and found by the key that it keeps for ever. */

export const ENDPOINT_COLUMNS = `
  w.id as "id", w.url as "url", w.description as "description", w.event_types as "eventTypes",
  w.status as "status", iso(w.created_at) as "createdAt", iso(w.updated_at) as "updatedAt"`;

export interface NewEndpoint {
  readonly merchantId: string;
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  readonly eventTypes: readonly string[];
  /** Sealed; see src/security/secrets.ts. */
  readonly secret: Buffer;
  readonly key: string;
}

const INSERT: Statement = {
  name: "insert_webhook_endpoint",
  text: `
    insert into webhook_endpoints as w
      (merchant_id, id, url, description, event_types, secret, idempotency_key)
    values (?, ?, ?, ?, ?, ?, ?) returning ${ENDPOINT_COLUMNS}`,
};

export async function insertEndpoint(tx: Tx, endpoint: NewEndpoint): Promise<WebhookEndpoint> {
  const [row] = await run<WebhookEndpoint>(tx, INSERT, [
    endpoint.merchantId,
    endpoint.id,
    endpoint.url,
    endpoint.description,
    endpoint.eventTypes,
    endpoint.secret,
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
