import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { reverse } from "../../src/payments/send-attempt";
import type { Attempt } from "../../src/payments/attempt";
import { type TestApp, startTestApp } from "../support/app";
import {
  aMerchant,
  anIntent,
  confirmCommand,
  refundCommand,
  succeeded,
  theIntent,
} from "../support/factories";
import { PREPARES, addPreparing } from "../support/preparing";

/**
 * What became of a request that got no answer is found out by repeating it under its key, for as long as the key is
 * certain to be known: a processor that has forgotten it would move the money a second time.
 */

let t: TestApp;
let processor: ReturnType<typeof addPreparing>;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
  processor = addPreparing(t);
});
afterAll(() => t.stop());
afterEach(async () => {
  processor.between({});
  await t.sandbox.call("DELETE", "/admin/faults");
});

const refundsOf = (id: string) =>
  t.db("attempts").where({ payment_intent_id: id, operation: "refund" }).orderBy("id");

/** A refund whose answer never came; sent so many hours ago. */
async function anUnknownRefund(fault: string, hoursAgo: number) {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const confirmed = confirmCommand(merchant.id, id, { processor: PREPARES });
  succeeded(await t.app.confirmPaymentIntent(confirmed));
  await t.drain();
  await refundPaymentIntent(t.db, refundCommand(merchant.id, id, { amount: 300 }));
  await t.sandbox.setFault({ fault, rate: 1, operation: "refund", count: 1 });
  await t.relayOnce();
  await t.runCharges();
  const [refund] = await refundsOf(id);
  expect(refund).toMatchObject({ status: "UNKNOWN", target_processor_ref: expect.any(String) });
  await t.db.raw("update attempts set sent_at = now() - ? * interval '1 hour' where id = ?", [
    hoursAgo,
    refund.id,
  ]);
  await t.makeDue();
  processor.sent.length = 0;
  return { merchantId: merchant.id, id, refundId: refund.id as string };
}

const refunded = async (id: string) => {
  const attempts = await refundsOf(id);
  return (await Promise.all(attempts.map((attempt) => t.movements(attempt.id)))).flat().length;
};

it("is repeated under its key while that is certain to be known", async () => {
  const { merchantId, id, refundId } = await anUnknownRefund("lose_request", 22);
  await t.drain();
  expect(processor.sent).toMatchObject([{ reference: refundId, sentAt: expect.any(Date) }]);
  expect(await refundsOf(id)).toMatchObject([{ id: refundId, status: "SUCCEEDED", sends: 1 }]);
  expect(await theIntent(t, merchantId, id)).toMatchObject({ amountRefunded: 300 });
  expect(await refunded(id)).toBe(1);
});

it("is not repeated after 25 hours: what is not found then never arrived, and is asked for anew", async () => {
  const { merchantId, id, refundId } = await anUnknownRefund("lose_request", 25);
  await t.drain();
  const attempts = await refundsOf(id);
  expect(attempts).toMatchObject([
    { id: refundId, status: "ABANDONED" },
    { status: "SUCCEEDED", replaces_attempt_id: refundId },
  ]);
  expect(processor.sent).toMatchObject([{ reference: attempts[1].id, sentAt: null }]);
  expect(await theIntent(t, merchantId, id)).toMatchObject({ amountRefunded: 300 });
  expect(await refunded(id)).toBe(1);
});

it("is not repeated after 25 hours while nobody answers the look-up, and moves once", async () => {
  const { merchantId, id, refundId } = await anUnknownRefund("lose_response", 25);
  await t.sandbox.call("DELETE", "/admin/keys");
  await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "lookup", count: 2 });
  for (let lookups = 1; lookups <= 2; lookups += 1) {
    await t.sweepOnce();
    expect(await refundsOf(id)).toMatchObject([{ status: "UNKNOWN", lookups }]);
    await t.makeDue();
  }
  await t.drain();
  expect(processor.sent).toEqual([]);
  expect(await refundsOf(id)).toMatchObject([{ id: refundId, status: "SUCCEEDED" }]);
  expect(await theIntent(t, merchantId, id)).toMatchObject({ amountRefunded: 300 });
  expect(await refunded(id)).toBe(1);
});

it("stays unknown where nobody can be asked any more, for an operator", async () => {
  const { id, refundId } = await anUnknownRefund("lose_request", 25);
  const { capabilities } = processor.real;
  processor.between({ capabilities: { ...capabilities, canLookUp: false } });
  for (let round = 0; round < 3; round += 1) {
    await t.sweepOnce();
    await t.makeDue();
  }
  expect(processor.sent).toEqual([]);
  expect(await refundsOf(id)).toMatchObject([{ id: refundId, status: "UNKNOWN" }]);
  processor.between({});
  await t.drain();
});

it("is found by the look-up where the repeat is answered with the same failure for ever", async () => {
  const { merchantId, id, refundId } = await anUnknownRefund("error_after", 1);
  await t.drain();
  expect(await refundsOf(id)).toMatchObject([{ id: refundId, status: "SUCCEEDED", sends: 1 }]);
  expect(await theIntent(t, merchantId, id)).toMatchObject({ amountRefunded: 300 });
  expect(await refunded(id)).toBe(1);
});

it("is not queued again because its repeat could not be sent", async () => {
  const { id, refundId } = await anUnknownRefund("lose_request", 1);
  processor.between({ send: () => Promise.resolve({ kind: "unsent", reason: "refused" }) });
  await t.sweepOnce();
  expect(await refundsOf(id)).toMatchObject([{ id: refundId, status: "UNKNOWN", sends: 1 }]);
  processor.between({});
  await t.makeDue();
  await t.drain();
  expect(await refunded(id)).toBe(1);
});

it("has a person give back what the processor cannot undo", async () => {
  const attempt = { operation: "compensate", targetAttemptId: "att_1", refundId: "re_1" };
  const outcome = await reverse(processor.real, attempt as Attempt);
  expect(outcome).toMatchObject({ kind: "unknown", reason: expect.stringContaining("refund") });
});
