import { createPlatformKey } from "../../src/merchants/create-platform-key";
import { settleSurely } from "../../src/payments/settle/settle-surely";
import {
  CONFIRM_INTENT,
  type AsPlatform,
  REFUND_INTENT,
  type TestAnswer,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";

/** What a named operator may say about an outcome that nobody knows, and what happens when it was wrong. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
});
afterAll(() => api.stop());
afterEach(() => api.sandbox.call("DELETE", "/admin/faults"));

const UNKNOWN = `{ unknownAttempts { edges { node { id paymentIntentId operation status processor amount currency message lookups nextLookupAt unknownSince evidence { source } } } } }`;

const RESOLVE = `mutation ($input: ResolveUnknownAttemptInput!, $key: String!) {
  resolveUnknownAttempt(input: $input, idempotencyKey: $key) {
    paymentIntent { id status amountCaptured lastPaymentError { code } } idempotency { status }
  }
}`;

const EVIDENCE = `query ($id: ID!) {
  paymentIntent(id: $id) { status attempts { edges { node { id operation status message evidence { source outcome effect reason } } } } }
}`;

interface Resolution {
  readonly attemptId: string;
  readonly resolution: "SUCCEEDED" | "FAILED";
  readonly reason: string;
  readonly override?: boolean;
}

function resolve(
  input: Resolution,
  { key = newKey(), as = api.asPlatform }: { key?: string; as?: Partial<AsPlatform> } = {},
): Promise<TestAnswer> {
  return api.send({
    query: RESOLVE,
    variables: { input: { override: true, ...input }, key },
    ...as,
  });
}

/** Confirmed, sent, and no answer came. */
async function anUnknown(
  fault: "lose_response" | "lose_request",
): Promise<{ id: string; attemptId: string }> {
  const { id } = await makeIntent(api);
  const input = { paymentIntentId: id };
  await api.send({ query: CONFIRM_INTENT, variables: { input, key: newKey() } });
  await api.sandbox.setFault({ fault, rate: 1, operation: "charge", count: 1 });
  await api.relayOnce();
  await api.runCharges();
  const { data } = await api.send({ query: UNKNOWN, key: api.merchant.operatorKey });
  const found = data.unknownAttempts.edges.find(
    ({ node }: { node: { paymentIntentId: string } }) => node.paymentIntentId === id,
  );
  expect(found.node).toMatchObject({
    operation: "CHARGE",
    status: "UNKNOWN",
    processor: "sandbox",
    amount: 2_500,
    currency: "USD",
    lookups: 0,
  });
  expect(found.node.nextLookupAt).not.toBeNull();
  // An operator is told what broke; the merchant is not told the insides of our network.
  expect(found.node.message).toEqual(expect.any(String));
  const { data: seen } = await api.send({ query: EVIDENCE, variables: { id } });
  expect(seen.paymentIntent.attempts.edges).toMatchObject([
    { node: { status: "UNKNOWN", message: null } },
  ]);
  return { id, attemptId: found.node.id };
}

it("settles by an operator's word, once for its key, and keeps the reason", async () => {
  const { id, attemptId } = await anUnknown("lose_response");
  const finding = { attemptId, resolution: "SUCCEEDED", reason: "seen in their portal" } as const;
  const key = newKey();
  const first = await resolve(finding, { key });
  expect(first.data.resolveUnknownAttempt).toMatchObject({
    paymentIntent: { id, status: "SUCCEEDED", amountCaptured: 2_500 },
    idempotency: { status: "EXECUTED" },
  });
  const again = await resolve(finding, { key });
  expect(again.data.resolveUnknownAttempt.idempotency.status).toBe("REPLAYED");
  const { data } = await api.send({ query: EVIDENCE, variables: { id } });
  expect(data.paymentIntent.attempts.edges[0].node.evidence).toMatchObject([
    { outcome: "approved", effect: "applied", reason: "seen in their portal" },
  ]);
  const late = await resolve({ ...finding, resolution: "FAILED" });
  expect(late.error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: { because: "Its outcome is known.", currentState: "SUCCEEDED", allowedActions: [] },
  });
});

