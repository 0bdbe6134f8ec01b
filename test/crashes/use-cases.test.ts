import type { FailpointName } from "../../src/failpoints";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import {
  aCapturedIntent,
  aMerchant,
  anAuthorizedIntent,
  anIntent,
  cancelCommand,
  captureCommand,
  confirmCommand,
  createCommand,
  refundCommand,
  theIntent,
} from "../support/factories";

/** A mutation that dies leaves all of it or nothing, and its retry with the same key finds out which. */

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.stop());

it.each<[FailpointName, string]>([
  ["api.before_commit", "EXECUTED"],
  ["api.after_commit", "REPLAYED"],
])("creates one intent when it dies at %s: its retry is %s", async (point, status) => {
  const merchant = await aMerchant(t);
  const command = createCommand(merchant.id);
  crashOnceAt(point);
  await dying(t.app.createPaymentIntent(command));
  expectCrashed(point);
  expect(await t.app.createPaymentIntent(command)).toMatchObject({ status });
  expect(await t.db("payment_intents").where({ merchant_id: merchant.id })).toHaveLength(1);
});

it.each<[FailpointName, string]>([
  ["api.before_commit", "EXECUTED"],
  ["api.after_commit", "REPLAYED"],
])("charges once when a confirmation dies at %s: its retry is %s", async (point, status) => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const command = confirmCommand(merchant.id, id);
  crashOnceAt(point);
  await dying(t.app.confirmPaymentIntent(command));
  expectCrashed(point);
  expect(await t.app.confirmPaymentIntent(command)).toMatchObject({ status });
  await t.drain();
  const attempts = await t.db("attempts").where({ payment_intent_id: id });
  expect(attempts).toHaveLength(1);
  expect(await t.movements(attempts[0].id)).toHaveLength(1);
});

it("captures once when it dies before its commit", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id);
  const command = captureCommand(merchant.id, id);
  crashOnceAt("capture.inside_transaction");
  await dying(capturePaymentIntent(t.db, command));
  expectCrashed("capture.inside_transaction");
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "REQUIRES_CAPTURE",
    version: 3,
  });
  expect(await capturePaymentIntent(t.db, command)).toMatchObject({ status: "EXECUTED" });
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountCaptured: 1_000 });
});

it("refunds once when it dies before its commit", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id);
  const command = refundCommand(merchant.id, id, { amount: 400 });
  crashOnceAt("refund.inside_transaction");
  await dying(refundPaymentIntent(t.db, command));
  expectCrashed("refund.inside_transaction");
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    amountRefundable: 1_000,
    version: 3,
  });
  expect(await refundPaymentIntent(t.db, command)).toMatchObject({ status: "EXECUTED" });
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountRefunded: 400 });
});

it("cancels once when it dies before its commit", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id);
  const command = cancelCommand(merchant.id, id);
  crashOnceAt("cancel.inside_transaction");
  await dying(cancelPaymentIntent(t.db, command));
  expectCrashed("cancel.inside_transaction");
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "REQUIRES_CAPTURE",
    version: 3,
  });
  expect(await cancelPaymentIntent(t.db, command)).toMatchObject({ status: "EXECUTED" });
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "CANCELED" });
});
