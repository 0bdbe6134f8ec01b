import { createClient } from "../../src/sdk/client";
import { OncepayError } from "../../src/sdk/oncepay-error";
import { createRetryBudget } from "../../src/sdk/retry-budget";
import { waitFor } from "../support/wait-for";
import type { AttemptReport } from "../../src/sdk/settings";
import {
  type Reply,
  type ScriptedApi,
  type Script,
  created,
  refused,
  startApi,
} from "./scripted-api";
import { PATIENCE_MS } from "../support/patience";

const input = { amount: 2_500, currency: "USD" };
const plenty = () => createRetryBudget({ ratio: 1, burst: 100, initial: 100 });
const quick = { baseMs: 4, capMs: 8 };
const found: Reply = { body: { data: { paymentIntent: { id: "pi_1" } } } };

const running: ScriptedApi[] = [];
afterEach(() => Promise.all(running.splice(0).map((api) => api.stop())));

async function start(...script: Script) {
  const api = await startApi(...script);
  running.push(api);
  const reports: AttemptReport[] = [];
  const client = createClient({
    url: api.url,
    apiKey: "sk_test",
    timeoutMs: PATIENCE_MS,
    deadlineMs: PATIENCE_MS,
    retry: quick,
    budget: plenty(),
    onAttempt: (report) => reports.push(report),
  });
  return { api, client, reports };
}

