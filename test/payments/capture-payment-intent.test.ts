import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import {
  aMerchant,
  anAuthorizedIntent,
  anIntent,
  captureCommand,
  theIntent,
} from "../support/factories";

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.stop());

it("captures all that was authorised, once", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id);
  const outcome = await capturePaymentIntent(t.db, captureCommand(merchant.id, id));
  expect(outcome).toMatchObject({ status: "EXECUTED", result: { status: "PROCESSING" } });
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "SUCCEEDED",
    amountCaptured: 1_000,
    amountCapturable: 0,
  });
});

it("captures in parts, and releases what the final one leaves", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id, 1_000);
  await capturePaymentIntent(t.db, captureCommand(merchant.id, id, { amount: 300, final: false }));
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "REQUIRES_CAPTURE",
    amountCaptured: 300,
    amountCapturable: 700,
  });
  await capturePaymentIntent(t.db, captureCommand(merchant.id, id, { amount: 200 }));
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "SUCCEEDED",
    amountCaptured: 500,
    amountCapturable: 0,
  });
});

it("refuses more than was authorised, stores that and replays it", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id, 1_000);
  const command = captureCommand(merchant.id, id, { amount: 1_001 });
  const failure = { code: "AMOUNT_TOO_LARGE", details: { id, remaining: 1_000 } };
  await expect(capturePaymentIntent(t.db, command)).rejects.toMatchObject(failure);
  await capturePaymentIntent(t.db, captureCommand(merchant.id, id, { amount: 900, final: false }));
  await t.drain();
  await expect(capturePaymentIntent(t.db, command)).rejects.toMatchObject(failure);
});

it("refuses an intent that is not authorised, and replays that", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const command = captureCommand(merchant.id, id);
  const failure = { code: "INVALID_STATE", details: { currentState: "REQUIRES_CONFIRMATION" } };
  await expect(capturePaymentIntent(t.db, command)).rejects.toMatchObject(failure);
  await expect(capturePaymentIntent(t.db, command)).rejects.toMatchObject(failure);
});

it("replays its result, and refuses its key for another amount", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id);
  const command = captureCommand(merchant.id, id, { amount: 400, final: false });
  const first = await capturePaymentIntent(t.db, command);
  expect(await capturePaymentIntent(t.db, command)).toEqual({ ...first, status: "REPLAYED" });
  const other = captureCommand(merchant.id, id, { key: command.key, amount: 500 });
  await expect(capturePaymentIntent(t.db, other)).rejects.toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountCaptured: 400 });
});

it("gives back what was reserved when the processor declines", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id);
  const [charge] = await t.db("attempts").where({ payment_intent_id: id });
  // Somebody let go of the authorisation behind our back, so that the network refuses ours.
  await t.sandbox.voidCharge(charge.id, "elsewhere");
  await capturePaymentIntent(t.db, captureCommand(merchant.id, id));
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "REQUIRES_CAPTURE",
    amountCaptured: 0,
    amountCapturable: 1_000,
  });
  await t.sandbox.reverse("elsewhere");
});

describe("once the key's record has expired", () => {
  const forget = (merchantId: string) =>
    t.db("idempotency_keys").where({ merchant_id: merchantId }).del();

  it("does not capture again, whether that would be possible or not", async () => {
    const merchant = await aMerchant(t);
    const { id } = await anAuthorizedIntent(t, merchant.id);
    const command = captureCommand(merchant.id, id, { amount: 300, final: false });
    await capturePaymentIntent(t.db, command);
    await t.drain();
    await forget(merchant.id);
    expect(await capturePaymentIntent(t.db, command)).toMatchObject({
      status: "REPLAYED",
      result: { id, status: "REQUIRES_CAPTURE", amountCaptured: 300 },
    });
    await capturePaymentIntent(t.db, captureCommand(merchant.id, id));
    await t.drain();
    await forget(merchant.id);
    expect(await capturePaymentIntent(t.db, command)).toMatchObject({
      status: "REPLAYED",
      result: { id, status: "SUCCEEDED", amountCaptured: 1_000 },
    });
    expect(await t.db("captures").where({ payment_intent_id: id })).toHaveLength(2);
  });

  it("refuses the key for another intent", async () => {
    const merchant = await aMerchant(t);
    const one = await anAuthorizedIntent(t, merchant.id);
    const other = await anAuthorizedIntent(t, merchant.id);
    const command = captureCommand(merchant.id, one.id);
    await capturePaymentIntent(t.db, command);
    await t.drain();
    await forget(merchant.id);
    const reused = captureCommand(merchant.id, other.id, { key: command.key });
    await expect(capturePaymentIntent(t.db, reused)).rejects.toMatchObject({
      code: "IDEMPOTENCY_KEY_REUSED",
    });
  });
});
