import type { Failure } from "../../src/failures";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { allowedActions } from "../../src/payments/intent-actions";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import {
  aConfirmedIntent,
  aMerchant,
  aCapturedIntent,
  aSettledIntent,
  anAuthorizedIntent,
  anIntent,
  cancelCommand,
  captureCommand,
  confirmCommand,
  refundCommand,
  succeeded,
  theIntent,
} from "../support/factories";

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.stop());

const attemptsOf = (id: string) => t.db("attempts").where({ payment_intent_id: id }).orderBy("id");

it("queues one attempt and answers before any processor is asked", async () => {
  const merchant = await aMerchant(t);
  const intent = await aConfirmedIntent(t, merchant.id);
  expect(intent).toMatchObject({ status: "PROCESSING", version: 2, amountAuthorized: 0 });
  const attempts = await attemptsOf(intent.id);
  expect(attempts).toMatchObject([{ operation: "charge", status: "QUEUED", sends: 0 }]);
  expect(await t.movements(attempts[0].id)).toEqual([]);
  const [message] = await t.db("outbox").where({ attempt_id: attempts[0].id });
  expect(message).toMatchObject({ event_id: expect.stringMatching(/^evt_/) });
});

it("charges the card once, and the intent succeeds", async () => {
  const merchant = await aMerchant(t);
  const intent = await aSettledIntent(t, merchant.id, { amount: 2_500 });
  expect(intent).toMatchObject({
    status: "SUCCEEDED",
    amountAuthorized: 2_500,
    amountCaptured: 2_500,
    amountCapturable: 0,
    amountRefundable: 2_500,
    version: 3,
  });
  const [attempt] = await attemptsOf(intent.id);
  expect(await t.movements(attempt.id)).toMatchObject([
    { kind: "capture", amount: 2_500, currency: "USD" },
  ]);
});

it("authorises only, when the capture is to be manual", async () => {
  const merchant = await aMerchant(t);
  const intent = await aSettledIntent(t, merchant.id, { captureMethod: "MANUAL" });
  expect(intent).toMatchObject({
    status: "REQUIRES_CAPTURE",
    amountAuthorized: 1_000,
    amountCapturable: 1_000,
    amountCaptured: 0,
  });
});

it("takes a payment method with the confirmation", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id, { paymentMethod: null });
  const without = confirmCommand(merchant.id, id);
  expect(await t.app.confirmPaymentIntent(without)).toMatchObject({
    code: "INVALID_STATE",
    message: expect.stringContaining("It needs a card: give `paymentMethod`."),
    details: {
      because: "It needs a card: give `paymentMethod`.",
      currentState: "REQUIRES_PAYMENT_METHOD",
      allowedActions: ["CONFIRM", "CANCEL", "UPDATE"],
    },
  });
  const command = confirmCommand(merchant.id, id, { paymentMethod: "pm_card_mastercard" });
  expect(succeeded(await t.app.confirmPaymentIntent(command))).toMatchObject({
    status: "PROCESSING",
    paymentMethod: "pm_card_mastercard",
  });
});

it("replays its result and queues nothing twice", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const command = confirmCommand(merchant.id, id);
  const first = await t.app.confirmPaymentIntent(command);
  await t.drain();
  expect(await t.app.confirmPaymentIntent(command)).toEqual({ ...first, status: "REPLAYED" });
  expect(await attemptsOf(id)).toHaveLength(1);
});

it("refuses a key that was used for another intent", async () => {
  const merchant = await aMerchant(t);
  const [one, other] = [await anIntent(t, merchant.id), await anIntent(t, merchant.id)];
  await t.app.confirmPaymentIntent(confirmCommand(merchant.id, one.id, { key: "k" }));
  const reused = await t.app.confirmPaymentIntent(
    confirmCommand(merchant.id, other.id, { key: "k" }),
  );
  expect(reused).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
  expect(await theIntent(t, merchant.id, other.id)).toMatchObject({ version: 1 });
});

