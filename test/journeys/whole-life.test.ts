import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_INTENT,
  REFUND_INTENT,
  type TestApi,
  UPDATE_INTENT,
  makeIntent,
  makePaid,
} from "../support/api";
import { aBreak } from "../support/breaks";
import { waitFor } from "../support/wait-for";
import { type Shop, openShop } from "./shop";

/** The rest of what shops do with payments, each to the webhooks that tell of it and to the network's own books. */

let shop: Shop;
let api: TestApi;
beforeAll(async () => {
  shop = await openShop({ ONCEPAY_NEGATIVE_BALANCES: "false" });
  ({ api } = shop);
});
afterAll(() => shop.stop());

/** By the network's answer, whenever that comes. */
async function comesTo(id: string, status: string): Promise<void> {
  await waitFor(`the payment to be ${status}`, async () => {
    await shop.work();
    return (await shop.intentOf(id)).status === status;
  });
}

/** What the network moved for a payment, in its own books. */
async function moved(id: string): Promise<string[]> {
  const references = await api.db("attempts").where({ payment_intent_id: id }).pluck("id");
  const all = await api.movements();
  return all
    .filter(({ reference }) => references.includes(reference))
    .map(({ kind, amount }) => `${kind} ${String(amount)}`);
}

const paid = (input: object = {}) => makePaid(api, { amount: 1_000, ...input });

test("is captured in parts, never more than is held, and the last part releases the rest", async () => {
  const { id } = await paid({ captureMethod: "MANUAL" });
  const capture = (amount: number, final: boolean) =>
    shop.outcome(CAPTURE_INTENT, { paymentIntentId: id, amount, final });
  expect(await capture(300, false)).toBe("done");
  // One at a time: the network has not answered.
  expect(await capture(1, false)).toMatchObject({ code: "INVALID_STATE" });
  await shop.work();
  expect(await capture(701, false)).toEqual({
    code: "AMOUNT_TOO_LARGE",
    details: { id, remaining: 700 },
  });
  expect(await capture(200, true)).toBe("done");
  await shop.work();
  expect(await shop.intentOf(id)).toMatchObject({
    status: "SUCCEEDED",
    amountCaptured: 500,
    amountCapturable: 0,
  });
  const part = ["capture.created", "payment_intent.processing", "capture.succeeded"];
  expect(shop.heardOf(id).slice(2)).toEqual([
    "payment_intent.amount_capturable_updated",
    ...part,
    "payment_intent.amount_capturable_updated",
    ...part,
    "payment_intent.succeeded",
  ]);
  expect((await moved(id)).slice(0, 3)).toEqual(["authorize 1000", "capture 300", "capture 200"]);
});

test("is captured or canceled, and never both", async () => {
  const { id } = await paid({ captureMethod: "MANUAL" });
  const outcomes = await Promise.all(
    [CAPTURE_INTENT, CANCEL_INTENT].map((query) => shop.outcome(query, { paymentIntentId: id })),
  );
  await shop.work();
  const isCaptured = outcomes[0] === "done";
  expect(outcomes[isCaptured ? 1 : 0]).toMatchObject({
    code: "INVALID_STATE",
    details: { because: expect.any(String), currentState: "PROCESSING" },
  });
  const { status } = await shop.intentOf(id);
  expect(status).toBe(isCaptured ? "SUCCEEDED" : "CANCELED");
  expect(await moved(id)).toEqual(["authorize 1000", isCaptured ? "capture 1000" : "void 1000"]);
  const end = isCaptured ? "payment_intent.succeeded" : "payment_intent.canceled";
  expect(shop.heardOf(id).at(-1)).toBe(end);
});

test("is refunded in parts, never more than was captured; one that fails days later gives its amount back", async () => {
  await api.sandbox.setLatency(0, 0, 5);
  const { id } = await paid({ paymentMethod: "pm_card_refundFail" });
  const refund = (amount: number) =>
    shop.outcome(REFUND_INTENT, { paymentIntentId: id, amount, reason: "REQUESTED_BY_CUSTOMER" });
  expect(await refund(600)).toBe("done");
  expect(await refund(401)).toEqual({
    code: "AMOUNT_TOO_LARGE",
    details: { id, remaining: 400 },
  });
  await shop.work();
  await waitFor("the failure", async () => {
    await shop.work();
    return shop.heardOf(id).includes("refund.failed");
  });
  expect(await shop.intentOf(id)).toMatchObject({
    status: "SUCCEEDED",
    amountRefunded: 0,
    amountRefundable: 1_000,
    refunds: { edges: [{ node: { status: "REVERSED", amount: 600 } }] },
  });
  expect(shop.heardOf(id).slice(2)).toEqual([
    "payment_intent.succeeded",
    "refund.created",
    "refund.succeeded",
    "refund.failed",
  ]);
});

