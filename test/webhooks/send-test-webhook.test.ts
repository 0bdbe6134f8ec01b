import { Webhook } from "svix";
import { newId } from "../../src/ids";
import { REPLAY_DELIVERY, SEND_TEST, type TestApi, newKey, startTestApi } from "../support/api";
import { type ReceivedWebhook, type TestReceiver, startReceiver } from "../support/receiver";
import { type Endpoint, anEndpoint, change, disable, shown, statuses } from "./endpoints";

let api: TestApi;
let receiver: TestReceiver;
let other: TestReceiver;
/** It wants hardly anything; the other one wants everything. */
let endpoint: Endpoint;
beforeAll(async () => {
  [api, receiver, other] = await Promise.all([startTestApi(), startReceiver(), startReceiver()]);
  const description = "to be tested";
  const metadata = { shelf: "3" };
  const more = { eventTypes: ["refund.failed"], description, metadata };
  endpoint = await anEndpoint(api, receiver.url, more);
  await anEndpoint(api, other.url);
});
afterAll(async () => {
  await api.stop();
  await Promise.all([receiver.close(), other.close()]);
});

async function sendTest(): Promise<{ delivery: { id: string; eventId: string } }> {
  const { webhookDelivery } = shown(await change(api, SEND_TEST, endpoint.id));
  return { delivery: webhookDelivery as { id: string; eventId: string } };
}

test("it reaches its endpoint alone, whatever types that wants, signed like any other", async () => {
  const { delivery } = await sendTest();
  expect(delivery).toMatchObject({ status: "SCHEDULED", endpointId: endpoint.id });
  await api.drain();
  expect(other.received).toEqual([]);
  expect(receiver.received).toHaveLength(1);
  const [webhook] = receiver.received as [ReceivedWebhook];
  const headers = webhook.headers as Record<string, string>;
  expect(new Webhook(endpoint.secret).verify(webhook.body, headers)).toMatchObject({
    id: delivery.eventId,
    type: "webhook_endpoint.test",
    subjectId: endpoint.id,
    sequence: null,
    data: {
      object: {
        id: endpoint.id,
        object: "webhook_endpoint",
        url: receiver.url,
        description: "to be tested",
        eventTypes: ["refund.failed"],
        metadata: { shelf: "3" },
        status: "ENABLED",
      },
    },
  });
  expect(webhook.body).not.toContain("whsec_");
  expect(await api.db("webhook_deliveries").where({ event_id: delivery.eventId })).toMatchObject([
    { id: delivery.id, status: "SUCCEEDED", endpoint_id: endpoint.id },
  ]);
});

test("it has its place in the feed, once", async () => {
  const { delivery } = await sendTest();
  await api.drain();
  const { data } = await api.send({
    query: "{ events(first: 100) { edges { node { id type } } } }",
  });
  const edges = data.events.edges as { node: { id: string; type: string } }[];
  expect(edges.filter(({ node }) => node.id === delivery.eventId)).toEqual([
    { node: { id: delivery.eventId, type: "webhook_endpoint.test" } },
  ]);
});

test("it is tried again like any other, and may be replayed", async () => {
  const from = receiver.received.length;
  receiver.answerWith(500);
  const { delivery } = await sendTest();
  await api.drain();
  await api.makeDue();
  await api.drain();
  const replayed = await api.send({
    query: REPLAY_DELIVERY,
    variables: { input: { deliveryId: delivery.id, force: true }, key: newKey() },
  });
  expect(replayed.body.errors).toBeUndefined();
  await api.drain();
  const sent = receiver.received.slice(from);
  expect(sent).toHaveLength(3);
  expect(new Set(sent.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
  expect(other.received).toEqual([]);
});

test("a relay that dies over it tells it once", async () => {
  const from = receiver.received.length;
  const { delivery } = await sendTest();
  const [message] = await api.db("outbox").where({ delivery_id: delivery.id });
  await api.relayOnce();
  // As if it had died before it could say that it was done; its place in the feed was given, and is not given twice.
  await api.db("outbox").insert({
    merchant_id: api.merchant.id,
    delivery_id: message.delivery_id,
  });
  await api.drain();
  expect(receiver.received.slice(from)).toHaveLength(1);
});

test("a disabled endpoint is not tested, nor one that is not there", async () => {
  const { id } = await anEndpoint(api, receiver.url, { eventTypes: ["refund.failed"] });
  await disable(api, id);
  const { error } = await change(api, SEND_TEST, id);
  expect(error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: { id, currentState: "DISABLED" },
  });
  expect(await statuses(api, id)).toEqual({});
  const missing = await change(api, SEND_TEST, newId("webhookEndpoint"));
  expect(missing.error?.extensions.code).toBe("NOT_FOUND");
});
