import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { findRefunds } from "../../src/payments/payment-store";
import { type TestApp, startTestApp } from "../support/app";
import {
  aCapturedIntent,
  aMerchant,
  anAuthorizedIntent,
  anIntent,
  captureCommand,
  refundCommand,
  theIntent,
} from "../support/factories";

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.stop());

it("reserves the amount at once, and refunds it once the processor has", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id, 1_000);
  const command = refundCommand(merchant.id, id, { amount: 400, metadata: { why: "broken" } });
  const { result: refund } = await refundPaymentIntent(t.db, command);
  expect(refund).toMatchObject({ status: "PENDING", amount: 400, metadata: { why: "broken" } });
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    amountRefunded: 0,
    amountRefundable: 600,
  });
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "SUCCEEDED",
    amountRefunded: 400,
    amountRefundable: 600,
  });
  expect(await findRefunds(t.db, merchant.id, [refund.id])).toMatchObject([
    { status: "SUCCEEDED" },
  ]);
});

it("refunds all that is left when no amount is given", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id, 1_000);
  await refundPaymentIntent(t.db, refundCommand(merchant.id, id, { amount: 1 }));
  const { result } = await refundPaymentIntent(t.db, refundCommand(merchant.id, id));
  expect(result.amount).toBe(999);
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountRefundable: 0 });
});

it("refuses more than is left, those in flight included, and replays that", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id, 1_000);
  await refundPaymentIntent(t.db, refundCommand(merchant.id, id, { amount: 700 }));
  const command = refundCommand(merchant.id, id, { amount: 301 });
  const failure = { code: "AMOUNT_TOO_LARGE", details: { remaining: 300 } };
  await expect(refundPaymentIntent(t.db, command)).rejects.toMatchObject(failure);
  await t.drain();
  await expect(refundPaymentIntent(t.db, command)).rejects.toMatchObject(failure);
});

it("says why nothing is left, also where no amount is given", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id, 1_000);
  await refundPaymentIntent(t.db, refundCommand(merchant.id, id));
  const because = "Everything captured has been refunded or is being refunded.";
  const failure = {
    code: "AMOUNT_TOO_LARGE",
    message: because,
    details: { id, because, remaining: 0 },
  };
  for (const given of [{}, { amount: 1 }]) {
    const command = refundCommand(merchant.id, id, given);
    await expect(refundPaymentIntent(t.db, command)).rejects.toMatchObject(failure);
    await expect(refundPaymentIntent(t.db, command)).rejects.toMatchObject(failure);
  }
  await t.drain();
});

it("refuses an intent of which nothing is captured", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const command = refundCommand(merchant.id, id);
  const failure = { code: "INVALID_STATE", details: { currentState: "REQUIRES_CONFIRMATION" } };
  await expect(refundPaymentIntent(t.db, command)).rejects.toMatchObject(failure);
  await expect(refundPaymentIntent(t.db, command)).rejects.toMatchObject(failure);
});

it("replays its result, and refuses its key for another amount", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id);
  const command = refundCommand(merchant.id, id, { amount: 100 });
  const first = await refundPaymentIntent(t.db, command);
  await t.drain();
  expect(await refundPaymentIntent(t.db, command)).toEqual({ ...first, status: "REPLAYED" });
  const other = refundCommand(merchant.id, id, { key: command.key, amount: 200 });
  await expect(refundPaymentIntent(t.db, other)).rejects.toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountRefunded: 100 });
});

it("gives the reserved amount back when the processor declines", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id, 1_000);
  const [charge] = await t.db("attempts").where({ payment_intent_id: id });
  // Somebody refunded it behind our back, so that the network refuses ours.
  await t.sandbox.refund(charge.id, { reference: "elsewhere", amount: 900, currency: "USD" });
  const { result } = await refundPaymentIntent(
    t.db,
    refundCommand(merchant.id, id, { amount: 500 }),
  );
  await t.drain();
  expect(await findRefunds(t.db, merchant.id, [result.id])).toMatchObject([
    { status: "FAILED", failureCode: "amount_too_large" },
  ]);
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    amountRefunded: 0,
    amountRefundable: 1_000,
  });
  await t.sandbox.reverse("elsewhere");
});

it("refunds what is captured of an intent that is not captured to the end", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id, 1_000);
  await capturePaymentIntent(t.db, captureCommand(merchant.id, id, { amount: 600, final: false }));
  await t.drain();
  await refundPaymentIntent(t.db, refundCommand(merchant.id, id));
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "REQUIRES_CAPTURE",
    amountCapturable: 400,
    amountRefunded: 600,
    amountRefundable: 0,
  });
});

describe("once the key's record has expired", () => {
  const forget = (merchantId: string) =>
    t.db("idempotency_keys").where({ merchant_id: merchantId }).del();

  it("does not refund again, whether that would be possible or not", async () => {
    const merchant = await aMerchant(t);
    const { id } = await aCapturedIntent(t, merchant.id, 1_000);
    const command = refundCommand(merchant.id, id, { amount: 600 });
    const first = await refundPaymentIntent(t.db, command);
    await t.drain();
    await forget(merchant.id);
    const replayed = {
      status: "REPLAYED",
      result: { id: first.result.id, status: "SUCCEEDED", amount: 600 },
    };
    expect(await refundPaymentIntent(t.db, command)).toMatchObject(replayed);
    await refundPaymentIntent(t.db, refundCommand(merchant.id, id, { amount: 100 }));
    await t.drain();
    expect(await refundPaymentIntent(t.db, command)).toMatchObject(replayed);
    expect(await t.db("refunds").where({ payment_intent_id: id })).toHaveLength(2);
  });

  it("does not refund again when there would be enough left", async () => {
    const merchant = await aMerchant(t);
    const { id } = await aCapturedIntent(t, merchant.id, 1_000);
    const command = refundCommand(merchant.id, id, { amount: 100 });
    const first = await refundPaymentIntent(t.db, command);
    await t.drain();
    await forget(merchant.id);
    expect(await refundPaymentIntent(t.db, command)).toMatchObject({
      status: "REPLAYED",
      result: { id: first.result.id },
    });
    await t.drain();
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountRefunded: 100 });
  });
});
