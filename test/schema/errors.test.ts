import { Writable } from "node:stream";
import pino from "pino";
import { createApp } from "../../src/app";
import { readConfig } from "../../src/config";
import { configureFailpoints } from "../../src/failpoints";
import { startServer } from "../../src/server";
import { openPatiently, testSettings } from "../support/app";
import {
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_INTENT,
  REFUND_INTENT,
  type TestAnswer,
  type TestApi,
  type TestRequest,
  makeIntent,
  makePaid,
  newKey,
  send,
  startTestApi,
} from "../support/api";

const GRAPHQL = { accept: "application/graphql-response+json" };
const input = { amount: 2_500, currency: "USD" };

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ ONCEPAY_LOCK_TIMEOUT_MS: "200" });
});
afterAll(() => api.stop());

interface Expected {
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly details?: object;
}

function expectError(answer: TestAnswer, expected: Expected): void {
  expect(answer.error?.extensions).toEqual({
    code: expected.code,
    retryable: expected.retryable,
    retryAfterMs: answer.error?.extensions.retryAfterMs ?? null,
    requestId: answer.headers.get("x-request-id"),
    details: expected.details ?? expect.any(Object),
  });
  expect(answer.body.data ?? null).toBeNull();
  const waitMs = answer.error?.extensions.retryAfterMs as number | null;
  expect(answer.headers.get("retry-after")).toBe(
    waitMs === null ? null : String(Math.ceil(waitMs / 1_000)),
  );
}

/** The same failure as both kinds of client meet it. */
async function expectFailure(request: TestRequest, expected: Expected): Promise<void> {
  const plain = await api.send(request);
  expectError(plain, expected);
  expect(plain.status).toBe(200);
  expect(plain.headers.get("content-type")).toBe("application/json; charset=utf-8");
  const spec = await api.send({ ...request, headers: GRAPHQL });
  expectError(spec, expected);
  expect(spec.status).toBe(expected.status);
  expect(spec.headers.get("content-type")).toBe("application/graphql-response+json; charset=utf-8");
}

test("BAD_USER_INPUT: a document that cannot be parsed or is not valid, and a value that cannot be read", async () => {
  const expected = { code: "BAD_USER_INPUT", status: 400, retryable: false };
  await expectFailure({ query: "{" }, expected);
  await expectFailure({ query: "{ nothing }" }, expected);
  await expectFailure(
    { query: "query A { merchant { id } } query B { merchant { id } }" },
    expected,
  );
  await expectFailure(
    { query: CREATE_INTENT, variables: { input: { ...input, amount: -1 }, key: newKey() } },
    expected,
  );
  await expectFailure(
    { query: CREATE_INTENT, variables: { input, key: "" } },
    { ...expected, details: { field: "idempotencyKey" } },
  );
});

test("UNAUTHENTICATED: no key, no such key, a key of another format", async () => {
  const expected = { code: "UNAUTHENTICATED", status: 401, retryable: false, details: {} };
  const { secretKey } = api.merchant;
  for (const key of [
    null,
    "sk_nonsense",
    `${secretKey.slice(0, -1)}_`,
    secretKey.replace("sk_", "ok_"),
  ]) {
    await expectFailure({ query: "{ merchant { id } }", key }, expected);
  }
  await expectFailure(
    { query: "{ merchant { id } }", key: null, headers: { authorization: `Basic ${secretKey}` } },
    expected,
  );
});

test("FORBIDDEN: the key lacks the scope, also where data could have been null", async () => {
  await expectFailure(
    { query: CREATE_INTENT, variables: { input, key: newKey() }, key: api.merchant.operatorKey },
    { code: "FORBIDDEN", status: 403, retryable: false, details: { scope: "payments:write" } },
  );
  await expectFailure(
    { query: '{ node(id: "x") { id } merchant { id } }', key: api.merchant.publishableKey },
    { code: "FORBIDDEN", status: 403, retryable: false },
  );
});

test("NOT_FOUND and INVALID_STATE are verdicts, and replayed like results", async () => {
  const missing = "pi_01m7w8wagbx5338azawms6zrmk";
  const confirm = {
    query: CONFIRM_INTENT,
    variables: { input: { paymentIntentId: missing }, key: newKey() },
  };
  const details = { object: "payment intent", id: missing };
  await expectFailure(confirm, { code: "NOT_FOUND", status: 404, retryable: false, details });
  const { id } = await makeIntent(api);
  await expectFailure(
    { query: CAPTURE_INTENT, variables: { input: { paymentIntentId: id }, key: newKey() } },
    {
      code: "INVALID_STATE",
      status: 409,
      retryable: false,
      details: {
        id,
        because: "Nothing has been authorised yet.",
        currentState: "REQUIRES_CONFIRMATION",
        allowedActions: ["CONFIRM", "CANCEL", "UPDATE"],
      },
    },
  );
});

test("AMOUNT_TOO_LARGE says how much remains", async () => {
  const { id } = await makePaid(api);
  await expectFailure(
    {
      query: REFUND_INTENT,
      variables: { input: { paymentIntentId: id, amount: 2_501 }, key: newKey() },
    },
    { code: "AMOUNT_TOO_LARGE", status: 422, retryable: false, details: { id, remaining: 2_500 } },
  );
});

