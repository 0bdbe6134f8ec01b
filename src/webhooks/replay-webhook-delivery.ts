import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import { fingerprint } from "../idempotency/fingerprint";
import { type KeyedOperation, type Outcome, madeBy } from "../idempotency/keys";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import type { Execution } from "../idempotency/execution";
import { once } from "../idempotency/once";
import { newId } from "../ids";
import type { DeliveryStatus, WebhookDelivery } from "./delivery";
import { DELIVERY_COLUMNS } from "./delivery-store";

/*
 * Guarantees: a replay is a new delivery of the same event, with the same bytes and the same webhook-id, linked to the
 * one it repeats; one for one (merchant, key). The old one stays as it is: a dead one is still what happened.
 */

export interface ReplayWebhookDelivery {
  readonly merchantId: string;
  readonly key: string;
  readonly deliveryId: string;
  readonly audit?: AuditedWrite | undefined;
}

/** A delivery still in progress would be delivered twice for nothing. */
const REPLAYABLE: readonly DeliveryStatus[] = ["DEAD", "SUCCEEDED", "DISCARDED"];

const FIND: Statement = {
  name: "find_delivery_to_replay",
  // Locked, so that the verdict is about a state that lasts until it is stored.
  text: `
    select ${DELIVERY_COLUMNS} from webhook_deliveries d
    where d.merchant_id = ? and d.id = ? for share`,
};

const INSERT_KEY: Statement = {
  name: "insert_webhook_replay",
  text: "insert into webhook_replays (merchant_id, idempotency_key, delivery_id) values (?, ?, ?)",
};

const INSERT: Statement = {
  name: "insert_replay_delivery",
  text: `
    insert into webhook_deliveries as d (merchant_id, id, event_id, endpoint_id, replay_of)
    values (?, ?, ?, ?, ?) returning ${DELIVERY_COLUMNS}`,
};

const INSERT_MESSAGE: Statement = {
  name: "insert_replay_message",
  text: "insert into outbox (merchant_id, delivery_id) values (?, ?)",
};

const FIND_BY_KEY: Statement = {
  name: "find_replay_by_key",
  text: `
    select ${DELIVERY_COLUMNS} from webhook_replays r
    join webhook_deliveries d on d.merchant_id = r.merchant_id and d.id = r.delivery_id
    where r.merchant_id = ? and r.idempotency_key = ?`,
};

/** What a key created, kept in a table of its own for as long as the delivery is. */
export async function findReplayByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<WebhookDelivery | undefined> {
  const [row] = await run<WebhookDelivery>(db, FIND_BY_KEY, [merchantId, key]);
  return row;
}

export const replayOperation: KeyedOperation<WebhookDelivery> = {
  name: "replayWebhookDelivery",
  findMade: madeBy(findReplayByKey),
  spentKey: "webhook_replays_spent_key",
};

export async function replayWebhookDelivery(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  command: ReplayWebhookDelivery,
): Promise<Outcome<WebhookDelivery>> {
  const { merchantId, key, deliveryId, audit } = command;
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(replayOperation.name, { deliveryId }).toString("hex"),
    audit,
  };
  return once<WebhookDelivery>(db, request, {
    operation: replayOperation,
    execute: (tx) => execute(tx, command),
    isSame: (made) => made.result.replayOf === deliveryId,
  });
}

async function execute(
  tx: Tx,
  { merchantId, key, deliveryId }: ReplayWebhookDelivery,
): Promise<Execution<WebhookDelivery, undefined>> {
  const [original] = await run<WebhookDelivery>(tx, FIND, [merchantId, deliveryId]);
  if (!original) {
    return { failure: { code: "NOT_FOUND", details: { object: "delivery", id: deliveryId } } };
  }
  const { status, eventId, endpointId } = original;
  if (!REPLAYABLE.includes(status)) {
    const details = { id: deliveryId, currentState: status, allowedActions: [] };
    return { failure: { code: "INVALID_STATE", details } };
  }
  const id = newId("webhookDelivery");
  await run(tx, INSERT_KEY, [merchantId, key, id]);
  const [made] = await run<WebhookDelivery>(tx, INSERT, [
    merchantId,
    id,
    eventId,
    endpointId,
    deliveryId,
  ]);
  await run(tx, INSERT_MESSAGE, [merchantId, id]);
  return { result: made as WebhookDelivery };
}
