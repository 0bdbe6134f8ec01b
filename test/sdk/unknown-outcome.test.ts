import { type ClientOptions, createClient } from "../../src/sdk/client";
import { type KeyStore, memoryKeyStore } from "../../src/sdk/key-store";
import { OncepayError } from "../../src/sdk/oncepay-error";
import { createRetryBudget } from "../../src/sdk/retry-budget";
import { createUnknownKeys } from "../../src/sdk/unknown-keys";
import { PATIENCE_MS } from "../support/patience";
import { waitFor } from "../support/wait-for";
import {
  type Reply,
  type Script,
  type ScriptedApi,
  created,
  refused,
  startApi,
} from "./scripted-api";

/*
 * A call whose outcome is unknown is continued by the next equal one, with the same key; and whatever is known is
 * over, so that two payments that are equal on purpose have two keys.
 */

const input = { amount: 2_500, currency: "USD" };
const lost: Reply = { cut: "before" };

const running: ScriptedApi[] = [];
afterEach(() => Promise.all(running.splice(0).map((api) => api.stop())));

async function start(...script: Script): Promise<ScriptedApi> {
  const api = await startApi(...script);
  running.push(api);
  return api;
}

/** Every call is one request, and one more when the outcome has to be asked for. */
function clientOf(api: ScriptedApi, options: Partial<ClientOptions> = {}) {
  return createClient({
    url: api.url,
    apiKey: "sk_test",
    timeoutMs: PATIENCE_MS,
    deadlineMs: PATIENCE_MS,
    retry: { triesMax: 1 },
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

const unavailable = (mayHaveExecuted: boolean): Reply =>
  refused("UNAVAILABLE", { retryable: true, status: 503, details: { mayHaveExecuted } });

describe("UNAVAILABLE", () => {
  test("after which something may be stored is asked about, and never ends as a plain failure", async () => {
    const result = { __typename: "PaymentIntent", id: "pi_7", status: "REQUIRES_CONFIRMATION" };
    const stored = await start(unavailable(true), operation("SUCCEEDED", { result }));
    expect((await clientOf(stored).createPaymentIntent(input)).paymentIntent.id).toBe("pi_7");
    const unseen = await start(unavailable(true), operation("NOT_SEEN"));
    const error = await errorOf(clientOf(unseen).createPaymentIntent(input));
    expect(error).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      retryable: true,
      details: { operationStatus: "NOT_SEEN" },
      cause: { code: "UNAVAILABLE", details: { mayHaveExecuted: true } },
    });
    expect(error.idempotencyKey).toBe(unseen.keys()[0]);
  });

  test("after which nothing is stored is a failure like others, and leaves nothing in doubt", async () => {
    const api = await start(unavailable(false), created());
    const client = clientOf(api);
    const error = await errorOf(client.createPaymentIntent(input));
    expect(error).toMatchObject({ code: "UNAVAILABLE", details: { mayHaveExecuted: false } });
    await client.createPaymentIntent(input);
    expect(api.seen.map(({ operation: name }) => name)).toEqual([
      "createPaymentIntent",
      "createPaymentIntent",
    ]);
    expect(api.keys()[1]).not.toBe(api.keys()[0]);
  });

  test("of an API that does not say which of both it is leaves the outcome in doubt", async () => {
    const api = await start(refused("UNAVAILABLE", { retryable: true }), operation("NOT_SEEN"));
    const error = await errorOf(clientOf(api).createPaymentIntent(input));
    expect(error.code).toBe("OUTCOME_UNKNOWN");
  });

  test("of an earlier try is not forgotten over a later one that stored nothing", async () => {
    const api = await start(unavailable(true), unavailable(false), operation("NOT_SEEN"));
    const client = clientOf(api, { retry: { baseMs: 1, capMs: 2, triesMax: 2 } });
    expect((await errorOf(client.createPaymentIntent(input))).code).toBe("OUTCOME_UNKNOWN");
  });

  test("of a query is what it says", async () => {
    const api = await start(unavailable(false));
    const error = await errorOf(clientOf(api).paymentIntent({ id: "pi_1" }));
    expect(error.code).toBe("UNAVAILABLE");
  });
});

describe.each<[string, () => KeyStore | undefined]>([
  ["without a key store", () => undefined],
  ["with one", memoryKeyStore],
])("%s, a call whose outcome is unknown", (_which, store) => {
  /** The answer to the first call is lost, and so is the one to the question about it. */
  async function afterLostCall(...script: Script) {
    const api = await start(lost, lost, ...script);
    const keyStore = store();
    const client = clientOf(api, keyStore && { keyStore });
    const error = await errorOf(client.createPaymentIntent(input));
    expect(error.code).toBe("OUTCOME_UNKNOWN");
    return { api, client, key: error.idempotencyKey ?? "" };
  }

  test("is continued by the next equal call, and is over with its answer", async () => {
    const { api, client, key } = await afterLostCall(created());
    await client.createPaymentIntent({ currency: "USD", amount: 2_500 });
    await client.createPaymentIntent(input);
    expect(api.keys()[2]).toBe(key);
    expect(api.keys()[3]).not.toBe(key);
  });

  test("is not continued by any other call", async () => {
    const { api, client, key } = await afterLostCall(created());
    await client.createPaymentIntent({ ...input, amount: 1 });
    await client.createPaymentIntent(input, { intentOf: "cart-2" });
    await client.createPaymentIntent(input, { idempotencyKey: "order-42" });
    expect(api.keys().slice(2)).not.toContain(key);
    await client.createPaymentIntent(input);
    expect(api.keys()[5]).toBe(key);
  });

  test("is over when it was repeated with the key that its error carries", async () => {
    const { api, client, key } = await afterLostCall(created());
    await client.createPaymentIntent(input, { idempotencyKey: key });
    await client.createPaymentIntent(input);
    expect(api.keys()[2]).toBe(key);
    expect(api.keys()[3]).not.toBe(key);
  });

  test.each(["SUCCEEDED", "FAILED"])("is over when its caller was told %s", async (status) => {
    const { api, client, key } = await afterLostCall(operation(status), created());
    await client.operation({ name: "createPaymentIntent", idempotencyKey: key });
    await client.createPaymentIntent(input);
    expect(api.keys()[3]).not.toBe(key);
  });

  test.each(["NOT_SEEN", "IN_PROGRESS"])("goes on when its caller was told %s", async (status) => {
    const { api, client, key } = await afterLostCall(operation(status), created());
    await client.operation({ name: "createPaymentIntent", idempotencyKey: key });
    await client.createPaymentIntent(input);
    expect(api.keys()[3]).toBe(key);
  });

  test("goes on after a refusal that says nothing about it", async () => {
    const { api, client, key } = await afterLostCall(
      refused("UNAUTHENTICATED"),
      unavailable(false),
      refused("INVALID_STATE"),
      created(),
    );
    for (const code of ["UNAUTHENTICATED", "UNAVAILABLE", "INVALID_STATE"]) {
      expect(await errorOf(client.createPaymentIntent(input))).toMatchObject({ code });
    }
    await client.createPaymentIntent(input);
    expect(api.keys().slice(2, 5)).toEqual([key, key, key]);
    expect(api.keys()[5]).not.toBe(key);
  });

  test("goes on when it was aborted on its way", async () => {
    const api = await start({ hang: true }, created());
    const keyStore = store();
    const client = clientOf(api, keyStore && { keyStore });
    const abort = new AbortController();
    const aborted = errorOf(client.createPaymentIntent(input, { signal: abort.signal }));
    await waitFor("the request to arrive", () => api.seen.length === 1);
    abort.abort();
    const error = await aborted;
    expect(error.code).toBe("ABORTED");
    await client.createPaymentIntent(input);
    expect(api.keys()[1]).toBe(error.idempotencyKey);
  });

  test("that its caller named stands for the name, whatever the input", async () => {
    const api = await start(lost, lost, created());
    const keyStore = store();
    const client = clientOf(api, keyStore && { keyStore });
    const error = await errorOf(client.createPaymentIntent(input, { intentOf: "cart-1" }));
    await client.createPaymentIntent(input, { intentOf: "cart-2" });
    await client.createPaymentIntent(input, { intentOf: "cart-1" });
    expect(api.keys()[2]).not.toBe(error.idempotencyKey);
    expect(api.keys()[3]).toBe(error.idempotencyKey);
  });
});

describe("without a key store", () => {
  test("payments that are equal on purpose have two keys, one after the other and at once", async () => {
    const api = await start(created());
    const client = clientOf(api);
    await client.createPaymentIntent(input);
    await client.createPaymentIntent(input);
    await Promise.all([client.createPaymentIntent(input), client.createPaymentIntent(input)]);
    expect(new Set(api.keys()).size).toBe(4);
  });

  test("two equal calls that are both unknown are continued one after the other", async () => {
    const reply = (request: { operation: string }): Reply =>
      request.operation === "operation" ? operation("NOT_SEEN") : lost;
    const api = await start(reply, reply, reply, reply, created());
    const client = clientOf(api);
    const errors = await Promise.all([
      errorOf(client.createPaymentIntent(input)),
      errorOf(client.createPaymentIntent(input)),
    ]);
    const unknown = errors.map(({ idempotencyKey }) => idempotencyKey);
    for (let call = 0; call < 3; call += 1) await client.createPaymentIntent(input);
    const [first, second, third] = api.keys().slice(4);
    expect([first, second].sort()).toEqual([...unknown].sort());
    expect(unknown).not.toContain(third);
  });

  test("keys in doubt do not pile up for ever: the oldest go first", () => {
    const keys = createUnknownKeys(2);
    keys.add("a", "key-1");
    keys.add("a", "key-2");
    keys.add("b", "key-3");
    expect(keys.find("a")).toBe("key-2");
    expect(keys.remove("key-2")).toBe("a");
    expect(keys.find("a")).toBeUndefined();
    expect(keys.find("b")).toBe("key-3");
    expect(keys.remove("key-1")).toBeUndefined();
  });
});
