import type { App } from "../../src/app";
import type { FailpointName } from "../../src/failpoints";
import { newId } from "../../src/ids";
import type { ReplayPlan } from "../../src/webhooks/replay-plan";
import { runReplayPlans } from "../../src/webhooks/run-replay-plans";
import {
  CANCEL_INTENT,
  CREATE_ENDPOINT,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { type TestReceiver, startReceiver } from "../support/receiver";

/** Plans over many letters: what they are about, and that each letter is sent once whoever dies or comes second. */

let api: TestApi;
let receiver: TestReceiver;
let apps: readonly [App, App];
beforeAll(async () => {
  [api, receiver] = await Promise.all([startTestApi(), startReceiver()]);
  apps = [api.app, api.anotherApp()];
});
afterAll(async () => {
  await api.stop();
  await receiver.close();
});

async function anEndpoint(): Promise<string> {
  const input = { url: receiver.url, eventTypes: ["payment_intent.created"] };
  const made = await api.send({ query: CREATE_ENDPOINT, variables: { input, key: newKey() } });
  return made.data.createWebhookEndpoint.webhookEndpoint.id as string;
}

interface Source {
  readonly endpointId: string;
  readonly paymentIntentId: string;
  /** What its letters are replays of: an event is planned for an endpoint only once. */
  readonly original: string;
}

/** An endpoint of its own, and a payment that it was told of. */
async function aSource(): Promise<Source> {
  const endpointId = await anEndpoint();
  const { id: paymentIntentId } = await makeIntent(api);
  await api.drain();
  const [row] = await api.db("webhook_deliveries").where({ endpoint_id: endpointId });
  return { endpointId, paymentIntentId, original: row.id as string };
}

/** Letters of this payment's event, as many as wanted, as if so many events had died. */
async function addLetters(source: Source, count: number): Promise<void> {
  const { endpointId, paymentIntentId, original } = source;
  const [event] = await api.db("events").where({ subject_id: paymentIntentId }).select("id");
  const rows = Array.from({ length: count }, (_, n) => ({
    merchant_id: api.merchant.id,
    id: newId("webhookDelivery"),
    event_id: event.id as string,
    endpoint_id: endpointId,
    replay_of: original,
    status: "DEAD",
    next_at: null,
    tries: 10,
    error_class: n % 2 === 0 ? "SERVER_ERROR" : "TIMEOUT",
  }));
  await api.db.batchInsert("webhook_deliveries", rows, 1_000);
}

async function ask(name: string, input: object, key = newKey()) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const answer = await api.send({
    query: `mutation ($input: ${type}!, $key: String!) { ${name}(input: $input, idempotencyKey: $key) {
      replayPlan { id status letters superseded hasMore horizon sampleIds perSecond sent skipped
        endpoints { endpointId letters } types { type letters } causes { cause letters } }
      idempotency { status } } }`,
    variables: { input, key },
    key: api.merchant.operatorKey,
  });
  return { ...answer, plan: answer.data?.[name]?.replayPlan as ReplayPlan };
}

async function aPlan(endpointId: string, filter: object = {}): Promise<ReplayPlan> {
  const input = { filter: { endpointId, ...filter }, reason: "the receiver is back" };
  const { plan, body } = await ask("createReplayPlan", input);
  expect(body.errors).toBeUndefined();
  return plan;
}

async function planNow(id: string): Promise<ReplayPlan> {
  const { data } = await api.send({
    query: `{ node(id: "${id}") { ... on ReplayPlan { id status letters sent skipped perSecond } } }`,
  });
  return data.node as ReplayPlan;
}

const ROUNDS_MAX = 5_000;

/** Workers in turn, one of them in another process, until the plan is at its end. */
async function runToEnd(id: string, filled: () => Promise<void> = () => Promise.resolve()) {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    await Promise.all(apps.map((app) => runReplayPlans(app)));
    await filled();
    const plan = await planNow(id);
    if (plan.status !== "RUNNING") return plan;
  }
  throw new Error("the plan does not come to its end");
}

async function runUntilSent(id: string, each: () => Promise<void> = () => Promise.resolve()) {
  for (let round = 0; round < ROUNDS_MAX && (await planNow(id)).sent === 0; round += 1) {
    await Promise.all(apps.map((app) => runReplayPlans(app)));
    await each();
  }
}

const fast = (planId: string) => ({ planId, perSecond: 1_000 });

async function replaysOf(source: Source): Promise<{ replays: number; letters: number }> {
  const { rows } = await api.db.raw<{ rows: { replays: number; letters: number }[] }>(
    `select count(*)::int as replays, count(distinct replay_of)::int as letters
     from webhook_deliveries where endpoint_id = ? and replay_of <> ?`,
    [source.endpointId, source.original],
  );
  return rows[0] ?? { replays: 0, letters: 0 };
}

