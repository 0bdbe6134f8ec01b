import { newId } from "../../src/ids";
import { type Server, startServer } from "../../src/server";
import {
  DELETE_ENDPOINT,
  type TestApi,
  UPDATE_ENDPOINT,
  makeIntent,
  newKey,
  send,
  startTestApi,
} from "../support/api";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { type Endpoint, anEndpoint, change, shown } from "./endpoints";
import { FORBIDDEN_HOSTS, FORBIDDEN_NAMES } from "./forbidden-hosts";

let api: TestApi;
let receiver: TestReceiver;
/** As in production: nothing is sent to this machine. */
let strict: Server;
beforeAll(async () => {
  [api, receiver] = await Promise.all([
    startTestApi({ ONCEPAY_LIMIT_ENDPOINTS: "total=off,hourly=off" }),
    startReceiver(),
  ]);
  const app = api.anotherApp({ ONCEPAY_WEBHOOK_ALLOW_LOOPBACK: "false" });
  strict = await startServer(app, { host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await strict.close();
  await api.stop();
  await receiver.close();
});

// Nothing is sent to endpoints of tests before.
beforeEach(async () => {
  await api.db("webhook_endpoints").update({ event_types: ["refund.failed"] });
});

const row = (id: string) => api.db("webhook_endpoints").where({ id }).first();

const BEFORE = {
  description: "before",
  eventTypes: ["refund.failed"],
  metadata: { shelf: "3" },
  ratePerSecond: 50,
  timeoutMs: 5_000,
  concurrency: null,
};

describe("what is changed", () => {
  let endpoint: Endpoint;
  beforeEach(async () => {
    endpoint = await anEndpoint(api, "https://hooks.example/before", BEFORE);
  });

  test.each([
    ["the URL", { url: "https://hooks.example/after" }],
    ["the types", { eventTypes: ["refund.created", "capture.created"] }],
    ["the types, to all", { eventTypes: [] }],
    ["the description", { description: "after" }],
    ["the description, to none", { description: null }],
    ["the metadata, as a whole", { metadata: { drawer: "4" } }],
    ["the metadata, to none", { metadata: {} }],
    ["how it is sent to", { ratePerSecond: 7, timeoutMs: 900, concurrency: 2 }],
    ["how it is sent to, to as the installation has it", { ratePerSecond: null, timeoutMs: null }],
    ["nothing", {}],
  ])("is %s, and nothing else", async (_what, given) => {
    const { webhookEndpoint } = shown(await change(api, UPDATE_ENDPOINT, endpoint.id, given));
    const expected = { url: "https://hooks.example/before", ...BEFORE, ...given };
    expect(webhookEndpoint).toMatchObject({
      ...expected,
      eventTypes: [...expected.eventTypes].sort(),
      id: endpoint.id,
      status: "ENABLED",
    });
    const query = `{ node(id: "${endpoint.id}") { ... on WebhookEndpoint { url description eventTypes metadata updatedAt } } }`;
    const { url, description, eventTypes, metadata, updatedAt } = webhookEndpoint;
    const { data } = await api.send({ query });
    expect(data.node).toEqual({ url, description, eventTypes, metadata, updatedAt });
  });

  test("is told to the audit log, without what was written", async () => {
    await change(api, UPDATE_ENDPOINT, endpoint.id, { description: "for nobody's eyes" });
    const entry = await api
      .db("audit_log")
      .where({ subject_id: endpoint.id, operation: "updateWebhookEndpoint" })
      .first();
    expect(entry).toMatchObject({ action: "WRITE", outcome: "SUCCEEDED" });
    expect(JSON.stringify(entry)).not.toContain("for nobody");
  });
});

test.each([
  ["ratePerSecond", 0],
  ["ratePerSecond", 10_001],
  ["timeoutMs", 99],
  ["timeoutMs", 15_001],
  ["concurrency", 0],
  ["concurrency", 257],
])("%s cannot be %d", async (name, value) => {
  const { id } = await anEndpoint(api, "https://hooks.example/paced", BEFORE);
  const { error } = await change(api, UPDATE_ENDPOINT, id, { [name]: value });
  expect(error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: `input.${name}` },
  });
  expect(await row(id)).toMatchObject({ rate_limit: 50, timeout_ms: 5_000, concurrency: null });
});

