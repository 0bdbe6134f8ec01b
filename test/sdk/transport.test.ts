import { createTransport } from "../../src/sdk/transport";
import type { Transport } from "../../src/sdk/transport";
import type { ClientOptions } from "../../src/sdk/client-options";
import { createRetryBudget } from "../../src/sdk/retry-budget";
import { type Reply, type Script, type ScriptedApi, refused, startApi } from "./scripted-api";

let api: ScriptedApi | undefined;
afterEach(() => api?.stop());

const PAY = `mutation Pay($input: ConfirmPaymentIntentInput!, $key: String = "") {
  pay: confirmPaymentIntent(input: $input, idempotencyKey: $key) { paymentIntent { id status version } }
}`;
const variables = { input: { paymentIntentId: "pi_1" } };

async function transportTo(
  script: Script,
  options: Partial<ClientOptions> = {},
): Promise<Transport> {
  api = await startApi(...script);
  return createTransport({
    url: api.url,
    apiKey: "pk_test",
    retry: { triesMax: 3 },
    budget: createRetryBudget({ initial: 100 }),
    sleep: () => Promise.resolve(),
    ...options,
  });
}

function keysSent(): unknown[] {
  return (api?.seen ?? []).map(({ variables: sent }) => sent["key"] ?? sent["idempotencyKey"]);
}

function paid(version: number): Reply {
  return {
    body: { data: { pay: { paymentIntent: { id: "pi_1", status: "PROCESSING", version } } } },
  };
}

function intent(version: number): Reply {
  return { body: { data: { paymentIntent: { id: "pi_1", version } } } };
}

function operation(status: string, error: object | null = null): Reply {
  return { body: { data: { operation: { status, error } } } };
}

test("fills in a key and keeps it through all tries; the next wish has another", async () => {
  const transport = await transportTo([{ status: 503, body: "" }, { cut: "before" }, paid(2)]);
  await transport.execute({ query: PAY, variables });
  await transport.execute({ query: PAY, variables: { ...variables, key: "" } });
  const keys = keysSent();
  expect(keys).toEqual([keys[0], keys[0], keys[0], expect.any(String)]);
  expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
  expect(keys[3]).not.toBe(keys[0]);
});

test("sends the key that it is given, in the variable or beside the document", async () => {
  const transport = await transportTo([paid(2)]);
  await transport.execute({ query: PAY, variables: { ...variables, key: "mine" } });
  await transport.execute({ query: PAY, variables }, { idempotencyKey: "beside" });
  expect(keysSent()).toEqual(["mine", "beside"]);
});

test("a lost answer is had by asking for the outcome and, once it is known, for the answer", async () => {
  const gone: Reply = { cut: "before" };
  const transport = await transportTo([gone, gone, gone, operation("SUCCEEDED"), paid(2)]);
  const result = await transport.execute({ query: PAY, variables });
  expect(result).toMatchObject({ data: { pay: { paymentIntent: { version: 2 } } } });
  expect(api?.seen.map((request) => request.operation)).toEqual([
    ...["Pay", "Pay", "Pay"],
    "operation",
    "Pay",
  ]);
  expect(api?.seen[3]?.variables).toMatchObject({ name: "confirmPaymentIntent" });
  expect(new Set(keysSent()).size).toBe(1);
});

test("a refusal whose answer was lost is a refusal, in the API's form", async () => {
  const error = { code: "INVALID_STATE", message: "It is paid.", details: { status: "SUCCEEDED" } };
  const gone: Reply = { cut: "before" };
  const transport = await transportTo([gone, gone, gone, operation("FAILED", error)]);
  expect(await transport.execute({ query: PAY, variables })).toEqual({
    data: null,
    errors: [
      {
        message: "It is paid.",
        path: ["confirmPaymentIntent"],
        extensions: {
          code: "INVALID_STATE",
          retryable: false,
          retryAfterMs: null,
          details: { status: "SUCCEEDED" },
        },
      },
    ],
  });
});

