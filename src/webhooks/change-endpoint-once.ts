import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import { type StoredFailure, wrongState } from "../failures";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Made } from "../idempotency/keys";
import type { OnceOutcome } from "../idempotency/execution";
import { once } from "../idempotency/once";
import type { SecretBox } from "../security/secrets";
import type { WebhookEndpoint } from "./delivery";
import { ENDPOINT_COLUMNS, lockEndpoint } from "./endpoint-store";

/*
 * The path of every change of an endpoint that exists.
 *
 * Guarantees: the endpoint is locked before anything is decided about it, so of two changes at the same time the second
 * sees what the first did. A change keeps its key for ever: when the key's record has expired, a late repeat finds it
 * here, and changes nothing a second time. What does not exist, or was deleted, is NOT_FOUND.
 *
 * Cost: what `once` costs, and three round trips: the lock, the change, and the row that keeps the key.
 */

/** Who asks, and under which key. */
export interface EndpointCommand {
  readonly merchantId: string;
  readonly key: string;
  readonly webhookEndpointId: string;
  readonly audit?: AuditedWrite | undefined;
}

type Changed<Beside> =
  | { readonly failure: StoredFailure }
  | { readonly result: WebhookEndpoint; readonly secret?: Beside };

export interface EndpointChange<Beside> {
  readonly operation: KeyedOperation<WebhookEndpoint, Beside>;
  /** What is asked for, beside the endpoint's id. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly change: (tx: Tx, endpoint: WebhookEndpoint) => Promise<Changed<Beside>>;
  readonly secrets?: SecretBox;
}

const FIND_BY_KEY: Statement = {
  name: "find_webhook_endpoint_change",
  text: `
    select ${ENDPOINT_COLUMNS}, encode(c.fingerprint, 'hex') as "fingerprint",
      iso(c.created_at) as "firstSeenAt"
    from webhook_endpoint_changes c
    join webhook_endpoints w on w.merchant_id = c.merchant_id and w.id = c.endpoint_id
    where c.merchant_id = ? and c.operation = ? and c.idempotency_key = ?`,
};

const INSERT: Statement = {
  name: "insert_webhook_endpoint_change",
  text: `
    insert into webhook_endpoint_changes
      (merchant_id, operation, idempotency_key, endpoint_id, fingerprint)
    values (?, ?, ?, ?, decode(?, 'hex'))`,
};

interface KeptChange {
  readonly merchantId: string;
  readonly operation: string;
  readonly key: string;
  readonly endpointId: string;
  readonly fingerprint: string;
}

export async function keepChange(tx: Tx, change: KeptChange): Promise<void> {
  const { merchantId, operation, key, endpointId, fingerprint: print } = change;
  await run(tx, INSERT, [merchantId, operation, key, endpointId, print]);
}

/** What was done under a key: the endpoint as it stands now, and what was asked for. */
export async function findChange(
  db: Db,
  name: { readonly merchantId: string; readonly operation: string; readonly key: string },
): Promise<Made<WebhookEndpoint, never> | undefined> {
  type Row = WebhookEndpoint & { readonly fingerprint: string; readonly firstSeenAt: string };
  const [row] = await run<Row>(db, FIND_BY_KEY, [name.merchantId, name.operation, name.key]);
  if (!row) return undefined;
  const { fingerprint: print, firstSeenAt, ...result } = row;
  return { firstSeenAt, result, fingerprint: print };
}

export function endpointOperation<Beside = undefined>(
  name: string,
): KeyedOperation<WebhookEndpoint, Beside> {
  return {
    name,
    findMade: (db, merchantId, key) => findChange(db, { merchantId, operation: name, key }),
    spentKey: "webhook_endpoint_changes_spent_key",
  };
}

/** What changing an endpoint needs. */
export interface EndpointChanger {
  readonly db: Db;
  readonly replays: ReplayCache;
}

export async function changeEndpointOnce<Beside = undefined>(
  { db, replays }: EndpointChanger,
  command: EndpointCommand,
  { operation, input, change, secrets }: EndpointChange<Beside>,
): Promise<OnceOutcome<WebhookEndpoint, Beside>> {
  const { merchantId, key, webhookEndpointId: id, audit } = command;
  const print = fingerprint(operation.name, { webhookEndpointId: id, ...input }).toString("hex");
  return once<WebhookEndpoint, Beside>(
    db,
    { merchantId, key, fingerprint: print, audit, replays },
    {
      operation,
      execute: async (tx) => {
        const endpoint = await lockEndpoint(tx, merchantId, id);
        if (!endpoint) return notFound(id);
        const changed = await change(tx, endpoint);
        if ("failure" in changed) return changed;
        const { name } = operation;
        await keepChange(tx, {
          merchantId,
          operation: name,
          key,
          endpointId: id,
          fingerprint: print,
        });
        return changed;
      },
      isSame: (made) => made.fingerprint === print,
      ...(secrets && { secrets }),
    },
  );
}

export function notFound(id: string): { readonly failure: StoredFailure } {
  return { failure: { code: "NOT_FOUND", details: { object: "webhook endpoint", id } } };
}

/** What may be done with an endpoint, by its status. */
const ALLOWED: Readonly<Record<WebhookEndpoint["status"], readonly string[]>> = {
  PENDING: ["UPDATE", "ENABLE", "DISABLE", "DELETE", "ROTATE_SECRET"],
  ENABLED: ["UPDATE", "DISABLE", "DELETE", "ROTATE_SECRET", "SEND_TEST"],
  DISABLED: ["UPDATE", "ENABLE", "DELETE", "ROTATE_SECRET"],
  DELETED: [],
};

const IT_IS: Readonly<Record<WebhookEndpoint["status"], string>> = {
  PENDING: "It has yet to echo its challenge.",
  ENABLED: "It is enabled.",
  DISABLED: "It is disabled.",
  DELETED: "It was deleted.",
};

export function refuseEndpoint(
  { id, status }: Pick<WebhookEndpoint, "id" | "status">,
  /** Where it is not the status that forbids it. */
  instead: { readonly currentState: string; readonly because: string } = {
    currentState: status,
    because: IT_IS[status],
  },
): StoredFailure {
  return wrongState({ id, allowedActions: ALLOWED[status], ...instead });
}
