import { type Statement, type Tx, run } from "../db/db";
import type { EventType } from "../events/event-types";
import { notFound } from "../failures";
import { fingerprint } from "../idempotency/fingerprint";
import type { Changer } from "../idempotency/change-once";
import { type KeyedOperation, type Outcome, madeBy } from "../idempotency/keys";
import type { Execution } from "../idempotency/execution";
import { once } from "../idempotency/once";
import { newId } from "../ids";
import { type EndpointCommand, ENDPOINT, refuseEndpoint } from "./change-endpoint-once";
import type { WebhookDelivery, WebhookEndpoint } from "./delivery";
import { DELIVERY_COLUMNS } from "./delivery-store";
import { lockEndpoint } from "./endpoint-store";
import { findReplayByKey } from "./replay-webhook-delivery";

/*
 * Guarantees: one event that says nothing but what the endpoint is, with one delivery, to this endpoint alone and
 * whatever types it has asked for; one for one (merchant, key). It goes the way of every event, through the outbox, the
 * feed, the relay and the workers, and is signed, tried again and kept like any other: what it proves holds for them.
 *
 * Cost: what `once` costs, and two round trips: the lock, and a statement that writes four rows.
 */

export type SendTestWebhook = EndpointCommand;

const NAME = "sendTestWebhook";
const TYPE: EventType = "webhook_endpoint.test";

/** No idempotency key has a space in it, so what a replay made under the same one is another. */
function keptKey(key: string): string {
  return `${NAME} ${key}`;
}

export const sendTestOperation: KeyedOperation<WebhookDelivery> = {
  name: NAME,
  findMade: madeBy((db, merchantId, key) => findReplayByKey(db, merchantId, keptKey(key))),
  spentKey: "webhook_replays_spent_key",
};

/*
 * The outbox row names the event and its delivery: the event gets its place in the feed, and since it has a delivery it
 * is not planned for the endpoints that want all types.
 */
const INSERT: Statement = {
  name: "insert_test_webhook",
  text: `
    with asked as materialized (
      select ?::text as merchant_id, ?::text as event_id, ?::text as delivery_id, ?::text as key
    ), told as (
      insert into events (merchant_id, id, type, api_version, subject_id, object)
      select merchant_id, event_id, '${TYPE}', ?, ?, ?::json from asked
    ), kept as (
      insert into webhook_replays (merchant_id, idempotency_key, delivery_id)
      select merchant_id, key, delivery_id from asked
    ), announced as (
      insert into outbox (merchant_id, event_id, delivery_id)
      select merchant_id, event_id, delivery_id from asked
    )
    insert into webhook_deliveries as d (merchant_id, id, event_id, endpoint_id)
    select merchant_id, delivery_id, event_id, ? from asked returning ${DELIVERY_COLUMNS}`,
};

export async function sendTestWebhook(
  { db, replays }: Changer,
  command: SendTestWebhook,
): Promise<Outcome<WebhookDelivery>> {
  const { merchantId, key, webhookEndpointId, audit } = command;
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(NAME, { webhookEndpointId }).toString("hex"),
    audit,
  };
  return once<WebhookDelivery>(db, request, {
    operation: sendTestOperation,
    execute: (tx) => execute(tx, command),
    isSame: ({ result }) => result.endpointId === webhookEndpointId,
  });
}

async function execute(
  tx: Tx,
  { merchantId, key, webhookEndpointId }: SendTestWebhook,
): Promise<Execution<WebhookDelivery, undefined>> {
  const endpoint = await lockEndpoint(tx, merchantId, webhookEndpointId);
  if (!endpoint) return { failure: notFound(ENDPOINT, webhookEndpointId) };
  if (endpoint.status !== "ENABLED") return { failure: refuseEndpoint(endpoint) };
  const { id, apiVersion } = endpoint;
  const [made] = await run<WebhookDelivery>(tx, INSERT, [
    merchantId,
    newId("event"),
    newId("webhookDelivery"),
    keptKey(key),
    apiVersion,
    id,
    JSON.stringify(snapshotOf(endpoint)),
    id,
  ]);
  return { result: made as WebhookDelivery };
}

/** What the event shows of the endpoint. */
function snapshotOf(endpoint: WebhookEndpoint): object {
  const { id, url, description, eventTypes, metadata, apiVersion, status } = endpoint;
  const { createdAt, updatedAt } = endpoint;
  const shown = { url, description, eventTypes, metadata, apiVersion, status };
  return { id, object: "webhook_endpoint", ...shown, createdAt, updatedAt };
}
