import { type ClientOptions, createClient } from "../../src/sdk/client";
import { memoryKeyStore, webStorageKeyStore } from "../../src/sdk/key-store";
import { OncepayError } from "../../src/sdk/oncepay-error";
import { createRetryBudget } from "../../src/sdk/retry-budget";
import { waitFor } from "../support/wait-for";
import {
  type Reply,
  type Script,
  type ScriptedApi,
  created,
  refused,
  startApi,
} from "./scripted-api";
import { PATIENCE_MS } from "../support/patience";

const input = { amount: 2_500, currency: "USD" };
const lost: Reply = { cut: "before" };

const running: ScriptedApi[] = [];
afterEach(() => Promise.all(running.splice(0).map((api) => api.stop())));

async function start(...script: Script): Promise<ScriptedApi> {
  const api = await startApi(...script);
  running.push(api);
  return api;
}

function clientOf(api: ScriptedApi, options: Partial<ClientOptions> = {}) {
  return createClient({
    url: api.url,
    apiKey: "sk_test",
    timeoutMs: PATIENCE_MS,
    deadlineMs: PATIENCE_MS,
    retry: { baseMs: 1, capMs: 2, triesMax: 2 },
    budget: createRetryBudget({ initial: 100, burst: 100 }),
    ...options,
  });
}

