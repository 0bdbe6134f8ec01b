import { createPlatformKey } from "../../src/merchants/create-platform-key";
import {
  CONFIRM_INTENT,
  CREATE_API_KEY,
  ROLL_API_KEY,
  type TestAnswer,
  type TestApi,
  makeIntent,
  newKey,
  startTestApi,
} from "../support/api";

/** Where four eyes are required, one operator's word about an unknown outcome settles nothing. */

let api: TestApi;
let alice: string;
let bob: string;
beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_FOUR_EYES: "true", ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
  alice = await createPlatformKey(api.db, "Alice");
  bob = await createPlatformKey(api.db, "Bob");
});
afterAll(async () => {
  await api.makeDue();
  await api.drain();
  await api.stop();
});

const RESOLVE = `mutation ($input: ResolveUnknownAttemptInput!, $key: String!) {
  resolveUnknownAttempt(input: $input, idempotencyKey: $key) {
    paymentIntent { id status }
    proposal { source outcome effect reason at }
    idempotency { status }
  } }`;

interface Said {
  readonly resolution?: "SUCCEEDED" | "FAILED";
  readonly reason?: string;
  readonly processorChargeId?: string;
}

function say(key: string, attemptId: string, said: Said = {}, as = newKey()): Promise<TestAnswer> {
  const word = { resolution: "SUCCEEDED", reason: "seen in their portal", override: true };
  const input = { attemptId, ...word, ...said };
  return api.send({
    query: RESOLVE,
    variables: { input, key: as },
    key,
    headers: api.asPlatform.headers,
  });
}

async function anUnknown(): Promise<string> {
  const { id } = await makeIntent(api);
  const input = { paymentIntentId: id };
  await api.send({ query: CONFIRM_INTENT, variables: { input, key: newKey() } });
  await api.sandbox.setFault({
    fault: "lose_response",
    rate: 1,
    operation: "charge",
    count: 1,
  });
  await api.relayOnce();
  await api.runCharges();
  const [attempt] = await api.db("attempts").where({ payment_intent_id: id });
  expect(attempt.status).toBe("UNKNOWN");
  return attempt.id as string;
}

async function evidenceOf(attemptId: string): Promise<Record<string, unknown>[]> {
  const { data } = await api.send({
    query: `{ node(id: "${attemptId}") { ... on Attempt { status evidence { source outcome effect reason } } } }`,
  });
  return data.node.evidence as Record<string, unknown>[];
}

/** Whether what was said has settled the attempt, or waits for another operator. */
function stateOf({ data, error }: TestAnswer): unknown {
  if (error) return error.extensions.code;
  const { paymentIntent, proposal } = data.resolveUnknownAttempt;
  expect(paymentIntent.status).toBe(proposal ? "PROCESSING" : "SUCCEEDED");
  return proposal ? "proposed" : "settled";
}

/** A key that a platform operator makes through the API. */
async function mintedBy(key: string, query: string, input: object): Promise<string> {
  const { data, body } = await api.send({ query, variables: { input, key: newKey() }, key });
  expect(body.errors).toBeUndefined();
  const [payload] = Object.values(data as Record<string, { secret: string }>);
  return payload?.secret ?? "";
}

test("two operators who say the same settle it, and both are in the evidence", async () => {
  const attemptId = await anUnknown();
  const first = await say(alice, attemptId);
  expect(stateOf(first)).toBe("proposed");
  const { proposal } = first.data.resolveUnknownAttempt;
  expect(proposal).toMatchObject({
    source: expect.stringMatching(/^key_/),
    outcome: "approved",
    effect: "proposed",
    reason: "seen in their portal",
  });
  expect(await evidenceOf(attemptId)).toMatchObject([{ effect: "proposed" }]);
  const second = await say(bob, attemptId, { reason: "they told me on the telephone" });
  expect(stateOf(second)).toBe("settled");
  expect(await evidenceOf(attemptId)).toMatchObject([
    { source: proposal.source, effect: "proposed", reason: "seen in their portal" },
    { effect: "applied", reason: "they told me on the telephone" },
  ]);
  expect(stateOf(await say(alice, attemptId))).toBe("INVALID_STATE");
});

