import { type PayingClient, confirmPayment } from "../../../src/sdk/checkout/confirm-payment";
import { type Client, createClient } from "../../../src/sdk/client";
import { type MadeIntent, type TestApi, makeIntent, startTestApi } from "../../support/api";
import { PATIENCE_MS } from "../../support/patience";

/* The key of a confirmation is what the shopper saw: against the real API, which decides what a key is worth. */

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** A page of its own: it shares nothing with another one but the payment. */
function pageOf({ clientSecret }: MadeIntent): Client {
  return createClient({
    url: `${api.server.url}/graphql`,
    apiKey: api.merchant.publishableKey,
    clientSecret,
    timeoutMs: PATIENCE_MS,
    deadlineMs: PATIENCE_MS,
  });
}

async function attemptsOf({ id }: MadeIntent): Promise<number> {
  const { data } = await api.send({
    query: "query ($id: ID!) { paymentIntent(id: $id) { attempts { edges { cursor } } } }",
    variables: { id },
  });
  return data.paymentIntent.attempts.edges.length as number;
}

const SOFT = "pm_card_chargeDeclinedInsufficientFunds";

test("pages that saw the same payment are one confirmation, and each is told that it was theirs", async () => {
  const intent = await makeIntent(api);
  const pay = () => confirmPayment(pageOf(intent), { paymentIntentId: intent.id, version: 1 });
  const confirmed = await Promise.all([pay(), pay(), pay()]);
  expect(confirmed.map(({ isOurs }) => isOurs)).toEqual([true, true, true]);
  expect(new Set(confirmed.map(({ paymentIntent }) => paymentIntent.status))).toEqual(
    new Set(["PROCESSING"]),
  );
  await api.drain();
  expect(await attemptsOf(intent)).toBe(1);
});

test("a page with another card does nothing, and is told how things are", async () => {
  const intent = await makeIntent(api, { paymentMethod: undefined });
  const { id: paymentIntentId } = intent;
  const payment = { paymentIntentId, version: 1 };
  await confirmPayment(pageOf(intent), { ...payment, paymentMethod: "pm_card_visa" });
  await api.drain();
  const other = await confirmPayment(pageOf(intent), {
    ...payment,
    paymentMethod: "pm_card_mastercard",
  });
  expect(other).toMatchObject({
    isOurs: false,
    paymentIntent: { status: "SUCCEEDED", paymentMethod: "pm_card_visa" },
  });
  expect(await attemptsOf(intent)).toBe(1);
});

test("after a decline the payment has another version, and the next try with it another key", async () => {
  const intent = await makeIntent(api, { paymentMethod: undefined });
  const page = pageOf(intent);
  const { id: paymentIntentId } = intent;
  await confirmPayment(page, { paymentIntentId, version: 1, paymentMethod: SOFT });
  await api.drain();
  const declined = await page.paymentIntent({ id: paymentIntentId });
  expect(declined).toMatchObject({ status: "REQUIRES_PAYMENT_METHOD" });
  // The same request once more, late: what it was about is over.
  const late = await confirmPayment(page, { paymentIntentId, version: 1, paymentMethod: SOFT });
  expect([late.paymentIntent.status, await attemptsOf(intent)]).toEqual(["PROCESSING", 1]);
  const { version } = declined ?? {};
  const next = await confirmPayment(page, {
    paymentIntentId,
    version,
    paymentMethod: "pm_card_visa",
  });
  expect(next.isOurs).toBe(true);
  await api.drain();
  expect(await page.paymentIntent({ id: paymentIntentId })).toMatchObject({ status: "SUCCEEDED" });
  expect(await attemptsOf(intent)).toBe(2);
});

test("a payment that ended meanwhile is shown, and its refusal is no error", async () => {
  const intent = await makeIntent(api);
  const { id: paymentIntentId } = intent;
  await confirmPayment(pageOf(intent), { paymentIntentId });
  await api.drain();
  // A page that has looked before anything happened, and one that looks now.
  for (const version of [2, undefined]) {
    const { isOurs, paymentIntent } = await confirmPayment(pageOf(intent), {
      paymentIntentId,
      version,
    });
    expect([isOurs, paymentIntent.status]).toEqual([false, "SUCCEEDED"]);
  }
});

test("what else goes wrong is an error", async () => {
  const intent = await makeIntent(api);
  const page = pageOf(intent);
  const typed = { paymentIntentId: intent.id, paymentMethod: "4242 4242 4242 4242" };
  await expect(confirmPayment(page, typed)).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
  const nothing: PayingClient = { ...page, paymentIntent: () => Promise.resolve(null) };
  await expect(confirmPayment(nothing, { paymentIntentId: intent.id })).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});