it("stores the verdict of a state that forbids it, and replays it after the state has changed", async () => {
  const merchant = await aMerchant(t);
  const intent = await aConfirmedIntent(t, merchant.id);
  const command = confirmCommand(merchant.id, intent.id);
  const refused = await t.app.confirmPaymentIntent(command);
  expect(refused).toMatchObject({
    code: "INVALID_STATE",
    details: { id: intent.id, currentState: "PROCESSING", allowedActions: ["CANCEL"] },
  });
  await t.drain();
  expect(await t.app.confirmPaymentIntent(command)).toEqual(refused);
});

describe("the verdict lists what the intent allowed", () => {
  type Move = (merchantId: string) => Promise<string>;
  const partlyCaptured: Move = async (merchantId) => {
    const { id } = await anAuthorizedIntent(t, merchantId);
    const part = captureCommand(merchantId, id, { amount: 400, final: false });
    await capturePaymentIntent(t.db, part);
    await t.drain();
    return id;
  };
  const refunded: Move = async (merchantId) => {
    const { id } = await aCapturedIntent(t, merchantId);
    await refundPaymentIntent(t.db, refundCommand(merchantId, id));
    await t.drain();
    return id;
  };
  it.each<[string, Move, string[]]>([
    ["authorised", async (of) => (await anAuthorizedIntent(t, of)).id, ["CAPTURE", "CANCEL"]],
    ["partly captured", partlyCaptured, ["CAPTURE", "REFUND"]],
    ["captured", async (of) => (await aCapturedIntent(t, of)).id, ["REFUND"]],
    ["refunded", refunded, []],
  ])("%s", async (_name, move, expected) => {
    const merchant = await aMerchant(t);
    const id = await move(merchant.id);
    const intent = await theIntent(t, merchant.id, id);
    expect(allowedActions(intent)).toEqual(expected);
    const command = confirmCommand(merchant.id, id);
    const refused = await t.app.confirmPaymentIntent(command);
    expect(refused).toMatchObject({ code: "INVALID_STATE" });
    const because = expect.stringMatching(/^The payment has .+\.$/) as string;
    const details = { id, because, currentState: intent.status, allowedActions: expected };
    expect((refused as Failure).details).toEqual(details);
    expect(await t.app.confirmPaymentIntent(command)).toEqual(refused);
  });

  it("as far as a record of before the amounts were kept can tell", async () => {
    const merchant = await aMerchant(t);
    const { id } = await aCapturedIntent(t, merchant.id);
    const command = confirmCommand(merchant.id, id);
    await t.app.confirmPaymentIntent(command);
    const before = { id, object: "payment intent", currentState: "SUCCEEDED" };
    await t
      .db("idempotency_keys")
      .where({ merchant_id: merchant.id, key: command.key })
      .update({ failure_details: before });
    expect(await t.app.confirmPaymentIntent(command)).toMatchObject({
      code: "INVALID_STATE",
      details: { id, currentState: "SUCCEEDED", allowedActions: [] },
    });
  });
});

it("stores that there is no such intent, also when another merchant has it", async () => {
  const [owner, stranger] = [await aMerchant(t), await aMerchant(t)];
  const { id } = await anIntent(t, owner.id);
  const command = confirmCommand(stranger.id, id);
  const refused = await t.app.confirmPaymentIntent(command);
  expect(refused).toMatchObject({ code: "NOT_FOUND", details: { id } });
  expect(await t.app.confirmPaymentIntent(command)).toEqual(refused);
  expect(await theIntent(t, owner.id, id)).toMatchObject({ version: 1 });
});

