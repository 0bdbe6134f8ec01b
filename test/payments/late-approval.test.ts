import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import {
  aCapturedIntent,
  aConfirmedIntent,
  aMerchant,
  aSettledIntent,
  cancelCommand,
  refundCommand,
  theIntent,
} from "../support/factories";

/** Processors' webhooks come late, twice and out of order; what they say may long be settled. */

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
});
afterAll(() => t.stop());

const attemptOf = async (id: string, operation: string) =>
  (await t.db("attempts").where({ payment_intent_id: id, operation }).orderBy("id"))[0];

async function webhookSays(id: string, operation: string, kind: "approved" | "declined") {
  const attempt = await attemptOf(id, operation);
  const approved = {
    kind: "approved" as const,
    processorChargeId: "ch_late",
    amountMinor: attempt.amount as number,
    feeMinor: 0,
  };
  const declined = { kind: "declined" as const, code: "refund_failed", message: "No.", hard: true };
  return t.app.settleAttempt({
    merchantId: attempt.merchant_id,
    attemptId: attempt.id,
    paymentIntentId: id,
    outcome: kind === "approved" ? approved : declined,
    source: "webhook",
  });
}

const suspense = async (merchantId: string): Promise<number> => {
  const { rows } = await t.db.raw<{ rows: { amount: number }[] }>(
    `select coalesce(sum(case when p.credit_account_id = a.id then p.amount else -p.amount end), 0)::int as amount
     from ledger_accounts a join postings p on p.merchant_id = a.merchant_id and a.id in (p.debit_account_id, p.credit_account_id)
     where a.merchant_id = ? and a.kind = 'SUSPENSE'`,
    [merchantId],
  );
  return rows[0]?.amount ?? 0;
};

it("gives back what a shopper paid while the payment was being canceled, and keeps it canceled", async () => {
  const { id: merchantId } = await aMerchant(t);
  const card = { paymentMethod: "pm_card_threeDSecureRequired" };
  const intent = await aSettledIntent(t, merchantId, card);
  await cancelPaymentIntent(t.db, cancelCommand(merchantId, intent.id));
  await t.sandbox.post(`${new URL(intent.nextAction?.redirectUrl ?? "").pathname}/complete`);
  expect(await webhookSays(intent.id, "charge", "approved")).toMatchObject({
    effect: "contradiction",
  });
  expect(await suspense(merchantId)).toBe(1_000);
  expect(await webhookSays(intent.id, "charge", "approved")).toMatchObject({ effect: "duplicate" });
  await t.drain();
  expect(await theIntent(t, merchantId, intent.id)).toMatchObject({ status: "CANCELED" });
  expect(await attemptOf(intent.id, "compensate")).toMatchObject({ status: "SUCCEEDED" });
  expect(await suspense(merchantId)).toBe(0);
});

it("gives back what an attempt moved that had been replaced by another", async () => {
  const { id: merchantId } = await aMerchant(t);
  const { id } = await aConfirmedIntent(t, merchantId);
  await t.sandbox.setFault({ fault: "lose_request", rate: 1, operation: "charge", count: 1 });
  await t.drain();
  await t.makeDue();
  await t.drain();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
  expect(await webhookSays(id, "charge", "approved")).toMatchObject({ effect: "contradiction" });
  await t.drain();
  expect(await suspense(merchantId)).toBe(0);
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED", version: 3 });
});

it("does not take the old news of a refund that was returned since for money that moved", async () => {
  const { id: merchantId } = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchantId);
  await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 300 }));
  await t.drain();
  // Its bank sends it back: the network undoes the movement, and says so before it repeats that all was well.
  const refund = await attemptOf(id, "refund");
  await t.sandbox.reverse(refund.id);
  expect(await webhookSays(id, "refund", "declined")).toMatchObject({ effect: "applied" });
  expect(await webhookSays(id, "refund", "approved")).toMatchObject({ effect: "duplicate" });
  await t.drain();
  expect(await theIntent(t, merchantId, id)).toMatchObject({
    amountRefunded: 0,
    amountRefundable: 1_000,
  });
  expect(await suspense(merchantId)).toBe(0);
});