describe("where webhooks may not go", () => {
  test.each([...FORBIDDEN_HOSTS, ...FORBIDDEN_NAMES])("https://%s/ is refused", async (host) => {
    const { id } = await anEndpoint(api, "https://hooks.example/public", BEFORE);
    const before = await api.countRows();
    const answer = await send(strict.url, {
      query: UPDATE_ENDPOINT,
      variables: { input: { webhookEndpointId: id, url: `https://${host}/hook` }, key: newKey() },
      key: api.merchant.secretKey,
    });
    expect(answer.error?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      details: { field: "input.url" },
    });
    expect(await row(id)).toMatchObject({ url: "https://hooks.example/public" });
    expect(await api.countRows()).toBe(before);
  });
});

test("what waits for it goes to the new URL, with the same id, bytes and secret", async () => {
  const { id, secret } = await anEndpoint(api, receiver.url);
  receiver.answerWith(500);
  const from = receiver.received.length;
  await makeIntent(api);
  await api.drain();
  const [first] = receiver.received.slice(from);
  const other = await startReceiver();
  await change(api, UPDATE_ENDPOINT, id, { url: other.url });
  await api.makeDue();
  await api.drain();
  expect(other.received).toHaveLength(1);
  expect(receiver.received.slice(from)).toHaveLength(1);
  const [second] = other.received;
  expect([second?.id, second?.body]).toEqual([first?.id, first?.body]);
  if (second) expect(other.verify(second, secret).type).toBe("payment_intent.created");
  await change(api, DELETE_ENDPOINT, id);
  await other.close();
});

test("events that occur from then on are those of the new types", async () => {
  const { id } = await anEndpoint(api, receiver.url, { eventTypes: ["refund.failed"] });
  const from = receiver.received.length;
  await makeIntent(api);
  await api.drain();
  await change(api, UPDATE_ENDPOINT, id, { eventTypes: ["payment_intent.created"] });
  await makeIntent(api);
  await api.drain();
  expect(receiver.received.slice(from)).toHaveLength(1);
  await change(api, DELETE_ENDPOINT, id);
});

test("a late repeat of the creation is known again, though the endpoint has been changed", async () => {
  const key = newKey();
  const create = (url: string) =>
    api.send({
      query: `mutation ($input: CreateWebhookEndpointInput!, $key: String!) {
        createWebhookEndpoint(input: $input, idempotencyKey: $key) {
          webhookEndpoint { id url } idempotency { status } } }`,
      variables: { input: { url, eventTypes: ["refund.failed"] }, key },
    });
  const made = shown(await create("https://hooks.example/first")).webhookEndpoint as Endpoint;
  await change(api, UPDATE_ENDPOINT, made.id, { url: "https://hooks.example/second" });
  await api.db("idempotency_keys").where({ key }).del();
  expect(shown(await create("https://hooks.example/first"))).toMatchObject({
    idempotency: { status: "REPLAYED" },
    webhookEndpoint: { id: made.id, url: "https://hooks.example/second" },
  });
  const other = await create("https://hooks.example/second");
  expect(other.error?.extensions.code).toBe("IDEMPOTENCY_KEY_REUSED");
});

test("what does not exist or was deleted is not found", async () => {
  const { id } = await anEndpoint(api, "https://hooks.example/", { eventTypes: ["refund.failed"] });
  shown(await change(api, DELETE_ENDPOINT, id));
  for (const gone of [id, newId("webhookEndpoint")]) {
    const { error } = await change(api, UPDATE_ENDPOINT, gone, { description: "?" });
    expect(error?.extensions.code).toBe("NOT_FOUND");
  }
});

test("two at once are both done, one after the other", async () => {
  const { id } = await anEndpoint(api, "https://hooks.example/", { eventTypes: ["refund.failed"] });
  await Promise.all([
    change(api, UPDATE_ENDPOINT, id, { description: "the one" }),
    change(api, UPDATE_ENDPOINT, id, { metadata: { the: "other" } }),
  ]);
  expect(await row(id)).toMatchObject({ description: "the one", metadata: { the: "other" } });
});
