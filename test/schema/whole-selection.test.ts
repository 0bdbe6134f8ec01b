import { newId } from "../../src/ids";
import { type Scope, newApiKey } from "../../src/merchants/api-key";
import { insertApiKeys } from "../../src/merchants/api-key-store";
import {
  CREATE_ENDPOINT,
  type MadeIntent,
  type TestAnswer,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
  startTestApi,
} from "../support/api";
import { startReceiver } from "../support/receiver";

/** What is not permitted anywhere in a selection is refused before anything of it is executed. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

async function restrictedKey(...scopes: Scope[]): Promise<string> {
  const { secret, hash, hint } = newApiKey("RESTRICTED", api.merchant);
  const row = { merchantId: api.merchant.id, id: newId("apiKey"), name: "r", scopes, hash, hint };
  await api.db.transaction((tx) => insertApiKeys(tx, [{ ...row, kind: "RESTRICTED" as const }]));
  return secret;
}

async function expectNothing(ask: () => Promise<TestAnswer>, code: string): Promise<TestAnswer> {
  await api.drain();
  const before = await api.countRows();
  const answer = await ask();
  expect(answer.error?.extensions.code).toBe(code);
  expect(answer.body.data ?? null).toBeNull();
  await api.drain();
  expect(await api.countRows()).toBe(before);
  return answer;
}

const confirm = (intent: MadeIntent, selection: string, more = ""): string =>
  `mutation { confirmPaymentIntent(input: {paymentIntentId: "${intent.id}"}, idempotencyKey: "${newKey()}") { ${selection} } } ${more}`;

describe("a browser that confirms and asks for what it may not see", () => {
  const cases: [string, string, string?][] = [
    ["fields", "paymentIntent { refunds { __typename } transitions { __typename } }"],
    [
      "one among others",
      "idempotency { status } paymentIntent { id status transitions { __typename } }",
    ],
    ["an alias", "paymentIntent { status: refunds { __typename } }"],
    [
      "an inline fragment",
      "paymentIntent { ... { ... on PaymentIntent { refunds { __typename } } } }",
    ],
    [
      "an interface",
      "paymentIntent { ... on Node { ... on PaymentIntent { refunds { __typename } } } }",
    ],
    [
      "a fragment in a fragment",
      "...A",
      "fragment A on ConfirmPaymentIntentPayload { paymentIntent { ...B } } fragment B on PaymentIntent { id ...C } fragment C on PaymentIntent { events { __typename } }",
    ],
    // Whether it would be executed depends on a variable; the decision does not.
    ["what is skipped", "paymentIntent { id refunds @skip(if: true) { __typename } }"],
  ];

  test.each(cases)(
    "by %s, is refused, and no card is charged",
    async (_what, selection, more = "") => {
      const intent = await makeIntent(api);
      await expectNothing(
        () =>
          api.send({
            query: confirm(intent, selection, more),
            key: api.merchant.publishableKey,
            headers: { "oncepay-client-secret": intent.clientSecret },
          }),
        "FORBIDDEN",
      );
      const { data } = await api.send({
        query: `{ paymentIntent(id: "${intent.id}") { status } }`,
      });
      expect(data.paymentIntent.status).toBe("REQUIRES_CONFIRMATION");
      expect(await api.movements()).toEqual([]);
    },
  );
});

test("a key without events:read replays no delivery while it asks for the event", async () => {
  const receiver = await startReceiver();
  try {
    const input = { url: receiver.url };
    await api.send({ query: CREATE_ENDPOINT, variables: { input, key: newKey() } });
    await makePaid(api);
    const row = await api.db("webhook_deliveries").first<{ id: string }>("id");
    const key = await restrictedKey("webhooks:replay");
    const replay = (selection: string) =>
      api.send({
        query: `mutation { replayWebhookDelivery(input: {deliveryId: "${row?.id ?? ""}", force: true}, idempotencyKey: "${newKey()}") { webhookDelivery { id ${selection} } } }`,
        key,
      });
    const refused = await expectNothing(() => replay("event { id }"), "FORBIDDEN");
    expect(refused.error?.extensions.details).toEqual({ scope: "events:read" });
    const allowed = await replay("eventId");
    expect(allowed.body.errors).toBeUndefined();
    await api.drain();
  } finally {
    await receiver.close();
  }
});

test("what an interface may turn out to be needs the scopes of every type that is asked for", async () => {
  const { id } = await makeIntent(api);
  const key = await restrictedKey("payments:read");
  const ask = (selection: string) =>
    api.send({ query: `{ node(id: "${id}") { ${selection} } }`, key });
  const plain = await ask(
    "id ... on PaymentIntent { refunds { __typename } } ... on WebhookDelivery { eventId }",
  );
  expect(plain.data.node.id).toBe(id);
  const refused = await expectNothing(
    () => ask("id ... on WebhookDelivery { event { id } }"),
    "FORBIDDEN",
  );
  expect(refused.error?.extensions.details).toEqual({ scope: "events:read" });
});

describe("one mutation field in a request", () => {
  const create = (input: string): string =>
    `createPaymentIntent(input: {currency: "USD", ${input}}, idempotencyKey: "${newKey()}") { paymentIntent { id } }`;

  test.each([
    ["two", () => `mutation { a: ${create("amount: 1")} b: ${create("amount: 0")} }`],
    [
      "one in a fragment",
      () =>
        `mutation { ${create("amount: 1")} ...A } fragment A on Mutation { b: ${create("amount: 0")} }`,
    ],
    [
      "one in an inline fragment",
      () =>
        `mutation { ... { a: ${create("amount: 1")} } ... on Mutation { b: ${create("amount: 1")} } }`,
    ],
    [
      "two kinds",
      () =>
        `mutation { ${create("amount: 1")} createWebhookEndpoint(input: {url: "https://a.example"}, idempotencyKey: "a") { secret } }`,
    ],
    [
      "one that is skipped",
      () =>
        `mutation { a: ${create("amount: 1")} b: ${create("amount: 1")} @skip(if: true) }`.replace(
          ") { paymentIntent { id } } @skip(if: true)",
          ") @skip(if: true) { paymentIntent { id } }",
        ),
    ],
  ])("is all there may be: %s", async (_what, query) => {
    const answer = await expectNothing(() => api.send({ query: query() }), "BAD_USER_INPUT");
    expect(answer.error?.message).toBe("A request must not contain more than one mutation field.");
  });

  test("beside it the name of the type, and other operations in the document", async () => {
    const beside = await api.send({
      query: `mutation { __typename ${create("amount: 1")} again: __typename }`,
    });
    expect(beside.body.errors).toBeUndefined();
    const query = `mutation A { ${create("amount: 1")} } mutation B { ${create("amount: 2")} }`;
    const response = await fetch(`${api.server.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${api.merchant.secretKey}`,
      },
      body: JSON.stringify({ query, operationName: "B" }),
    });
    expect(await response.json()).toEqual({
      data: { createPaymentIntent: { paymentIntent: { id: expect.stringMatching(/^pi_/) } } },
    });
  });
});
