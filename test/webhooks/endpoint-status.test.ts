import {
  DELETE_ENDPOINT,
  DISABLE_ENDPOINT,
  ENABLE_ENDPOINT,
  type TestApi,
  makeIntent,
  startTestApi,
} from "../support/api";
import { crashOnceAt, expectCrashed } from "../support/crash";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { anEndpoint, change, disable, enable, shown, statuses } from "./endpoints";

/** Disabled, enabled, deleted: the status decides at once, and deliveries follow it, however many they are. */

let api: TestApi;
let receiver: TestReceiver;
let id: string;
beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_LIMIT_ENDPOINTS: "total=off,hourly=off" });
});
afterAll(() => api.stop());
beforeEach(async () => {
  receiver = await startReceiver();
  await api.db("webhook_endpoints").update({ event_types: ["refund.failed"] });
  ({ id } = await anEndpoint(api, receiver.url, { eventTypes: ["payment_intent.created"] }));
});
afterEach(() => receiver.close());

const row = () => api.db("webhook_endpoints").where({ id }).first();

/** So many events, told to the relay and no further. */
async function events(count: number): Promise<void> {
  for (let made = 0; made < count; made += 1) await makeIntent(api);
  await api.relayOnce();
}

/** Everything that workers do, until nothing changes any more. */
async function settle(): Promise<void> {
  await api.sweepOnce();
  await api.drain();
}

const received = (): Set<string> => new Set(receiver.received.map(({ id: eventId }) => eventId));

/** A backlog that no test could wait for: copies of the one delivery that there is. */
async function multiply(times: number): Promise<void> {
  await api.db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx.raw(
      `insert into webhook_deliveries (merchant_id, id, event_id, endpoint_id, status, next_at, replay_of)
       select d.merchant_id, left(d.id, 24) || lpad(n::text, 6, '0'), d.event_id, d.endpoint_id,
         d.status, d.next_at, d.id
       from webhook_deliveries d, generate_series(1, ?) n where d.endpoint_id = ?`,
      [times, id],
    );
  });
}

test("a disabled endpoint is sent nothing, and everything meant for it is kept", async () => {
  await events(2);
  const { webhookEndpoint } = shown(
    await change(api, DISABLE_ENDPOINT, id, { reason: "a new server" }),
  );
  expect(webhookEndpoint).toMatchObject({
    status: "DISABLED",
    disabledReason: "a new server",
    disabledAt: expect.any(String),
  });
  await events(2);
  await settle();
  expect(receiver.received).toEqual([]);
  expect(await statuses(api, id)).toEqual({ PAUSED: 4 });
});

test("what waited for its next try is kept as well, and goes on where it was", async () => {
  receiver.answerWith(500);
  await events(1);
  await api.drain();
  await disable(api, id);
  expect(await statuses(api, id)).toEqual({ PAUSED: 1 });
  await enable(api, id);
  await settle();
  expect(receiver.received).toHaveLength(2);
  const [delivery] = await api.db("webhook_deliveries").where({ endpoint_id: id });
  expect(delivery).toMatchObject({ status: "SUCCEEDED", tries: 2 });
});

test("enabled, it is caught up with all of it, each delivery once", async () => {
  await disable(api, id);
  await events(5);
  await enable(api, id);
  expect(await row()).toMatchObject({
    status: "ENABLED",
    disabled_reason: null,
    disabled_at: null,
  });
  await settle();
  await settle();
  expect(receiver.received).toHaveLength(5);
  expect(received().size).toBe(5);
  expect(await statuses(api, id)).toEqual({ SUCCEEDED: 5 });
});

test("or with what was created from a moment on", async () => {
  await disable(api, id);
  await events(2);
  const [{ now }] = (await api.db.raw<{ rows: { now: Date }[] }>("select clock_timestamp() as now"))
    .rows as [{ now: Date }];
  // The API's times have milliseconds: what follows is in a later one.
  await api.db.raw("select pg_sleep(0.002)");
  await events(3);
  const catchUpFrom = new Date(now.getTime() + 1).toISOString();
  await enable(api, id, { catchUp: "FROM", catchUpFrom });
  await settle();
  expect(received().size).toBe(3);
  expect(await statuses(api, id)).toEqual({ DISCARDED: 2, SUCCEEDED: 3 });
});

test("or with none of it, and from then on it receives what occurs", async () => {
  await disable(api, id);
  await events(3);
  await enable(api, id, { catchUp: "NONE" });
  await settle();
  expect(receiver.received).toEqual([]);
  await events(1);
  await settle();
  expect(await statuses(api, id)).toEqual({ DISCARDED: 3, SUCCEEDED: 1 });
});

test.each([
  ["without a moment", { catchUp: "FROM" }],
  ["with a moment that means nothing", { catchUp: "ALL", catchUpFrom: "2026-11-20T10:00:00Z" }],
])("a catch-up %s is refused", async (_what, more) => {
  await disable(api, id);
  const { error } = await change(api, ENABLE_ENDPOINT, id, more);
  expect(error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "input.catchUpFrom" },
  });
});

test("a long backlog follows slice by slice, from sweep to sweep", async () => {
  await events(1);
  await multiply(1_199);
  await disable(api, id);
  const after = await statuses(api, id);
  expect(after["PAUSED"]).toBe(500);
  await api.sweepOnce();
  await api.sweepOnce();
  expect(await statuses(api, id)).toEqual({ PAUSED: 1_200 });
  await enable(api, id, { catchUp: "NONE" });
  expect(await statuses(api, id)).toEqual({ DISCARDED: 500, PAUSED: 700 });
  for (let sweep = 0; sweep < 3; sweep += 1) await api.sweepOnce();
  expect(await statuses(api, id)).toEqual({ DISCARDED: 1_200 });
  // The jobs from before have nothing left to do.
  await api.drain();
  expect(receiver.received).toEqual([]);
});