const waiting = (endpointId: string) =>
  api
    .db("webhook_deliveries")
    .where({ endpoint_id: endpointId, status: "DEAD", replayed_as: null })
    .pluck<string[]>("id");

test("the dry run counts what it is about, and what has moved on", async () => {
  const source = await aSource();
  await addLetters(source, 9);
  const still = await aPlan(source.endpointId);
  expect(still).toMatchObject({
    status: "READY",
    letters: 9,
    superseded: 0,
    hasMore: false,
    sent: 0,
    skipped: 0,
    endpoints: [{ endpointId: source.endpointId, letters: 9 }],
    types: [{ type: "payment_intent.created", letters: 9 }],
    causes: [
      { cause: "SERVER_ERROR", letters: 5 },
      { cause: "TIMEOUT", letters: 4 },
    ],
  });
  expect(still.sampleIds).toHaveLength(5);
  expect(still.horizon).toBe(still.sampleIds[0]);
  const input = { paymentIntentId: source.paymentIntentId };
  await api.send({ query: CANCEL_INTENT, variables: { input, key: newKey() } });
  const moved = await aPlan(source.endpointId, { causes: ["TIMEOUT"] });
  expect(moved).toMatchObject({ letters: 4, superseded: 4 });
  // Nothing of it has sent anything.
  expect(await runReplayPlans(api.app)).toEqual({ running: 0, sent: 0 });
  expect(await replaysOf(source)).toEqual({ replays: 0, letters: 0 });
});

test("thousands of letters: killed in the middle, run by several, started by two, each is sent once", async () => {
  const source = await aSource();
  const { endpointId } = source;
  const count = 2_000;
  await addLetters(source, count);
  const { id, letters } = await aPlan(endpointId);
  expect(letters).toBe(count);
  const [first, second] = await Promise.all([
    ask("startReplayPlan", { ...fast(id), reason: "as agreed with the partner" }),
    ask("startReplayPlan", fast(id)),
  ]);
  const refused = [first, second].flatMap(({ error }) => error?.extensions ?? []);
  expect(refused).toMatchObject([
    {
      code: "INVALID_STATE",
      details: { id, because: "It is running.", allowedActions: ["PAUSE", "CANCEL"] },
    },
  ]);
  const killed: readonly FailpointName[] = [
    "replay_plan.inside_transaction",
    "replay_plan.after_slice",
  ];
  for (const point of killed) {
    crashOnceAt(point);
    // It may be too early for a slice of it.
    for (let round = 0; round < ROUNDS_MAX && (await isAlive()); round += 1);
    expectCrashed(point);
  }
  const before = receiver.received.length;
  let arrived = 0;
  const plan = await runToEnd(id, async () => {
    if (arrived >= 30) return;
    await addLetters(source, 10);
    arrived += 10;
  });
  expect(plan).toMatchObject({ status: "FINISHED", letters: count, sent: count, skipped: 0 });
  expect(await replaysOf(source)).toEqual({ replays: count, letters: count });
  // What arrived meanwhile is untouched.
  expect(arrived).toBeGreaterThan(0);
  expect(await waiting(endpointId)).toHaveLength(arrived);
  await api.drain();
  expect(receiver.received.length - before).toBe(count);
  const { data } = await api.send({
    query: `{ auditLog(filter: {subjectId: "${id}"}, last: 20) { edges { node { operation outcome actorId details } } } }`,
    key: api.merchant.operatorKey,
  });
  const entries = (data.auditLog.edges as { node: Record<string, unknown> }[]).map((e) => e.node);
  const done = entries.filter(({ outcome }) => outcome === "SUCCEEDED");
  expect(done).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        operation: "createReplayPlan",
        actorId: expect.stringMatching(/^key_/),
        details: {
          reason: "the receiver is back",
          after: { status: "READY", letters: count },
        },
      }),
      expect.objectContaining({
        operation: "startReplayPlan",
        details: expect.objectContaining({
          before: { status: "READY", perSecond: null, sent: 0, skipped: 0 },
          after: { status: "RUNNING", perSecond: 1_000, sent: 0, skipped: 0 },
        }),
      }),
    ]),
  );
}, 120_000);

async function isAlive(): Promise<boolean> {
  let died = false;
  const watched = runReplayPlans(api.app).catch((error: unknown) => {
    died = true;
    throw error;
  });
  await dying(watched);
  return !died;
}