test("a refund that the network decides later stays reserved until it has", async () => {
  await api.sandbox.setLatency(0, 0, 5);
  const { id } = await paid({ paymentMethod: "pm_card_pendingRefund" });
  expect(await shop.outcome(REFUND_INTENT, { paymentIntentId: id, amount: 600 })).toBe("done");
  await waitFor("the decision", async () => {
    await shop.work();
    expect(await shop.intentOf(id)).toMatchObject({ amountRefundable: 400 });
    return shop.heardOf(id).includes("refund.succeeded");
  });
  expect(await shop.intentOf(id)).toMatchObject({
    amountRefunded: 600,
    refunds: { edges: [{ node: { status: "SUCCEEDED", amount: 600 } }] },
  });
  const [attempt] = await api.db("attempts").where({ payment_intent_id: id, operation: "refund" });
  // The answer to the call was that it was not decided.
  expect(attempt).toMatchObject({ sends: 1, unknown_since: expect.any(Date) });
  expect(await moved(id)).toEqual(["capture 1000", "refund 600"]);
});

test("a refund that the network refuses gives its amount back at once", async () => {
  const { id } = await paid();
  const [charge] = await api.db("attempts").where({ payment_intent_id: id });
  await api.sandbox.refund(charge.id, { reference: "behind", amount: 900, currency: "USD" });
  expect(await shop.outcome(REFUND_INTENT, { paymentIntentId: id, amount: 500 })).toBe("done");
  await shop.work();
  expect(await shop.intentOf(id)).toMatchObject({
    amountRefundable: 1_000,
    refunds: { edges: [{ node: { status: "FAILED", amount: 500 } }] },
  });
  expect(shop.heardOf(id).slice(-2)).toEqual(["refund.created", "refund.failed"]);
  await api.sandbox.reverse("behind");
});

test("a refund takes no more than is on the merchant's account, where that is forbidden", async () => {
  const { id } = await paid({ currency: "SEK" });
  await takeFromBalance("SEK", 700);
  const refund = (input: object) => shop.outcome(REFUND_INTENT, { paymentIntentId: id, ...input });
  expect(await refund({})).toEqual({
    code: "AMOUNT_TOO_LARGE",
    details: { id, limitedBy: "MERCHANT_BALANCE", remaining: 300 },
  });
  expect(await refund({ amount: 300 })).toBe("done");
  await shop.work();
  expect(await shop.intentOf(id)).toMatchObject({ amountRefunded: 300, amountRefundable: 700 });
  expect(shop.heardOf(id).slice(-2)).toEqual(["refund.created", "refund.succeeded"]);
});

/** As an operator does who corrects what a settlement file says otherwise. */
async function takeFromBalance(currency: string, amount: number): Promise<void> {
  const postings = [{ debit: "MERCHANT_BALANCE", credit: "PROCESSOR_RECEIVABLE", amount }] as const;
  const proposal = { corrects: null, postings };
  const breakId = await aBreak(api.db, api.merchant.id, { currency, proposal });
  const { error } = await api.send({
    query: `mutation { resolveReconciliationBreak(idempotencyKey: "${breakId}",
      input: {breakId: "${breakId}", action: APPROVE_CORRECTION, reason: "by their file"}) {
      reconciliationBreak { id } } }`,
    ...api.asPlatform,
  });
  expect(error).toBeUndefined();
}

test("3-D Secure: only the network's answer counts, once, and only to the payment's own merchant", async () => {
  const { id } = await paid({ paymentMethod: "pm_card_threeDSecureRequired" });
  const { nextAction } = await shop.intentOf(id);
  const stranger = await api.send({
    query: `query ($id: ID!) { paymentIntent(id: $id) { nextAction { __typename } } }`,
    variables: { id },
    key: api.stranger.secretKey,
  });
  expect(stranger.data.paymentIntent).toBeNull();
  // The shopper is back, and says nothing: the payment waits.
  await shop.work();
  expect(await shop.intentOf(id)).toMatchObject({ status: "REQUIRES_ACTION" });
  const { pathname } = new URL(String(nextAction.redirectUrl));
  for (const _twice of [1, 2]) await api.sandbox.post(`${pathname}/complete`);
  await comesTo(id, "SUCCEEDED");
  expect(await moved(id)).toEqual(["capture 1000"]);
  expect(shop.heardOf(id)).toEqual([
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.processing",
    "payment_intent.succeeded",
  ]);
});