test("what a crash leaves behind, the sweeper goes on with", async () => {
  await disable(api, id);
  await events(1);
  await multiply(899);
  crashOnceAt("api.after_commit");
  await change(api, ENABLE_ENDPOINT, id);
  expectCrashed("api.after_commit");
  expect(await statuses(api, id)).toEqual({ PAUSED: 400, SCHEDULED: 500 });
  await api.sweepOnce();
  expect(await statuses(api, id)).toEqual({ SCHEDULED: 900 });
  await api.drain();
  expect(await statuses(api, id)).toEqual({ SUCCEEDED: 900 });
  expect(receiver.received).toHaveLength(900);
});

test("what was paused by somebody who had not heard yet is caught up all the same", async () => {
  await events(1);
  await disable(api, id);
  await enable(api, id);
  await settle();
  expect(await statuses(api, id)).toEqual({ SUCCEEDED: 1 });
  // As a relay would, that read the endpoint's status just before.
  await disable(api, id);
  await events(1);
  const [paused] = await api.db("webhook_deliveries").where({ endpoint_id: id, status: "PAUSED" });
  await enable(api, id);
  await api
    .db("webhook_deliveries")
    .where({ id: paused.id })
    .update({ status: "PAUSED", next_at: null });
  await settle();
  expect(await statuses(api, id)).toEqual({ SUCCEEDED: 2 });
});

test("the sweeper stops looking after a while", async () => {
  await disable(api, id);
  await api.sweepOnce();
  expect(await row()).toMatchObject({ behind_since: expect.any(Date) });
  await api
    .db("webhook_endpoints")
    .where({ id })
    .update({
      behind_since: api.db.raw("now() - interval '6 minutes'"),
    });
  await api.sweepOnce();
  expect(await row()).toMatchObject({ behind_since: null });
});

test("disabled and enabled many times at once, it ends as one of them left it, and nothing is stuck", async () => {
  await events(3);
  await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      change(api, n % 2 === 0 ? DISABLE_ENDPOINT : ENABLE_ENDPOINT, id),
    ),
  );
  if ((await row()).status === "DISABLED") await enable(api, id);
  await settle();
  expect(await statuses(api, id)).toEqual({ SUCCEEDED: 3 });
  expect(receiver.received).toHaveLength(3);
});

test("one that its receiver has disabled says so, and one call catches it up", async () => {
  receiver.answerWith(410);
  await events(1);
  await api.drain();
  await events(2);
  await settle();
  const { data } = await api.send({
    query: `{ node(id: "${id}") { ... on WebhookEndpoint { status disabledReason disabledAt } } }`,
  });
  expect(data.node).toEqual({
    status: "DISABLED",
    disabledReason: "it answered 410 Gone",
    disabledAt: expect.any(String),
  });
  await enable(api, id);
  await settle();
  expect(await statuses(api, id)).toEqual({ DEAD: 1, SUCCEEDED: 2 });
});

describe("deleted", () => {
  test("it is gone, with its secrets, and nothing that waited is sent", async () => {
    receiver.answerWith(500);
    await events(1);
    await api.drain();
    await events(2);
    const { webhookEndpoint } = shown(await change(api, DELETE_ENDPOINT, id));
    expect(webhookEndpoint).toMatchObject({ id, status: "DELETED" });
    await events(2);
    await api.makeDue();
    await settle();
    expect(receiver.received).toHaveLength(1);
    expect(await statuses(api, id)).toEqual({ DISCARDED: 3 });
    expect(await row()).toMatchObject({ status: "DELETED", secret: null, old_secret: null });
    const { data } = await api.send({
      query: `{ node(id: "${id}") { id } webhookEndpoints(first: 100) { edges { node { id } } } }`,
    });
    expect(data.node).toBeNull();
    expect(JSON.stringify(data.webhookEndpoints)).not.toContain(id);
  });

  test("it can be deleted while it is disabled, and what was paused is discarded", async () => {
    await disable(api, id);
    await events(2);
    shown(await change(api, DELETE_ENDPOINT, id));
    expect(await statuses(api, id)).toEqual({ DISCARDED: 2 });
  });

  test("it stays so, and the database insists on it", async () => {
    shown(await change(api, DELETE_ENDPOINT, id));
    for (const query of [ENABLE_ENDPOINT, DISABLE_ENDPOINT, DELETE_ENDPOINT]) {
      expect((await change(api, query, id)).error?.extensions.code).toBe("NOT_FOUND");
    }
    const revived = api.db("webhook_endpoints").where({ id }).update({ status: "ENABLED" });
    await expect(revived).rejects.toThrow("stays deleted");
    const secret = api
      .db("webhook_endpoints")
      .where({ id })
      .update({ secret: Buffer.alloc(64) });
    await expect(secret).rejects.toThrow("webhook_endpoints_secret");
  });

  test("while it is being enabled or disabled, one of them is told that there is none", async () => {
    await disable(api, id);
    await events(2);
    await Promise.all([change(api, ENABLE_ENDPOINT, id), change(api, DELETE_ENDPOINT, id)]);
    expect(await row()).toMatchObject({ status: "DELETED" });
    await settle();
    const left = await statuses(api, id);
    expect(Object.keys(left)).toEqual(["DISCARDED"]);
    expect(receiver.received).toEqual([]);
  });
});