async function errorOf(call: Promise<unknown>): Promise<OncepayError> {
  const error: unknown = await call.then(
    () => new Error("the call succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof OncepayError) return error;
  throw error;
}

function operation(status: string, rest: object = {}): Reply {
  const known = { status, firstSeenAt: null, result: null, error: null, ...rest };
  return { body: { data: { operation: known } } };
}

function fakeStorage() {
  const items = new Map<string, string>();
  const storage = {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => void items.set(name, value),
    removeItem: (name: string) => void items.delete(name),
  };
  return { storage, items };
}

/** As a store is after a page was closed in the middle of a call. */
async function storeOfLostCall(options: Partial<ClientOptions> = {}) {
  const keyStore = memoryKeyStore();
  const api = await start(lost);
  const error = await errorOf(clientOf(api, { keyStore, ...options }).createPaymentIntent(input));
  expect(error.code).toBe("OUTCOME_UNKNOWN");
  return { keyStore, key: error.idempotencyKey };
}

describe("the key", () => {
  test("is the same when a page was reloaded, until there is an answer; then it is another", async () => {
    const { keyStore, key } = await storeOfLostCall();
    const api = await start(created());
    await clientOf(api, { keyStore }).createPaymentIntent({ currency: "USD", amount: 2_500 });
    await clientOf(api, { keyStore }).createPaymentIntent(input);
    expect(api.keys()[0]).toBe(key);
    expect(api.keys()[1]).not.toBe(key);
  });

  test("is in the store before the request is sent", async () => {
    const keyStore = memoryKeyStore();
    const stored: unknown[] = [];
    const spy = {
      ...keyStore,
      set: (name: string, key: string) => (stored.push(key), keyStore.set(name, key)),
    };
    const api = await start(({ variables }) => {
      expect(stored[0]).toBe(variables.idempotencyKey);
      return created();
    });
    await clientOf(api, { keyStore: spy }).createPaymentIntent(input);
    expect(stored).toHaveLength(2);
  });

  test("stands for what the caller calls it, whatever the input", async () => {
    const keyStore = memoryKeyStore();
    const api = await start(lost, lost, lost, created());
    const client = clientOf(api, { keyStore });
    const error = await errorOf(client.createPaymentIntent(input, { intentOf: "cart-1" }));
    await client.createPaymentIntent({ ...input, amount: 9 }, { intentOf: "cart-1" });
    await client.createPaymentIntent(input, { intentOf: "cart-2" });
    expect(api.keys()[3]).toBe(error.idempotencyKey);
    expect(api.keys()[4]).not.toBe(error.idempotencyKey);
  });

  test.each(["SUCCEEDED", "FAILED"])(
    "is ended by the page that is told that it has %s, also after a reload",
    async (status) => {
      const { storage, items } = fakeStorage();
      const page = (api: ScriptedApi) => clientOf(api, { keyStore: webStorageKeyStore(storage) });
      const wish = { intentOf: "cart 1, second try" };
      const before = await start(lost);
      const error = await errorOf(page(before).createPaymentIntent(input, wish));
      const idempotencyKey = error.idempotencyKey ?? "";
      const api = await start(operation("IN_PROGRESS"), lost, lost, lost, operation(status));
      const question = { name: "createPaymentIntent" as const, idempotencyKey };
      await page(api).operation(question);
      await errorOf(page(api).createPaymentIntent(input, wish));
      expect(api.keys()[1]).toBe(idempotencyKey);
      await page(api).operation(question);
      expect([...items]).toEqual([]);
      const next = await start(created());
      await page(next).createPaymentIntent(input, wish);
      expect(next.keys()[0]).not.toBe(idempotencyKey);
      expect([...items]).toEqual([]);
    },
  );

  test("of the caller is used as it is, and not stored", async () => {
    const keyStore = memoryKeyStore();
    const set = jest.fn();
    const api = await start(created());
    const client = clientOf(api, { keyStore: { ...keyStore, set } });
    await client.createPaymentIntent(input, { idempotencyKey: "order-42" });
    expect(api.keys()).toEqual(["order-42"]);
    expect(set).not.toHaveBeenCalled();
  });

  test.each<[string, Reply, boolean]>([
    ["INVALID_STATE, which is kept under it", refused("INVALID_STATE"), false],
    ["NOT_FOUND, which is kept under it", refused("NOT_FOUND"), false],
    ["AMOUNT_TOO_LARGE, which is kept under it", refused("AMOUNT_TOO_LARGE"), false],
    ["UNAUTHENTICATED, which says nothing about it", refused("UNAUTHENTICATED"), true],
    ["BAD_USER_INPUT, which says nothing about it", refused("BAD_USER_INPUT"), true],
    ["UNAVAILABLE", refused("UNAVAILABLE", { retryable: true }), true],
  ])("of a lost call is kept or forgotten after %s", async (_what, reply, isKept) => {
    const { keyStore, key } = await storeOfLostCall();
    const api = await start(reply);
    await errorOf(clientOf(api, { keyStore }).createPaymentIntent(input));
    const next = await start(created());
    await clientOf(next, { keyStore }).createPaymentIntent(input);
    expect(next.keys()[0] === key).toBe(isKept);
  });

  test("that nobody can have used is forgotten after a refusal", async () => {
    const keyStore = memoryKeyStore();
    const api = await start(refused("BAD_USER_INPUT"), created());
    const client = clientOf(api, { keyStore });
    await errorOf(client.createPaymentIntent(input));
    await client.createPaymentIntent(input);
    expect(api.keys()[1]).not.toBe(api.keys()[0]);
  });

  test("of an aborted call stays, because the call may have been executed", async () => {
    const keyStore = memoryKeyStore();
    const api = await start({ hang: true }, created());
    const client = clientOf(api, { keyStore });
    const controller = new AbortController();
    const failing = errorOf(client.createPaymentIntent(input, { signal: controller.signal }));
    await waitFor("the request", () => api.seen.length === 1);
    controller.abort();
    const error = await failing;
    expect(error.code).toBe("ABORTED");
    await client.createPaymentIntent(input);
    expect(api.keys()[1]).toBe(error.idempotencyKey);
  });
});

describe("when the answer is lost for good", () => {
  test("the API is asked what became of the key, and its result is the result", async () => {
    const firstSeenAt = "2026-11-20T10:00:00.000Z";
    const result = { __typename: "PaymentIntent", id: "pi_7", status: "REQUIRES_CONFIRMATION" };
    const keyStore = memoryKeyStore();
    const api = await start(lost, lost, operation("SUCCEEDED", { firstSeenAt, result }), created());
    const client = clientOf(api, { keyStore });
    const payload = await client.createPaymentIntent(input);
    expect(payload).toEqual({
      paymentIntent: { id: "pi_7", status: "REQUIRES_CONFIRMATION" },
      idempotency: { status: "REPLAYED", firstSeenAt, version: null },
    });
    expect(api.seen[2]).toMatchObject({
      operation: "operation",
      variables: { name: "createPaymentIntent", idempotencyKey: api.keys()[0] },
    });
    await client.createPaymentIntent(input);
    expect(api.keys()[3]).not.toBe(api.keys()[0]);
  });

  test("its refusal is the refusal", async () => {
    const refusal = { code: "AMOUNT_TOO_LARGE", message: "Too much.", details: { remaining: 5 } };
    const api = await start(lost, lost, operation("FAILED", { error: refusal }));
    const refund = clientOf(api).refundPaymentIntent({ paymentIntentId: "pi_1", amount: 9 });
    const error = await errorOf(refund);
    expect(error).toMatchObject({ ...refusal, retryable: false, tries: 2 });
  });

  test.each<[string, Reply, object]>([
    ["it has not been seen", operation("NOT_SEEN"), { operationStatus: "NOT_SEEN" }],
    ["it is in progress", operation("IN_PROGRESS"), { operationStatus: "IN_PROGRESS" }],
    ["asking fails too", lost, {}],
    ["asking is forbidden", refused("FORBIDDEN", { status: 403 }), {}],
  ])(
    "and %s, the outcome is unknown and the error carries the key",
    async (_what, reply, details) => {
      const api = await start(lost, lost, reply);
      const error = await errorOf(clientOf(api).createPaymentIntent(input));
      expect(error).toMatchObject({ code: "OUTCOME_UNKNOWN", retryable: true, details, tries: 2 });
      expect(error.idempotencyKey).toBe(api.keys()[0]);
      expect(error.cause).toMatchObject({ code: "NETWORK_ERROR" });
      expect(api.seen).toHaveLength(3);
    },
  );

  test("a result that is not the whole answer is not passed off as one", async () => {
    const result = { __typename: "WebhookEndpoint", id: "we_1" };
    const api = await start(lost, lost, operation("SUCCEEDED", { result }));
    const endpoint = { url: "https://shop.example/hooks" };
    const error = await errorOf(clientOf(api).createWebhookEndpoint(endpoint));
    expect(error).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      details: { operationStatus: "SUCCEEDED" },
    });
  });

  test("the budget pays for asking, and without it nobody is asked", async () => {
    const api = await start(lost);
    const budget = { ratio: 0, initial: 1 };
    const error = await errorOf(clientOf(api, { budget }).createPaymentIntent(input));
    expect(error.code).toBe("OUTCOME_UNKNOWN");
    expect(api.seen).toHaveLength(2);
  });

  test("asking, too, ends with the deadline", async () => {
    const api = await start(lost, lost, { hang: true });
    // Its own time would end ten minutes later, long after this test's.
    const options = { timeoutMs: 600_000, deadlineMs: 1_500 };
    const error = await errorOf(clientOf(api).createPaymentIntent(input, options));
    expect(error.code).toBe("OUTCOME_UNKNOWN");
  });

  test("an earlier try that may have paid is not forgotten over a later refusal of access", async () => {
    const api = await start(lost, refused("UNAUTHENTICATED"), operation("NOT_SEEN"));
    const error = await errorOf(clientOf(api).createPaymentIntent(input));
    expect(error.code).toBe("OUTCOME_UNKNOWN");
    expect(error.cause).toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("a verdict on the last try is the verdict on all of them", async () => {
    const api = await start(lost, refused("INVALID_STATE"), operation("SUCCEEDED"));
    const error = await errorOf(clientOf(api).cancelPaymentIntent({ paymentIntentId: "pi_1" }));
    expect(error.code).toBe("INVALID_STATE");
    expect(api.seen).toHaveLength(2);
  });

  test("nothing is doubted that was refused before it was executed", async () => {
    const api = await start(refused("RATE_LIMITED", { retryable: true, status: 429 }));
    const error = await errorOf(clientOf(api).createPaymentIntent(input));
    expect(error).toMatchObject({ code: "RATE_LIMITED", retryable: true, tries: 2 });
    expect(api.seen).toHaveLength(2);
  });

  test("a bug of the API in the middle of its answer is doubted, and so is a proxy's 500", async () => {
    for (const reply of [
      refused("INTERNAL", { retryable: true }),
      { status: 500, body: "<html>" },
    ]) {
      const result = { __typename: "PaymentIntent", id: "pi_7" };
      const api = await start(reply, ({ operation: name }) =>
        name === "operation" ? operation("SUCCEEDED", { result }) : reply,
      );
      const payload = await clientOf(api).createPaymentIntent(input);
      expect(payload.paymentIntent.id).toBe("pi_7");
    }
  });

  test("the caller may ask later", async () => {
    const api = await start(operation("NOT_SEEN"));
    const question = { name: "createPaymentIntent", idempotencyKey: "order-42" };
    const answer = await clientOf(api).operation(question);
    expect(answer.status).toBe("NOT_SEEN");
    expect(api.seen[0]?.variables).toEqual(question);
  });
});