it("sends a softly declined intent back for another card, until its tries are used up", async () => {
  const merchant = await aMerchant(t);
  const soft = { paymentMethod: "pm_card_chargeDeclinedInsufficientFunds" };
  let intent = await aSettledIntent(t, merchant.id, soft);
  for (let tries = 2; tries <= 5; tries += 1) {
    expect(intent).toMatchObject({
      status: "REQUIRES_PAYMENT_METHOD",
      lastPaymentError: { declineCode: "insufficient_funds", retryable: true },
    });
    succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchant.id, intent.id, soft)));
    await t.drain();
    intent = await theIntent(t, merchant.id, intent.id);
  }
  expect(intent).toMatchObject({ status: "FAILED", lastPaymentError: { retryable: false } });
  expect(await t.movements()).toEqual(
    expect.not.arrayContaining([
      expect.objectContaining({ reference: intent.lastPaymentError?.attempt }),
    ]),
  );
});

it("fails at once on a hard decline", async () => {
  const merchant = await aMerchant(t);
  const intent = await aSettledIntent(t, merchant.id, { paymentMethod: "pm_card_chargeDeclined" });
  expect(intent).toMatchObject({
    status: "FAILED",
    lastPaymentError: { declineCode: "generic_decline", retryable: false },
  });
});

it("asks the shopper to authenticate, and goes on once that is done", async () => {
  const merchant = await aMerchant(t);
  const card = { paymentMethod: "pm_card_threeDSecureRequired" };
  const intent = await aSettledIntent(t, merchant.id, card);
  expect(intent).toMatchObject({ status: "REQUIRES_ACTION", nextAction: { type: "REDIRECT" } });
  const page = new URL(intent.nextAction?.redirectUrl ?? "");
  await t.sandbox.post(`${page.pathname}/complete`);
  await t.makeDue();
  await t.drain();
  const done = await theIntent(t, merchant.id, intent.id);
  expect(done).toMatchObject({ status: "SUCCEEDED", nextAction: null, version: 5 });
});

describe("once the key's record has expired", () => {
  const forget = (merchantId: string) =>
    t.db("idempotency_keys").where({ merchant_id: merchantId }).del();

  it("replays the intent as it stands, and does not charge again after a soft decline", async () => {
    const merchant = await aMerchant(t);
    const { id } = await anIntent(t, merchant.id);
    const command = confirmCommand(merchant.id, id, {
      paymentMethod: "pm_card_chargeDeclinedInsufficientFunds",
    });
    succeeded(await t.app.confirmPaymentIntent(command));
    await t.drain();
    await forget(merchant.id);
    expect(await t.app.confirmPaymentIntent(command)).toMatchObject({
      status: "REPLAYED",
      result: { id, status: "REQUIRES_PAYMENT_METHOD" },
    });
    expect(await attemptsOf(id)).toHaveLength(1);
  });

  it("replays the intent as it stands when its state would forbid a confirmation", async () => {
    const merchant = await aMerchant(t);
    const { id } = await anIntent(t, merchant.id);
    const command = confirmCommand(merchant.id, id);
    succeeded(await t.app.confirmPaymentIntent(command));
    await t.drain();
    await forget(merchant.id);
    const again = { status: "REPLAYED", result: { id, status: "SUCCEEDED" } };
    expect(await t.app.confirmPaymentIntent(command)).toMatchObject(again);
    expect(await t.app.confirmPaymentIntent(command)).toMatchObject(again);
    const other = await anIntent(t, merchant.id);
    const reused = confirmCommand(merchant.id, other.id, { key: command.key });
    expect(await t.app.confirmPaymentIntent(reused)).toMatchObject({
      code: "IDEMPOTENCY_KEY_REUSED",
    });
  });

  it("judges a new key as always", async () => {
    const merchant = await aMerchant(t);
    const { id } = await anIntent(t, merchant.id);
    await cancelPaymentIntent(t.db, cancelCommand(merchant.id, id));
    expect(await t.app.confirmPaymentIntent(confirmCommand(merchant.id, id))).toMatchObject({
      code: "INVALID_STATE",
      details: { currentState: "CANCELED" },
    });
  });
});