test("a repeat shows the proposal that it made", async () => {
  const attemptId = await anUnknown();
  const key = newKey();
  const first = await say(alice, attemptId, {}, key);
  await say(bob, attemptId);
  const again = await say(alice, attemptId, {}, key);
  const { proposal, paymentIntent, idempotency } = again.data.resolveUnknownAttempt;
  expect(idempotency.status).toBe("REPLAYED");
  expect({ proposal, paymentIntent }).toEqual({
    proposal: first.data.resolveUnknownAttempt.proposal,
    paymentIntent: first.data.resolveUnknownAttempt.paymentIntent,
  });
});

test("one operator who says it twice is one operator", async () => {
  const attemptId = await anUnknown();
  for (let time = 0; time < 3; time += 1) {
    expect(stateOf(await say(alice, attemptId))).toBe("proposed");
  }
  expect(await evidenceOf(attemptId)).toHaveLength(1);
});

test("a key that an operator has made or rolled is that operator's", async () => {
  const carol = await createPlatformKey(api.db, "Carol");
  const [{ id }] = (await api.db("api_keys").where({ name: "Carol" })) as [{ id: string }];
  const attemptId = await anUnknown();
  expect(stateOf(await say(carol, attemptId))).toBe("proposed");
  const another = await mintedBy(carol, CREATE_API_KEY, { kind: "PLATFORM", name: "Mallory" });
  expect(stateOf(await say(another, attemptId))).toBe("proposed");
  const rolled = await mintedBy(carol, ROLL_API_KEY, { apiKeyId: id });
  expect(stateOf(await say(rolled, attemptId))).toBe("proposed");
  const dave = await createPlatformKey(api.db, "Dave");
  const [{ id: daves }] = (await api.db("api_keys").where({ name: "Dave" })) as [{ id: string }];
  const taken = await mintedBy(rolled, ROLL_API_KEY, { apiKeyId: daves });
  expect(stateOf(await say(taken, attemptId))).toBe("proposed");
  expect(stateOf(await say(dave, attemptId))).toBe("settled");
});

test("two at once settle it once: one proposes, the other agrees", async () => {
  const attemptId = await anUnknown();
  const answers = await Promise.all([say(alice, attemptId), say(bob, attemptId)]);
  expect(answers.map(stateOf).sort()).toEqual(["proposed", "settled"]);
  expect(await api.movements(attemptId)).toHaveLength(1);
});

test("many of the same at once remain a proposal", async () => {
  const attemptId = await anUnknown();
  const answers = await Promise.all(Array.from({ length: 8 }, () => say(alice, attemptId)));
  expect(answers.map(stateOf)).toEqual(answers.map(() => "proposed"));
  expect(await evidenceOf(attemptId)).toHaveLength(1);
});

test.each<[string, Said, Said]>([
  ["resolution", { resolution: "SUCCEEDED" }, { resolution: "FAILED" }],
  ["charge", { processorChargeId: "ch_1" }, { processorChargeId: "ch_2" }],
])("two who differ in the %s settle nothing", async (_what, hers, his) => {
  const attemptId = await anUnknown();
  expect(stateOf(await say(alice, attemptId, hers))).toBe("proposed");
  expect(stateOf(await say(bob, attemptId, his))).toBe("proposed");
  expect(await evidenceOf(attemptId)).toHaveLength(2);
});

test("what an operator said last is what counts", async () => {
  const attemptId = await anUnknown();
  const found = { processorChargeId: "ch_right" };
  await say(alice, attemptId, { processorChargeId: "ch_wrong" });
  await say(alice, attemptId, found);
  expect(stateOf(await say(bob, attemptId, { processorChargeId: "ch_wrong" }))).toBe("proposed");
  expect(stateOf(await say(bob, attemptId, found))).toBe("settled");
});

test("what a revoked key has said does not count", async () => {
  const eve = await createPlatformKey(api.db, "Eve");
  const attemptId = await anUnknown();
  expect(stateOf(await say(eve, attemptId))).toBe("proposed");
  await api.db("api_keys").where({ name: "Eve" }).update({ revoked_at: new Date() });
  expect(stateOf(await say(bob, attemptId))).toBe("proposed");
  expect(stateOf(await say(alice, attemptId))).toBe("settled");
});
