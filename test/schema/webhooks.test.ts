import {
  CREATE_ENDPOINT,
  REPLAY_DELIVERY,
  type TestApi,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { type TestReceiver, startReceiver } from "../support/receiver";

let api: TestApi;
let first: { id: string };
let second: { id: string };
let receiver: TestReceiver;
beforeAll(async () => {
  [api, receiver] = await Promise.all([startTestApi(), startReceiver()]);
  const make = async (input: object): Promise<{ id: string }> => {
    const { data, body } = await api.send({
      query: CREATE_ENDPOINT,
      variables: { input, key: newKey() },
    });
    expect(body.errors).toBeUndefined();
    return data.createWebhookEndpoint.webhookEndpoint as { id: string };
  };
  first = await make({ url: `${receiver.url}/all`, description: "everything" });
  second = await make({
    url: `${receiver.url}/some`,
    eventTypes: ["payment_intent.succeeded", "payment_intent.created", "payment_intent.created"],
  });
  await makePaid(api);
});
afterAll(async () => {
  await api.stop();
  await receiver.close();
});

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly eventId: string;
  readonly endpointId: string;
  readonly event: { type: string } | null;
}

const DELIVERIES = `query ($filter: WebhookDeliveryFilter, $first: Int, $after: String) {
  webhookDeliveries(filter: $filter, first: $first, after: $after) {
    edges { node { id status eventId endpointId tries nextAt statusCode error responseBody durationMs replayOf createdAt updatedAt event { type } } }
    pageInfo { hasNextPage endCursor }
  }
}`;

async function deliveries(variables: object): Promise<Delivery[]> {
  const { data, body } = await api.send({
    query: DELIVERIES,
    variables: { first: 100, ...variables },
  });
  expect(body.errors).toBeUndefined();
  const edges = data.webhookDeliveries.edges as { node: Delivery }[];
  return edges.map(({ node }) => node);
}

test("an endpoint is created once, and its secret is the same in a replay", async () => {
  const variables = { input: { url: "https://hooks.example/" }, key: newKey() };
  const created = await api.send({ query: CREATE_ENDPOINT, variables });
  expect(created.data.createWebhookEndpoint.secret).toMatch(/^whsec_/);
  const replayed = await api.send({ query: CREATE_ENDPOINT, variables });
  expect(replayed.data.createWebhookEndpoint).toEqual({
    ...created.data.createWebhookEndpoint,
    idempotency: { ...created.data.createWebhookEndpoint.idempotency, status: "REPLAYED" },
  });
});

test("endpoints are listed, newest first, and found by their id", async () => {
  const { data } = await api.send({
    query: `{ webhookEndpoints(last: 2) { edges { node { id url description eventTypes status createdAt updatedAt } } pageInfo { hasPreviousPage } } node(id: "${first.id}") { __typename } }`,
  });
  expect(data.webhookEndpoints.edges.map(({ node }: { node: object }) => node)).toMatchObject([
    { id: second.id, eventTypes: ["payment_intent.created", "payment_intent.succeeded"] },
    { id: first.id, eventTypes: [], description: "everything", status: "ENABLED" },
  ]);
  expect(data.webhookEndpoints.pageInfo.hasPreviousPage).toBe(true);
  expect(data.node).toEqual({ __typename: "WebhookEndpoint" });
});

test("deliveries are filtered by endpoint, event and status, and paged", async () => {
  const all = await deliveries({});
  expect(all.length).toBeGreaterThanOrEqual(5);
  expect(all.map(({ id }) => id)).toEqual(
    all
      .map(({ id }) => id)
      .sort()
      .reverse(),
  );
  const some = await deliveries({ filter: { endpointId: second.id } });
  expect(some.map(({ event }) => event?.type).sort()).toEqual([
    "payment_intent.created",
    "payment_intent.succeeded",
  ]);
  const eventId = some[0]?.eventId ?? "";
  const ofEvent = await deliveries({ filter: { eventId } });
  expect(ofEvent.map(({ endpointId }) => endpointId)).toEqual(
    expect.arrayContaining([first.id, second.id]),
  );
  expect(await deliveries({ filter: { eventId, endpointId: second.id } })).toHaveLength(1);
  expect(
    await deliveries({ filter: { statuses: ["RETRYING", "SUCCEEDED", "DEAD"] } }),
  ).toHaveLength(all.length);
  expect(await deliveries({ filter: { statuses: ["RETRYING"] } })).toEqual([]);
  const { data } = await api.send({ query: DELIVERIES, variables: { first: 2 } });
  const { endCursor, hasNextPage } = data.webhookDeliveries.pageInfo;
  expect(hasNextPage).toBe(true);
  const rest = await deliveries({ after: endCursor });
  expect(rest.map(({ id }) => id)).toEqual(all.slice(2).map(({ id }) => id));
});

test("dead letters wait to be replayed", async () => {
  const [dead] = await deliveries({ filter: { endpointId: second.id } });
  await api
    .db("webhook_deliveries")
    .where({ id: dead?.id })
    .update({ status: "DEAD", next_at: null });
  const list = await api.send({ query: "{ deadLetters { edges { node { id status error } } } }" });
  expect(list.data.deadLetters.edges).toMatchObject([{ node: { id: dead?.id, status: "DEAD" } }]);
  const filtered = await api.send({
    query: `{ deadLetters(filter: {endpointId: "${first.id}"}) { edges { node { id } } } }`,
  });
  expect(filtered.data.deadLetters.edges).toEqual([]);
  const request = {
    query: REPLAY_DELIVERY,
    variables: { input: { deliveryId: dead?.id }, key: newKey() },
    key: api.merchant.operatorKey,
  };
  const replayed = await api.send(request);
  expect(replayed.body.errors).toBeUndefined();
  expect(replayed.data.replayWebhookDelivery).toMatchObject({
    webhookDelivery: { replayOf: dead?.id, eventId: dead?.eventId },
    idempotency: { status: "EXECUTED" },
  });
  const again = await api.send(request);
  expect(again.data.replayWebhookDelivery).toMatchObject({
    webhookDelivery: { id: replayed.data.replayWebhookDelivery.webhookDelivery.id },
    idempotency: { status: "REPLAYED" },
  });
  const operation = await api.send({
    query: `{ operation(name: "replayWebhookDelivery", idempotencyKey: "${String(request.variables.key)}") { status result { id } } }`,
  });
  expect(operation.data.operation).toEqual({
    status: "SUCCEEDED",
    result: { id: again.data.replayWebhookDelivery.webhookDelivery.id },
  });
});

test("the tries of a delivery that failed are shown with it, newest first", async () => {
  receiver.answerWith(503);
  await makePaid(api);
  await api.makeDue();
  await api.drain();
  const { data, body } = await api.send({
    query: `{ webhookDeliveries(filter: { endpointId: "${first.id}" }, first: 20) { edges { node { tries attempts {
      number startedAt durationMs statusCode errorClass error responseBody } } } } }`,
  });
  expect(body.errors).toBeUndefined();
  const edges = data.webhookDeliveries.edges as { node: { tries: number; attempts: object[] } }[];
  const failed = edges.map(({ node }) => node).filter(({ attempts }) => attempts.length > 0);
  expect(failed).toMatchObject([
    {
      tries: 2,
      attempts: [
        { number: 2, statusCode: 204, errorClass: null, error: null },
        { number: 1, statusCode: 503, errorClass: "SERVER_ERROR", error: "answered 503" },
      ],
    },
  ]);
});
