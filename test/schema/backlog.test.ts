import { newId } from "../../src/ids";
import { type TestApi, makeIntent, startTestApi } from "../support/api";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { setMessageAside } from "../support/set-aside";
import { anEndpoint } from "../webhooks/endpoints";

/** How far behind publishing and webhooks are, as the keys of operators see it. */

let api: TestApi;
let receiver: TestReceiver;
let endpoint: string;
beforeAll(async () => {
  [api, receiver] = await Promise.all([startTestApi(), startReceiver()]);
  ({ id: endpoint } = await anEndpoint(api, receiver.url));
});
afterAll(async () => {
  await receiver.close();
  await api.stop();
});

const QUERY = "{ backlog { oldestUnpublishedAt oldestDueAt } }";
const OF_ENDPOINT = `query ($id: ID!) { node(id: $id) { ... on WebhookEndpoint { oldestDueAt } } }`;

interface Backlog {
  readonly oldestUnpublishedAt: string | null;
  readonly oldestDueAt: string | null;
}

const NOTHING: Backlog = { oldestUnpublishedAt: null, oldestDueAt: null };

async function ask(by: { readonly key: string }): Promise<Backlog> {
  const { data, body } = await api.send({ query: QUERY, ...by });
  expect(body.errors).toBeUndefined();
  return data.backlog as Backlog;
}

const own = () => ask({ key: api.merchant.operatorKey });
const acting = () => ask(api.asPlatform);
const others = () => ask({ key: api.stranger.operatorKey });
/** Of all merchants. */
const all = () => ask({ key: api.asPlatform.key });

async function dueOf(id: string): Promise<string | null> {
  const { data } = await api.send({ query: OF_ENDPOINT, variables: { id } });
  return data.node.oldestDueAt as string | null;
}

const deliveries = () => api.db("webhook_deliveries").where({ endpoint_id: endpoint });
const minutesSince = (at: string | null) => (Date.now() - Date.parse(at ?? "")) / 60_000;

test("what is committed is unpublished until it is relayed, and then due until it is delivered", async () => {
  await makeIntent(api);
  await api.drain();
  expect([await own(), await acting(), await others(), await all()]).toEqual(
    Array<Backlog>(4).fill(NOTHING),
  );
  const { id } = await makeIntent(api);
  await makeIntent(api);
  const event = await api.db("events").where({ subject_id: id }).first<{ created_at: Date }>();
  const waits = { oldestUnpublishedAt: event.created_at.toISOString(), oldestDueAt: null };
  expect([await own(), await acting(), await others()]).toEqual([waits, waits, NOTHING]);
  expect((await all()).oldestUnpublishedAt).not.toBeNull();
  await api.relayOnce();
  const { oldestUnpublishedAt, oldestDueAt } = await own();
  expect([oldestUnpublishedAt, minutesSince(oldestDueAt) < 5]).toEqual([null, true]);
  expect(await dueOf(endpoint)).toBe(oldestDueAt);
  expect(await others()).toEqual(NOTHING);
  expect((await all()).oldestDueAt).toBe(oldestDueAt);
  await api.deliverWebhooks();
  expect([await own(), await all(), await dueOf(endpoint)]).toEqual([NOTHING, NOTHING, null]);
});

test("what is held for an endpoint counts from when it was made, and to its merchant", async () => {
  await makeIntent(api);
  await api.relayOnce();
  await deliveries()
    .whereNotNull("next_at")
    .update({ next_at: "infinity", created_at: api.db.raw("now() - interval '90 minutes'") });
  const { oldestDueAt } = await own();
  expect(Math.round(minutesSince(oldestDueAt))).toBe(90);
  expect(await dueOf(endpoint)).toBe(oldestDueAt);
  // Not of all merchants': there is no index for that, and no need.
  expect([await others(), await all()]).toEqual([NOTHING, NOTHING]);
  await deliveries().where({ next_at: "infinity" }).update({ next_at: api.db.fn.now() });
  await api.drain();
});

test("what waits for its next try is not due before it", async () => {
  await makeIntent(api);
  await api.relayOnce();
  await deliveries()
    .whereNotNull("next_at")
    .update({ status: "RETRYING", tries: 1, next_at: api.db.raw("now() + interval '1 hour'") });
  expect([await own(), await dueOf(endpoint)]).toEqual([NOTHING, null]);
  await deliveries().whereNotNull("next_at").update({ next_at: api.db.fn.now() });
  await api.drain();
});

test("where nobody has delivered for an hour, half of that is seen at least, however many are due", async () => {
  const { id: other } = await anEndpoint(api, receiver.url, { eventTypes: ["refund.failed"] });
  const [event] = await api.db("events").where({ merchant_id: api.merchant.id });
  const nowMs = Date.now();
  const rows = Array.from({ length: 1_200 }, (_, n) => {
    const at = new Date(nowMs - n * 3_000);
    const id = newId("webhookDelivery", at.getTime());
    const of = { merchant_id: api.merchant.id, endpoint_id: other, event_id: event.id as string };
    return { ...of, id, created_at: at, next_at: at };
  });
  await api.db.batchInsert("webhook_deliveries", rows, 400);
  for (const at of [(await own()).oldestDueAt, await dueOf(other)]) {
    expect(minutesSince(at)).toBeGreaterThan(29);
    expect(minutesSince(at)).toBeLessThan(65);
  }
  expect(await dueOf(endpoint)).toBeNull();
  await api.db("webhook_deliveries").where({ endpoint_id: other }).del();
  expect(await own()).toEqual(NOTHING);
});

test("what is set aside is not waited for", async () => {
  await setMessageAside(api.db, api.merchant.id);
  expect([await own(), await all()]).toEqual([NOTHING, NOTHING]);
  await api.db("outbox").del();
});
