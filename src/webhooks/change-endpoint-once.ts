import type { Statement } from "../db/db";
import { type StoredFailure, wrongState } from "../failures";
import {
  type Change,
  type ChangeCommand,
  type Changer,
  type ChangesTable,
  changeOnce,
  changeOperation,
} from "../idempotency/change-once";
import type { OnceOutcome } from "../idempotency/execution";
import type { KeyedOperation } from "../idempotency/keys";
import type { WebhookEndpoint } from "./delivery";
import { ENDPOINT_COLUMNS, lockEndpoint } from "./endpoint-store";

/**
 * The path of every change of an endpoint that exists: its guarantees and cost are those of `changeOnce`. What does not
 * exist, or was deleted, is NOT_FOUND.
 */

export interface EndpointCommand extends ChangeCommand {
  readonly webhookEndpointId: string;
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

export const ENDPOINT_CHANGES: ChangesTable = {
  find: FIND_BY_KEY,
  insert: INSERT,
  spentKey: "webhook_endpoint_changes_spent_key",
};

export const ENDPOINT = "webhook endpoint";

export function endpointOperation<Beside = undefined>(
  name: string,
): KeyedOperation<WebhookEndpoint, Beside> {
  return changeOperation<WebhookEndpoint, Beside>(ENDPOINT_CHANGES, name);
}

export async function changeEndpointOnce<Beside = undefined>(
  needs: Changer,
  { webhookEndpointId: id, ...command }: EndpointCommand,
  change: Change<WebhookEndpoint, Beside>,
): Promise<OnceOutcome<WebhookEndpoint, Beside>> {
  const endpoint = { id, idName: "webhookEndpointId", object: ENDPOINT };
  const of = { ...endpoint, table: ENDPOINT_CHANGES, lock: lockEndpoint };
  return changeOnce<WebhookEndpoint, Beside>(needs, command, { ...of, ...change });
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