test("3-D Secure that fails is a soft decline, and a card that needs none is charged", async () => {
  const { id } = await paid({ paymentMethod: "pm_card_threeDSecureRequired" });
  const { nextAction } = await shop.intentOf(id);
  await api.sandbox.post(`${new URL(String(nextAction.redirectUrl)).pathname}/fail`);
  await comesTo(id, "REQUIRES_PAYMENT_METHOD");
  const card = { paymentIntentId: id, paymentMethod: "pm_card_threeDSecureOptional" };
  expect(await shop.outcome(CONFIRM_INTENT, card)).toBe("done");
  await shop.work();
  expect(await shop.intentOf(id)).toMatchObject({ status: "SUCCEEDED" });
  expect(await moved(id)).toEqual(["capture 1000"]);
  expect(shop.heardOf(id).slice(-3)).toEqual([
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
  ]);
});

test("a soft decline takes another card, never while one is on its way; a hard one ends the payment", async () => {
  const soft = await makeIntent(api, { paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" });
  const confirm = (id: string, paymentMethod?: string) =>
    shop.outcome(CONFIRM_INTENT, { paymentIntentId: id, ...(paymentMethod && { paymentMethod }) });
  expect(await confirm(soft.id)).toBe("done");
  expect(await confirm(soft.id, "pm_card_visa")).toMatchObject({ code: "INVALID_STATE" });
  await shop.work();
  expect(await shop.intentOf(soft.id)).toMatchObject({
    status: "REQUIRES_PAYMENT_METHOD",
    lastPaymentError: { declineCode: "insufficient_funds", retryable: true },
  });
  expect(await confirm(soft.id, "pm_card_visa")).toBe("done");
  await shop.work();
  expect(await moved(soft.id)).toEqual(["capture 2500"]);
  expect(shop.heardOf(soft.id).slice(-3)).toEqual([
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
  ]);
  const hard = await paid({ paymentMethod: "pm_card_chargeDeclinedStolenCard" });
  expect(await shop.intentOf(hard.id)).toMatchObject({
    status: "FAILED",
    lastPaymentError: { declineCode: "stolen_card", retryable: false },
  });
  expect(await confirm(hard.id, "pm_card_visa")).toMatchObject({
    code: "INVALID_STATE",
    details: { currentState: "FAILED", allowedActions: [] },
  });
  expect(shop.heardOf(hard.id).at(-1)).toBe("payment_intent.payment_failed");
  expect(await moved(hard.id)).toEqual([]);
});

test("one order is one payment, changed before it is confirmed and not after", async () => {
  const order = {
    amount: 1_000,
    currency: "USD",
    merchantReference: "order-7",
    uniqueReference: true,
  };
  const { data } = await shop.ask(CREATE_INTENT, { ...order, paymentMethod: "pm_card_visa" });
  const { id } = data.createPaymentIntent.paymentIntent;
  expect(await shop.outcome(CREATE_INTENT, order)).toMatchObject({
    code: "DUPLICATE_REFERENCE",
    details: { id },
  });
  const update = (input: object) => shop.outcome(UPDATE_INTENT, { paymentIntentId: id, ...input });
  expect(await update({ amount: 1_200, expectedVersion: 1 })).toBe("done");
  expect(await update({ amount: 1, expectedVersion: 1 })).toMatchObject({
    code: "INVALID_STATE",
    details: { version: 2 },
  });
  expect(await shop.outcome(CONFIRM_INTENT, { paymentIntentId: id })).toBe("done");
  expect(await update({ amount: 1 })).toMatchObject({ code: "INVALID_STATE" });
  await shop.work();
  expect(await moved(id)).toEqual(["capture 1200"]);
  expect(shop.heardOf(id)).toEqual([
    "payment_intent.created",
    "payment_intent.updated",
    "payment_intent.processing",
    "payment_intent.succeeded",
  ]);
});