test("IDEMPOTENCY_KEY_REUSED", async () => {
  const key = newKey();
  await api.send({ query: CREATE_INTENT, variables: { input, key } });
  await expectFailure(
    { query: CREATE_INTENT, variables: { input: { ...input, amount: 1 }, key } },
    { code: "IDEMPOTENCY_KEY_REUSED", status: 422, retryable: false },
  );
});

test("IDEMPOTENCY_KEY_IN_USE while the first request is executing, which operation() sees as well", async () => {
  const key = newKey();
  const tx = await api.db.transaction();
  try {
    await tx("idempotency_keys").insert({
      merchant_id: api.merchant.id,
      operation: "createPaymentIntent",
      key,
      fingerprint: Buffer.alloc(32),
      failure_code: "NOT_FOUND",
    });
    await expectFailure(
      { query: CREATE_INTENT, variables: { input, key } },
      { code: "IDEMPOTENCY_KEY_IN_USE", status: 409, retryable: true },
    );
    const { data } = await api.send({
      query: `{ operation(name: "createPaymentIntent", idempotencyKey: "${key}") { status result { id } } }`,
    });
    expect(data.operation).toEqual({ status: "IN_PROGRESS", result: null });
  } finally {
    await tx.rollback();
  }
});

test("INTERNAL: shown without any detail, logged whole under the request's id, and no input with it", async () => {
  const lines: string[] = [];
  const log = pino(
    { level: "trace" },
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(chunk.toString());
        done();
      },
    }),
  );
  const config = readConfig(testSettings(api.databaseUrl, api.sandbox.url, {}));
  const overrides = { databases: openPatiently(config) };
  const app = createApp(config, log, { name: "test", overrides });
  const server = await startServer(app, { host: "127.0.0.1", port: 0 });
  try {
    configureFailpoints("api.before_commit:throw");
    const answer = await send(server.url, {
      query: CREATE_INTENT,
      variables: { input: { ...input, description: "very private" }, key: "private-key" },
      key: api.merchant.secretKey,
      headers: { ...GRAPHQL, "x-request-id": "my-request.1" },
    });
    expectError(answer, { code: "INTERNAL", status: 500, retryable: true, details: {} });
    expect(answer.status).toBe(500);
    expect(answer.headers.get("x-request-id")).toBe("my-request.1");
    expect(answer.error?.message).toBe("Internal error");
    expect(JSON.stringify(answer.body)).not.toMatch(/Failpoint|stack|select|insert/i);
    const logged = lines.join("");
    expect(logged).toContain("my-request.1");
    expect(logged).toContain("api.before_commit");
    expect(logged).not.toMatch(/very private|private-key/);
    expect(logged).not.toContain(api.merchant.secretKey);
  } finally {
    configureFailpoints(undefined);
    await server.close();
    await app.close();
  }
});

test("INTERNAL, in the same words, when the answer itself could not be made", async () => {
  try {
    configureFailpoints("api.before_reply:throw");
    const key = newKey();
    const answer = await api.send({
      query: CREATE_INTENT,
      variables: { input, key },
      headers: GRAPHQL,
    });
    expectError(answer, { code: "INTERNAL", status: 500, retryable: true, details: {} });
    expect(answer.status).toBe(500);
    configureFailpoints(undefined);
    const again = await api.send({ query: CREATE_INTENT, variables: { input, key } });
    expect(again.data.createPaymentIntent.idempotency.status).toBe("REPLAYED");
  } finally {
    configureFailpoints(undefined);
  }
});

test("UNAVAILABLE with a time to come back, when the database is away", async () => {
  const config = readConfig(
    testSettings("postgres://nobody@127.0.0.1:1/none", api.sandbox.url, {}),
  );
  const app = createApp(config, pino({ level: "silent" }), { name: "test" });
  const server = await startServer(app, { host: "127.0.0.1", port: 0 });
  try {
    const request = { query: "{ merchant { id } }", key: api.merchant.secretKey };
    const plain = await send(server.url, request);
    const details = { mayHaveExecuted: false };
    expectError(plain, { code: "UNAVAILABLE", status: 503, retryable: true, details });
    expect(plain.status).toBe(200);
    const spec = await send(server.url, { ...request, headers: GRAPHQL });
    expectError(spec, { code: "UNAVAILABLE", status: 503, retryable: true, details });
    expect(spec.status).toBe(503);
    expect(spec.error?.extensions.retryAfterMs).toBeGreaterThan(0);
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
  } finally {
    await server.close();
    await app.close();
  }
});

test("an error beside data leaves the status at 200", async () => {
  const answer = await api.send({
    query: "{ merchant { id } paymentIntents(first: 0) { edges { cursor } } }",
    headers: GRAPHQL,
  });
  // The list cannot be null, so nothing is left of the data.
  expect(answer.status).toBe(400);
  const { id } = await makeIntent(api);
  const beside = await api.send({
    query: `{ merchant { id } paymentIntent(id: "${id}") { attempts(after: "nowhere") { edges { cursor } } } }`,
    headers: GRAPHQL,
  });
  expect(beside.status).toBe(200);
  expect(beside.data).toEqual({
    merchant: { id: api.merchant.id },
    paymentIntent: { attempts: null },
  });
  expect(beside.error?.extensions.code).toBe("BAD_USER_INPUT");
});