it("settles once when two operators say it at once, and tells the second what the first has done", async () => {
  const { attemptId } = await anUnknown("lose_response");
  const { headers } = api.asPlatform;
  const another = { key: await createPlatformKey(api.db, "another operator"), headers };
  const answers = await Promise.all(
    [api.asPlatform, another, api.asPlatform, another].map((as, n) =>
      resolve({ attemptId, resolution: "SUCCEEDED", reason: `seen by ${String(n)}` }, { as }),
    ),
  );
  const done = answers.filter(({ error }) => error === undefined);
  expect(done.map(({ data }) => data.resolveUnknownAttempt.idempotency.status)).toEqual([
    "EXECUTED",
  ]);
  for (const { error } of answers.filter((answer) => answer.error !== undefined)) {
    expect(error?.extensions).toMatchObject({
      code: "INVALID_STATE",
      details: { currentState: "SUCCEEDED" },
    });
  }
  const captures = { source_id: attemptId, kind: "capture" };
  expect(await api.db("journals").where(captures)).toHaveLength(1);
  await api.app.auditLog.flush();
  const written = await api.db("audit_log").where({ subject_id: attemptId, action: "WRITE" });
  expect(written.map(({ outcome }) => outcome as string).sort()).toEqual([
    ...["REFUSED", "REFUSED", "REFUSED", "SUCCEEDED"],
  ]);
});

it.each([
  ["SUCCEEDED", "lose_response"],
  ["FAILED", "lose_request"],
] as const)(
  "answers with the payment intent when the attempt was a refund that is found to have %s",
  async (resolution, fault) => {
    const { id } = await makePaid(api);
    const input = { paymentIntentId: id, amount: 500 };
    await api.send({ query: REFUND_INTENT, variables: { input, key: newKey() } });
    await api.sandbox.setFault({ fault, rate: 1, operation: "refund", count: 1 });
    await api.relayOnce();
    await api.runCharges();
    const { data } = await api.send({ query: UNKNOWN, key: api.merchant.operatorKey });
    const found = data.unknownAttempts.edges.find(
      ({ node }: { node: { paymentIntentId: string } }) => node.paymentIntentId === id,
    );
    const finding = { attemptId: found.node.id, resolution, reason: "seen in their portal" };
    const key = newKey();
    const first = await resolve(finding, { key });
    expect(first.error).toBeUndefined();
    expect(first.data.resolveUnknownAttempt.paymentIntent).toMatchObject({
      id,
      status: "SUCCEEDED",
      amountCaptured: 2_500,
    });
    const again = await resolve(finding, { key });
    expect(again.data.resolveUnknownAttempt.paymentIntent).toEqual(
      first.data.resolveUnknownAttempt.paymentIntent,
    );
  },
);

it("gives money back that moved although an operator said it had not", async () => {
  const { id, attemptId } = await anUnknown("lose_response");
  const resolved = await resolve({ attemptId, resolution: "FAILED", reason: "not in their list" });
  expect(resolved.data.resolveUnknownAttempt.paymentIntent).toMatchObject({
    status: "REQUIRES_PAYMENT_METHOD",
    lastPaymentError: { code: "resolved_by_operator" },
  });
  // The shopper pays again, and then the network says what it did the first time.
  const input = { paymentIntentId: id, paymentMethod: "pm_card_mastercard" };
  await api.send({ query: CONFIRM_INTENT, variables: { input, key: newKey() } });
  await api.drain();
  const outcome = {
    kind: "approved",
    processorChargeId: "ch_told_late",
    amountMinor: 2_500,
    feeMinor: 103,
  } as const;
  const attempt = { merchantId: api.merchant.id, id: attemptId, paymentIntentId: id };
  const settled = await settleSurely(api.app, attempt, { outcome, source: "webhook" });
  expect(settled.effect).toBe("contradiction");
  await api.drain();
  expect((await api.movements(attemptId)).map(({ kind }) => kind)).toEqual(["capture", "reverse"]);
  const { data, error } = await api.send({ query: EVIDENCE, variables: { id } });
  expect(error).toBeUndefined();
  expect(data.paymentIntent).toMatchObject({
    status: "SUCCEEDED",
    attempts: {
      edges: [
        { node: { operation: "COMPENSATE", status: "SUCCEEDED" } },
        { node: { operation: "CHARGE", status: "SUCCEEDED" } },
        {
          node: { id: attemptId, status: "DECLINED", evidence: [{}, { effect: "contradiction" }] },
        },
      ],
    },
  });
});