test("two plans over the same letters, and a person beside them, send each once", async () => {
  const source = await aSource();
  const { endpointId } = source;
  await addLetters(source, 300);
  const [one, two] = [await aPlan(endpointId), await aPlan(endpointId)];
  await ask("startReplayPlan", fast(one.id));
  await ask("startReplayPlan", fast(two.id));
  const [last = ""] = (await waiting(endpointId)).sort().reverse();
  const alone = api.send({
    query: `mutation { replayWebhookDelivery(input: {deliveryId: "${last}"}, idempotencyKey: "${newKey()}") { webhookDelivery { id } } }`,
  });
  const [first, second] = await Promise.all([runToEnd(one.id), runToEnd(two.id), alone]);
  expect(await replaysOf(source)).toEqual({ replays: 300, letters: 300 });
  const mine = (await alone).error ? 0 : 1;
  expect(first.sent + second.sent + mine).toBe(300);
  expect(first.sent + first.skipped).toBe(300);
  expect(second.sent + second.skipped).toBe(300);
});

test("it never sends more than its rate, and nothing while it is paused", async () => {
  const source = await aSource();
  const { endpointId } = source;
  await addLetters(source, 60);
  const { id } = await aPlan(endpointId);
  await ask("startReplayPlan", { planId: id, perSecond: 40 });
  const withinRate = async (): Promise<void> => {
    const { rows } = await api.db.raw<{ rows: { sent: number; most: number }[] }>(
      `select sent, extract(epoch from clock_timestamp() - started_at)::float8 * 40 as most
       from replay_plans where id = ?`,
      [id],
    );
    expect(rows[0]?.sent).toBeLessThanOrEqual(rows[0]?.most ?? 0);
  };
  await runUntilSent(id, withinRate);
  const { plan: paused } = await ask("pauseReplayPlan", { planId: id, reason: "it is too much" });
  expect(paused.status).toBe("PAUSED");
  expect(await runReplayPlans(api.app)).toEqual({ running: 0, sent: 0 });
  expect((await planNow(id)).sent).toBe(paused.sent);
  const resumed = await ask("resumeReplayPlan", { planId: id });
  expect(resumed.plan).toMatchObject({ status: "RUNNING", perSecond: 40 });
  const end = await runToEnd(id, withinRate);
  expect(end).toMatchObject({ status: "FINISHED", sent: 60 });
});

test("a plan that is cancelled leaves the rest as it was, and cannot go on", async () => {
  const source = await aSource();
  await addLetters(source, 50);
  const { id } = await aPlan(source.endpointId);
  await ask("startReplayPlan", { planId: id, perSecond: 20 });
  await runUntilSent(id);
  const { plan } = await ask("cancelReplayPlan", { planId: id });
  expect(plan.status).toBe("CANCELED");
  expect(await runReplayPlans(api.app)).toEqual({ running: 0, sent: 0 });
  expect(await waiting(source.endpointId)).toHaveLength(50 - plan.sent);
  for (const name of ["startReplayPlan", "pauseReplayPlan", "resumeReplayPlan"]) {
    const { error } = await ask(name, { planId: id });
    expect(error?.extensions).toMatchObject({
      code: "INVALID_STATE",
      details: { currentState: "CANCELED" },
    });
  }
});

test("an endpoint that is disabled while a plan runs gets nothing, and its letters stay", async () => {
  const source = await aSource();
  await addLetters(source, 5);
  const { id } = await aPlan(source.endpointId);
  await api.db("webhook_endpoints").where({ id: source.endpointId }).update({ status: "DISABLED" });
  await ask("startReplayPlan", fast(id));
  expect(await runToEnd(id)).toMatchObject({ status: "FINISHED", sent: 0, skipped: 5 });
  expect(await waiting(source.endpointId)).toHaveLength(5);
  expect(await replaysOf(source)).toEqual({ replays: 0, letters: 0 });
});

test("a plan is made once for its key, and listed newest first", async () => {
  const source = await aSource();
  await addLetters(source, 3);
  const input = { filter: { endpointId: source.endpointId }, reason: "once" };
  const key = newKey();
  const asked = await Promise.all([
    ask("createReplayPlan", input, key),
    ask("createReplayPlan", input, key),
  ]);
  expect(new Set(asked.map(({ plan }) => plan.id)).size).toBe(1);
  const { data } = await api.send({
    query: "{ replayPlans(first: 1) { edges { node { id reason filter } } } }",
  });
  expect(data.replayPlans.edges).toEqual([
    { node: { id: asked[0].plan.id, reason: "once", filter: input.filter } },
  ]);
  const rate = await ask("startReplayPlan", { planId: asked[0].plan.id, perSecond: 1_001 });
  expect(rate.error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "input.perSecond" },
  });
});
