import { type Client, type ClientOptions, createClient } from "../../src/sdk/client";
import { OncepayError } from "../../src/sdk/oncepay-error";
import { createRetryBudget } from "../../src/sdk/retry-budget";
import { type TestApi, startTestApi } from "../support/api";
import { PATIENCE_MS } from "../support/patience";
import { losing } from "./losing";

let api: TestApi;
let client: Client;

beforeAll(async () => {
  api = await startTestApi();
  client = clientOf();
});
afterAll(() => api.stop());

const input = { amount: 2_500, currency: "USD", paymentMethod: "pm_card_visa" };

function clientOf(options: Partial<ClientOptions> = {}): Client {
  return createClient({
    url: `${api.server.url}/graphql`,
    apiKey: api.merchant.secretKey,
    timeoutMs: PATIENCE_MS,
    deadlineMs: PATIENCE_MS,
    retry: { baseMs: 1, capMs: 2, triesMax: 3 },
    budget: createRetryBudget({ initial: 100 }),
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

test("a payment from its creation to its refund, and everything that can be read of it", async () => {
  const { paymentIntent, idempotency } = await client.createPaymentIntent({
    ...input,
    captureMethod: "MANUAL",
    metadata: { order: "42" },
  });
  const { id } = paymentIntent;
  expect(idempotency.status).toBe("EXECUTED");
  expect(paymentIntent).toMatchObject({
    status: "REQUIRES_CONFIRMATION",
    metadata: { order: "42" },
  });
  await client.confirmPaymentIntent({ paymentIntentId: id });
  await api.drain();
  await client.capturePaymentIntent({ paymentIntentId: id, amount: 2_000 });
  await api.drain();
  const { refund } = await client.refundPaymentIntent({ paymentIntentId: id, amount: 500 });
  await api.drain();
  const paid = await client.paymentIntent({ id });
  expect(paid).toMatchObject({ status: "SUCCEEDED", amountCaptured: 2_000, amountRefunded: 500 });
  expect(await client.refund({ id: refund.id })).toMatchObject({ status: "SUCCEEDED" });
  expect(await client.node({ id })).toEqual({ __typename: "PaymentIntent", ...paid });
  expect(await client.node({ id: refund.id })).toMatchObject({ __typename: "Refund" });
  const listed = await client.paymentIntents({ filter: { statuses: ["SUCCEEDED"] }, first: 1 });
  expect(listed.edges[0]?.node).toEqual(paid);
  const filter = { kinds: ["MERCHANT_BALANCE"], currencies: ["USD"] } as const;
  const accounts = await client.ledgerAccounts({ filter });
  expect(accounts.edges).toMatchObject([{ node: { kind: "MERCHANT_BALANCE", balance: "1500" } }]);
  const account = { id: accounts.edges[0]?.node.id ?? "" };
  const balance = await client.ledgerAccount(account);
  expect(balance).toMatchObject({ ...account, balance: "1500" });
  expect(balance?.entries.edges.length).toBeGreaterThan(0);
  expect(await client.ledgerAccount({ ...account, asOf: "2020-01-01T00:00:00Z" })).toMatchObject({
    balance: "0",
  });
  expect((await client.refunds()).edges.map(({ node }) => node)).toEqual([
    await client.refund({ id: refund.id }),
  ]);
  expect((await client.captures({ filter: { paymentIntentId: id } })).edges).toHaveLength(1);
  expect(await client.nodes({ ids: [id, "pi_none"] })).toEqual([
    { __typename: "PaymentIntent", ...paid },
    null,
  ]);
  await expect(client.nodes({ ids: [id, refund.id] })).rejects.toThrow("one kind");
  expect((await client.eventTypes())[0]).toMatchObject({ type: "payment_intent.created" });
  expect(await client.trialBalance()).toMatchObject({ balanced: true });
  expect(await client.merchant()).toMatchObject({ id: api.merchant.id });
  const events = await client.events({ filter: { types: ["refund.succeeded"] } });
  expect(events.edges[0]?.node).toMatchObject({ data: { object: { id: refund.id } } });
  const mine = await client.query<{ paymentIntent: { attempts: { edges: unknown[] } } }>(
    "query mine($id: ID!) { paymentIntent(id: $id) { attempts { edges { node { operation } } } } }",
    { id },
  );
  expect(mine.paymentIntent.attempts.edges).toHaveLength(3);
});

test("webhook endpoints and what is delivered to them", async () => {
  const made = await client.createWebhookEndpoint({ url: "https://shop.example/hooks" });
  expect(made.secret).toMatch(/^whsec_/);
  const endpoints = await client.webhookEndpoints();
  expect(endpoints.edges.map(({ node }) => node.id)).toEqual([made.webhookEndpoint.id]);
  expect((await client.webhookDeliveries({ first: 5 })).pageInfo.hasPreviousPage).toBe(false);
  expect((await client.deadLetters()).edges).toEqual([]);
});

test("the platform operator's functions are for the platform operator", async () => {
  const operator = clientOf({ apiKey: api.asPlatform.key, merchant: api.merchant.id });
  const { merchant, secretKey } = await operator.createMerchant({ name: "New" });
  expect(await clientOf({ apiKey: secretKey ?? "" }).merchant()).toEqual(merchant);
  expect((await operator.unknownAttempts()).edges).toEqual([]);
  expect(await errorOf(client.createMerchant({ name: "New" }))).toMatchObject({
    code: "FORBIDDEN",
    status: 403,
    tries: 1,
  });
});

test("a browser confirms the one payment that it has the client secret of", async () => {
  const { paymentIntent } = await client.createPaymentIntent(input);
  const { id, clientSecret } = paymentIntent;
  const browser = clientOf({
    apiKey: api.merchant.publishableKey,
    clientSecret: clientSecret ?? "",
  });
  const confirmed = await browser.confirmPaymentIntent({ paymentIntentId: id });
  expect(confirmed.paymentIntent.status).toBe("PROCESSING");
  expect(await browser.paymentIntent({ id })).toMatchObject({ id });
  await api.drain();
});

test("an answer that was lost once is replayed", async () => {
  const payload = await clientOf({ fetch: losing(1) }).createPaymentIntent(input);
  expect(payload.idempotency.status).toBe("REPLAYED");
});

test("an answer that was lost for good is had by asking, and is the same answer", async () => {
  const idempotencyKey = "lost-for-good";
  const asked = await clientOf({ fetch: losing(3) }).createPaymentIntent(input, { idempotencyKey });
  expect(asked).toEqual(await client.createPaymentIntent(input, { idempotencyKey }));
});

test("a refusal that was lost for good is had by asking too", async () => {
  const { paymentIntent } = await client.createPaymentIntent(input);
  const refund = { paymentIntentId: paymentIntent.id, amount: 1 };
  const direct = await errorOf(client.refundPaymentIntent(refund));
  const asked = await errorOf(clientOf({ fetch: losing(3) }).refundPaymentIntent(refund));
  const { code, message, details, retryable } = direct;
  expect(code).toBe("INVALID_STATE");
  expect(asked).toMatchObject({ code, message, details, retryable });
});

test("a key that was used for something else is the caller's bug, and is told at once", async () => {
  const options = { idempotencyKey: "order-42" };
  await client.createPaymentIntent(input, options);
  const error = await errorOf(client.createPaymentIntent({ ...input, amount: 1 }, options));
  expect(error).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED", status: 422, tries: 1 });
  expect(error.requestId).toBeTruthy();
});