it("is for platform operators alone, who act for the same merchant, and wants a reason", async () => {
  const { attemptId } = await anUnknown("lose_request");
  const finding = { attemptId, resolution: "FAILED", reason: "asked them" } as const;
  for (const key of [api.merchant.secretKey, api.merchant.operatorKey]) {
    const tenant = await resolve(finding, { as: { key } });
    expect(tenant.error?.extensions.code).toBe("FORBIDDEN");
  }
  const { key } = api.asPlatform;
  const elsewhere = { key, headers: { "oncepay-merchant": api.stranger.id } };
  for (const as of [{ key }, elsewhere]) {
    expect((await resolve(finding, { as })).error?.extensions.code).toBe("NOT_FOUND");
  }
  const silent = await resolve({ ...finding, reason: "" });
  expect(silent.error?.extensions.code).toBe("BAD_USER_INPUT");
  const theirs = await api.send({ query: UNKNOWN, key: api.stranger.operatorKey });
  expect(theirs.data.unknownAttempts.edges).toEqual([]);
  expect((await resolve(finding)).error).toBeUndefined();
});

describe("before an operator may say it", () => {
  test("the processor has been asked, and some time has passed; unless the operator insists, which is on record", async () => {
    const { attemptId } = await anUnknown("lose_response");
    const finding = { attemptId, resolution: "SUCCEEDED", reason: "seen" } as const;
    const young = await resolve({ ...finding, override: false });
    expect(young.error?.extensions).toMatchObject({
      code: "INVALID_STATE",
      details: { currentState: "UNKNOWN", needs: "override", lookups: 0 },
    });
    await age(attemptId, { lookups: 0 });
    const unasked = await resolve({ ...finding, override: false });
    expect(unasked.error?.extensions.details).toMatchObject({ needs: "override", lookups: 0 });
    await age(attemptId, { lookups: 1 });
    expect((await resolve({ ...finding, override: false })).error).toBeUndefined();
    const { attemptId: another } = await anUnknown("lose_response");
    expect((await resolve({ ...finding, attemptId: another })).error).toBeUndefined();
    const [entry] = await api.db("audit_log").where({ subject_id: another, outcome: "SUCCEEDED" });
    expect(entry.details).toMatchObject({ override: true });
  });

  async function age(attemptId: string, set: object): Promise<void> {
    const unknown_since = new Date(Date.now() - 16 * 60_000);
    await api
      .db("attempts")
      .where({ id: attemptId })
      .update({ unknown_since, ...set });
  }

  test("one that is being undone waits for the processor's acknowledgement, whatever the operator says", async () => {
    const { attemptId } = await anUnknown("lose_response");
    await age(attemptId, { lookups: 1, reversing: true });
    for (const override of [false, true]) {
      const finding = { attemptId, resolution: "FAILED", reason: "asked them", override } as const;
      expect((await resolve(finding)).error?.extensions).toMatchObject({
        code: "INVALID_STATE",
        details: {
          because: "It is being undone: the processor has yet to acknowledge that.",
          currentState: "UNKNOWN",
          allowedActions: ["LOOK_UP"],
        },
      });
    }
    await lookUp(attemptId);
    await api.sweepOnce();
    expect((await api.movements(attemptId)).map(({ kind }) => kind)).toEqual([
      "capture",
      "reverse",
    ]);
    await api.drain();
  });

  test("the processor can be asked at once", async () => {
    const { id, attemptId } = await anUnknown("lose_response");
    await api.sweepOnce();
    expect(await statusOf(attemptId)).toBe("UNKNOWN");
    const asked = await lookUp(attemptId);
    expect(asked.data.lookUpAttempt).toEqual({
      attempt: { id: attemptId, status: "UNKNOWN", lookups: 0 },
    });
    const again = await lookUp(attemptId);
    expect(again.error?.extensions).toMatchObject({
      code: "INVALID_STATE",
      details: { because: "It is being looked up already.", allowedActions: ["RESOLVE"] },
    });
    await api.sweepOnce();
    expect(await statusOf(attemptId)).toBe("SUCCEEDED");
    const late = await lookUp(attemptId);
    expect(late.error?.extensions).toMatchObject({
      code: "INVALID_STATE",
      details: { currentState: "SUCCEEDED" },
    });
    expect((await api.movements(attemptId)).map(({ kind }) => kind)).toEqual(["capture"]);
    expect(id).toMatch(/^pi_/);
  });
});