async function errorOf(call: Promise<unknown>): Promise<OncepayError> {
  const error: unknown = await call.then(
    () => new Error("the call succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof OncepayError) return error;
  throw error;
}

test.each<[string, Reply]>([
  ["a cut connection", { cut: "before" }],
  ["an answer that breaks off", { ...created(), cut: "inside" }],
  ["408 of a proxy", { status: 408, body: "<html>" }],
  ["429 of a proxy", { status: 429, body: "<html>" }],
  ["502 of a proxy", { status: 502, body: "<html>" }],
  ["503 of a proxy", { status: 503, body: "" }],
  ["504 of a proxy", { status: 504, body: '{"errors":[{"message":"no code"}]}' }],
  ["IDEMPOTENCY_KEY_IN_USE", refused("IDEMPOTENCY_KEY_IN_USE", { retryable: true, status: 409 })],
  ["RATE_LIMITED", refused("RATE_LIMITED", { retryable: true, status: 429 })],
  ["UNAVAILABLE", refused("UNAVAILABLE", { retryable: true, status: 503 })],
  ["INTERNAL with status 200", refused("INTERNAL", { retryable: true })],
])("tries again after %s, with the same key and the same bytes", async (_what, reply) => {
  const { api, client } = await start(reply, reply, created());
  const payload = await client.createPaymentIntent(input);
  expect(payload.paymentIntent.id).toBe("pi_1");
  expect(api.seen).toHaveLength(3);
  expect(new Set(api.keys()).size).toBe(1);
  expect(api.keys()[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(api.seen[0]?.variables).toEqual(api.seen[2]?.variables);
});

test.each<[string, Reply, string]>([
  ["BAD_USER_INPUT", refused("BAD_USER_INPUT", { status: 400 }), "BAD_USER_INPUT"],
  ["UNAUTHENTICATED", refused("UNAUTHENTICATED", { status: 401 }), "UNAUTHENTICATED"],
  ["FORBIDDEN", refused("FORBIDDEN", { status: 403 }), "FORBIDDEN"],
  ["NOT_FOUND", refused("NOT_FOUND", { status: 404 }), "NOT_FOUND"],
  ["INVALID_STATE", refused("INVALID_STATE", { status: 409 }), "INVALID_STATE"],
  [
    "IDEMPOTENCY_KEY_REUSED",
    refused("IDEMPOTENCY_KEY_REUSED", { status: 422 }),
    "IDEMPOTENCY_KEY_REUSED",
  ],
  ["AMOUNT_TOO_LARGE", refused("AMOUNT_TOO_LARGE", { status: 422 }), "AMOUNT_TOO_LARGE"],
  ["a code of the future with status 503", refused("NEW", { status: 503 }), "NEW"],
  ["401 of a proxy", { status: 401, body: "<html>" }, "HTTP_ERROR"],
  ["404 of a proxy", { status: 404, body: "<html>" }, "HTTP_ERROR"],
  ["a redirect", { status: 307, headers: { location: "/elsewhere" } }, "HTTP_ERROR"],
])("does not try again after %s", async (_what, reply, code) => {
  const { api, client, reports } = await start(reply, created());
  const error = await errorOf(client.createPaymentIntent(input));
  expect(error).toMatchObject({ code, retryable: false, tries: 1 });
  expect(error.idempotencyKey).toBe(api.keys()[0]);
  expect(api.seen).toHaveLength(1);
  expect(reports).toHaveLength(1);
  expect(reports[0]).toMatchObject({ operation: "createPaymentIntent", code, tries: 1 });
});

test("an error has all that the API said", async () => {
  const details = { remaining: 5 };
  const { client } = await start(refused("AMOUNT_TOO_LARGE", { status: 422, details }));
  const error = await errorOf(client.refundPaymentIntent({ paymentIntentId: "pi_1", amount: 9 }));
  expect(error).toMatchObject({
    name: "OncepayError",
    message: "AMOUNT_TOO_LARGE happened",
    requestId: "req_1",
    status: 422,
    details,
  });
});

test("of several errors, the one that repeating does not help decides", async () => {
  const [retryable, final] = [refused("INTERNAL", { retryable: true }), refused("FORBIDDEN")].map(
    ({ body }) => (body as { errors: unknown[] }).errors[0],
  );
  const both = { body: { data: { paymentIntent: null }, errors: [retryable, final] } };
  const { api, client } = await start(both, found);
  expect(await errorOf(client.paymentIntent({ id: "pi_1" }))).toMatchObject({ code: "FORBIDDEN" });
  expect(api.seen).toHaveLength(1);
});

test("queries are tried again likewise, and carry no key", async () => {
  const { api, client } = await start(
    { cut: "before" },
    refused("INTERNAL", { retryable: true }),
    found,
  );
  await expect(client.paymentIntent({ id: "pi_1" })).resolves.toEqual({ id: "pi_1" });
  expect(api.keys()).toEqual([undefined, undefined, undefined]);
  expect(api.seen[0]?.headers).toMatchObject({
    accept: "application/graphql-response+json, application/json",
    authorization: "Bearer sk_test",
    "content-type": "application/json",
  });
});

test("a query of the caller's own is tried again too", async () => {
  const { api, client } = await start({ status: 503 }, { body: { data: { mine: 1 } } });
  await expect(client.query("query mine($a: Int) { mine(a: $a) }", { a: 1 })).resolves.toEqual({
    mine: 1,
  });
  expect(api.seen.map(({ variables }) => variables)).toEqual([{ a: 1 }, { a: 1 }]);
});

test("a browser sends its client secret", async () => {
  const { api } = await start(found);
  const client = createClient({ url: api.url, apiKey: "pk_test", clientSecret: "pi_1_secret_x" });
  await client.paymentIntent({ id: "pi_1" });
  expect(api.seen[0]?.headers["oncepay-client-secret"]).toBe("pi_1_secret_x");
});

test.each<[string, Reply, number]>([
  ["the header", { status: 429, headers: { "retry-after": "1" }, body: "" }, 1_000],
  [
    "the header as a date",
    {
      status: 503,
      headers: {
        date: "Fri, 20 Nov 2026 10:00:00 GMT",
        "retry-after": "Fri, 20 Nov 2026 10:00:01 GMT",
      },
    },
    1_000,
  ],
  ["the error", refused("UNAVAILABLE", { retryable: true, retryAfterMs: 300 }), 300],
  [
    "the later of both",
    refused("RATE_LIMITED", {
      retryable: true,
      retryAfterMs: 300,
      headers: { "retry-after": "1" },
      status: 429,
    }),
    1_000,
  ],
])(
  "comes back no earlier than asked for by %s, and jitters on top",
  async (_what, reply, askedMs) => {
    const { api, client, reports } = await start(reply, created());
    await client.createPaymentIntent(input);
    const waitedMs = (api.seen[1]?.at ?? 0) - (api.seen[0]?.at ?? 0);
    expect(waitedMs).toBeGreaterThanOrEqual(askedMs);
    expect(reports[0]?.retryInMs).toBeGreaterThan(askedMs);
    expect(reports[0]?.retryInMs).toBeLessThanOrEqual(askedMs + quick.capMs);
  },
);

test("gives up at once when the wait would pass the deadline", async () => {
  const details = { mayHaveExecuted: false };
  const reply = refused("UNAVAILABLE", { retryable: true, retryAfterMs: 90_000, details });
  const { api } = await start(reply, created());
  const slept: number[] = [];
  const sleep = (ms: number): Promise<void> => Promise.resolve(void slept.push(ms));
  const client = createClient({ url: api.url, apiKey: "sk_test", budget: plenty(), sleep });
  const error = await errorOf(client.createPaymentIntent(input, { deadlineMs: 60_000 }));
  expect(slept).toEqual([]);
  expect(error).toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 90_000, retryable: true });
  expect(api.seen).toHaveLength(1);
});

test("a try that gets no answer is given up after its time, and the whole call after its own", async () => {
  const { api } = await start({ hang: true });
  const reports: AttemptReport[] = [];
  const client = createClient({
    url: api.url,
    apiKey: "sk_test",
    retry: quick,
    budget: plenty(),
    onAttempt: (report) => reports.push(report),
    // Every try takes exactly its time, however long this machine takes over it.
    now: () => reports.length * 100,
  });
  const options = { timeoutMs: 100, deadlineMs: 350 };
  const error = await errorOf(client.paymentIntent({ id: "pi_1" }, options));
  expect(error).toMatchObject({ code: "TIMEOUT", tries: 4 });
  expect(api.seen.length).toBeLessThanOrEqual(4);
});

test("sends no more than triesMax times", async () => {
  const { api, client } = await start({ status: 503, body: "" });
  const error = await errorOf(client.paymentIntent({ id: "pi_1" }));
  expect(error).toMatchObject({ code: "HTTP_ERROR", status: 503, tries: 8, retryable: true });
  expect(api.seen).toHaveLength(8);
});

test("without budget there is no retry", async () => {
  const { api } = await start({ status: 503, body: "" });
  const budget = { ratio: 0, initial: 1 };
  const client = createClient({ url: api.url, apiKey: "sk_test", retry: quick, budget });
  for (const tries of [2, 1, 1]) {
    expect(await errorOf(client.paymentIntent({ id: "pi_1" }))).toMatchObject({ tries });
  }
});

test("clients of one process that talk to one API share its budget unless told otherwise", async () => {
  const { api } = await start({ status: 503, body: "" });
  const clientOf = () => createClient({ url: api.url, apiKey: "sk_test", retry: quick });
  const tries = [];
  for (let number = 0; number < 3; number += 1) {
    tries.push((await errorOf(clientOf().paymentIntent({ id: "pi_1" }))).tries);
  }
  expect(tries).toEqual([4, 1, 1]);
});

test("a refused connection was never sent, so nobody needs to doubt", async () => {
  const { api, client } = await start(created());
  await api.stop();
  running.splice(0);
  expect(await errorOf(client.createPaymentIntent(input))).toMatchObject({
    code: "NETWORK_ERROR",
    message: "The connection failed (ECONNREFUSED).",
    retryable: true,
    tries: 8,
  });
});

test("the caller's signal ends the call before, during and between its tries", async () => {
  const { api, client, reports } = await start(
    { hang: true },
    { status: 503, headers: { "retry-after": "50" } },
  );
  const before = AbortSignal.abort("changed my mind");
  expect(await errorOf(client.createPaymentIntent(input, { signal: before }))).toMatchObject({
    code: "ABORTED",
    cause: "changed my mind",
    tries: 0,
  });
  expect(api.seen).toHaveLength(0);
  const moments = [
    ["the request", () => api.seen.length === 1],
    ["the answer", () => reports.some(({ code }) => code === "HTTP_ERROR")],
  ] as const;
  for (const [call, [what, hasCome]] of moments.entries()) {
    const controller = new AbortController();
    const failing = errorOf(client.createPaymentIntent(input, { signal: controller.signal }));
    await waitFor(what, hasCome);
    controller.abort();
    const error = await failing;
    expect(error).toMatchObject({ code: "ABORTED", retryable: false, tries: 1 });
    expect(error.idempotencyKey).toBe(api.keys()[call]);
  }
  expect(api.seen).toHaveLength(2);
});

test("who watches cannot break a call", async () => {
  const { api } = await start(created());
  const onAttempt = (): never => {
    throw new Error("the logger is broken");
  };
  const client = createClient({ url: api.url, apiKey: "sk_test", onAttempt });
  await expect(client.createPaymentIntent(input)).resolves.toBeDefined();
});