test("what is not known is never a failure, and the next equal call continues it", async () => {
  const gone: Reply = { cut: "before" };
  const transport = await transportTo([gone, gone, gone, operation("NOT_SEEN"), paid(2)]);
  const error: unknown = await transport
    .execute({ query: PAY, variables })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "OUTCOME_UNKNOWN", idempotencyKey: keysSent()[0] });
  await transport.execute({ query: PAY, variables });
  expect(new Set(keysSent()).size).toBe(1);
});

test("an answer of which a part cannot be shown is an answer", async () => {
  const errors = [
    { message: "later", path: ["pay", "x"], extensions: { code: "UNAVAILABLE", retryable: true } },
  ];
  const body = { data: { pay: { paymentIntent: { id: "pi_1" }, x: null } }, errors };
  const transport = await transportTo([{ body }]);
  expect(await transport.execute({ query: PAY, variables })).toEqual(body);
  expect(api?.seen).toHaveLength(1);
});

test("a query that may succeed later is repeated, and one that is refused is told in the API's words", async () => {
  const busy = refused("UNAVAILABLE", { retryable: true, status: 503 });
  const transport = await transportTo([busy, intent(1), refused("FORBIDDEN", { status: 403 })]);
  const query = "query Q($id: ID!) { paymentIntent(id: $id) { id version } }";
  expect(await transport.execute({ query, variables: { id: "pi_1" } })).toEqual(intent(1).body);
  expect(await transport.execute({ query })).toMatchObject({
    data: null,
    errors: [{ message: "FORBIDDEN happened", extensions: { code: "FORBIDDEN" } }],
  });
});

test("a query that is answered with an older state than is known is asked again, once", async () => {
  const transport = await transportTo([intent(3), intent(2), intent(4), paid(1), intent(4)]);
  const query = "{ paymentIntent(id: 1) { id version } }";
  expect(await transport.execute({ query })).toEqual(intent(3).body);
  expect(await transport.execute({ query })).toEqual(intent(4).body);
  // A replay says how things were, and is not asked twice.
  await transport.execute({ query: PAY, variables });
  expect(await transport.execute({ query })).toEqual(intent(4).body);
  expect(api?.seen).toHaveLength(5);
});

test("what a key once led to may be older than what is known", async () => {
  const seen: Reply = { body: { data: { operation: { result: { id: "pi_1", version: 1 } } } } };
  const transport = await transportTo([intent(3), seen]);
  await transport.execute({ query: "{ paymentIntent(id: 1) { id version } }" });
  const query = '{ operation(name: "n", idempotencyKey: "k") { result { id } } }';
  expect(await transport.execute({ query })).toEqual(seen.body);
  expect(api?.seen).toHaveLength(2);
});

test("headers may be given for one request, however they are written", async () => {
  const transport = await transportTo([intent(1)]);
  const query = "{ paymentIntent(id: 1) { id } }";
  await transport.execute({ query, headers: { Authorization: "Bearer pk_other", "X-Extra": "1" } });
  expect(api?.seen[0]?.headers).toMatchObject({ authorization: "Bearer pk_other", "x-extra": "1" });
});

test("a subscription does not go back to an older state than a query has shown", async () => {
  const next = (version: number): string =>
    `event: next\ndata: ${JSON.stringify({ data: { paymentIntentUpdated: { id: "pi_1", version } } })}\n\n`;
  const stream: Reply = {
    stream: ({ write }) =>
      write(`${next(2)}${next(3)}event: complete\n\ndata\n\nevent: complete\ndata\n\n`),
  };
  const transport = await transportTo([intent(3), stream]);
  await transport.execute({ query: "{ paymentIntent(id: 1) { id version } }" });
  const seen: unknown[] = [];
  await transport.subscribe(
    { query: "subscription S { paymentIntentUpdated(id: 1) { id version } }" },
    { onNext: ({ data }) => seen.push(data) },
  );
  expect(seen).toEqual([{ paymentIntentUpdated: { id: "pi_1", version: 3 } }]);
});