describe("after an operator has said it, the processor is asked all the same", () => {
  test("it says the same: that is kept, and it is asked no more", async () => {
    const { attemptId } = await anUnknown("lose_response");
    await resolve({ attemptId, resolution: "SUCCEEDED", reason: "seen" });
    await lookUp(attemptId);
    await api.sweepOnce();
    expect(await checkOf(attemptId)).toMatchObject({ conclusion: "CONFIRMED", next_at: null });
    expect(await evidenceOf(attemptId)).toMatchObject([
      { effect: "applied" },
      { source: "lookup", outcome: { kind: "approved" }, effect: "confirmed" },
    ]);
    expect((await lookUp(attemptId)).error?.extensions.code).toBe("INVALID_STATE");
  });

  test("money moved that was said not to have: it is returned", async () => {
    const { attemptId } = await anUnknown("lose_response");
    await resolve({ attemptId, resolution: "FAILED", reason: "not in their list" });
    await lookUp(attemptId);
    await api.sweepOnce();
    expect(await checkOf(attemptId)).toMatchObject({ conclusion: "CONTRADICTED", next_at: null });
    await api.drain();
    expect((await api.movements(attemptId)).map(({ kind }) => kind)).toEqual([
      "capture",
      "reverse",
    ]);
    expect(await evidenceOf(attemptId)).toMatchObject([
      { effect: "applied" },
      { source: "lookup", outcome: { kind: "approved" }, effect: "contradiction" },
    ]);
  });

  test("nothing moved that was said to have: it is on record, once, whoever asks at the same time", async () => {
    const { attemptId } = await anUnknown("lose_request");
    await resolve({ attemptId, resolution: "SUCCEEDED", reason: "seen in another list" });
    // What cannot arrive any more.
    await api
      .db("attempts")
      .where({ id: attemptId })
      .update({ sent_at: new Date(0) });
    await lookUp(attemptId);
    await Promise.all([api.sweepOnce(), api.sweepOnce()]);
    expect(await checkOf(attemptId)).toMatchObject({ conclusion: "CONTRADICTED" });
    expect(await evidenceOf(attemptId)).toMatchObject([
      { effect: "applied" },
      { source: "lookup", outcome: { kind: "not_found" }, effect: "contradiction" },
    ]);
    expect(await api.movements(attemptId)).toEqual([]);
    // The books say what an operator said: what is missing is made up for, as an operator would.
    await api.app.processors.get("sandbox")?.send({
      reference: attemptId,
      operation: "charge",
      amountMinor: 2_500,
      currency: "USD",
      paymentMethod: "pm_card_visa",
    });
    expect(await api.movements(attemptId)).toHaveLength(1);
  });

  test("it says nothing: it is asked again later", async () => {
    const { attemptId } = await anUnknown("lose_response");
    await resolve({ attemptId, resolution: "SUCCEEDED", reason: "seen" });
    await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "lookup", count: 1 });
    await lookUp(attemptId);
    await api.sweepOnce();
    const check = await checkOf(attemptId);
    expect(check).toMatchObject({ conclusion: null, lookups: 1 });
    expect(check.next_at.getTime()).toBeGreaterThan(Date.now() + 60_000);
  });
});

const statusOf = async (attemptId: string): Promise<unknown> =>
  (await api.db("attempts").where({ id: attemptId }).first("status")).status;
const checkOf = (attemptId: string) =>
  api.db("resolution_checks").where({ attempt_id: attemptId }).first();
const evidenceOf = (attemptId: string) =>
  api.db("attempt_evidence").where({ attempt_id: attemptId }).orderBy("line");

function lookUp(attemptId: string): Promise<TestAnswer> {
  return api.send({
    query: `mutation ($input: LookUpAttemptInput!, $key: String!) {
      lookUpAttempt(input: $input, idempotencyKey: $key) { attempt { id status lookups } } }`,
    variables: { input: { attemptId }, key: newKey() },
    ...api.asPlatform,
  });
}
