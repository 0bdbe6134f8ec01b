import { configureFailpoints, failpointCounts } from "../../src/failpoints";
import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { receiveProcessorWebhook } from "../../src/inbox/receive-processor-webhook";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import type { CreatePaymentIntent } from "../../src/payments/create-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import type { Processor } from "../../src/processors/processor";
import { failRefund } from "../stripe-simulation/bank";
import { type StripeBench, WEBHOOK_SECRETS, startStripeBench } from "../processors/stripe-bench";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, expectCrashed, surviveCrash } from "../support/crash";
import {
  type Given,
  aMerchant,
  anIntent,
  captureCommand,
  confirmCommand,
  refundCommand,
  succeeded,
  theIntent,
} from "../support/factories";
import { booksOf } from "../support/stripe-books";
import { waitFor } from "../support/wait-for";
import { CHARGES, CHARGING, PREPARING } from "./charging";

/**
 * Payments through Stripe's adapter and the simulation, with everything of ours around it: whoever dies where, whatever is
 * lost, repeated or told twice, the simulation's books show one movement. They are what the audit at the end compares with.
 */

let t: TestApp;
let stripe: StripeBench;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "0,600000" });
  stripe = await startStripeBench();
  (t.app.processors as Map<string, Processor>).set("stripe", stripe.processor);
  t.movements = booksOf(stripe);
});
afterAll(async () => {
  await t.stop();
  await stripe.close();
});
afterEach(() => {
  stripe.server.faults.length = 0;
});

async function aConfirmed(given: Given<CreatePaymentIntent> = {}, paymentMethod = "pm_card_visa") {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id, given);
  const returnUrl = "https://shop.example/return";
  const command = { processor: "stripe", paymentMethod, returnUrl };
  succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchant.id, id, command)));
  return { merchantId: merchant.id, id };
}

const attemptsOf = (id: string) => t.db("attempts").where({ payment_intent_id: id }).orderBy("id");

/** Of all attempts of one operation together; what was undone did not stand. */
async function movedOnce(id: string, operation?: string): Promise<void> {
  const attempts = await attemptsOf(id);
  const own = attempts.filter((a) => operation === undefined || a.operation === operation);
  const moved = own.flatMap((attempt) => stripe.moved(attempt.id));
  const reversed = moved.filter((line) => line.startsWith("reverse")).length;
  expect(moved.length - 2 * reversed).toBe(1);
}

async function settleAll(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await t.drain();
    await t.makeDue();
  }
  await t.drain();
}

describe.each(CHARGES)("%s", (_what, given, ends) => {
  it.each([...CHARGING, ...PREPARING])("moves once when its worker fails at %s", async (point) => {
    const { merchantId, id } = await aConfirmed(given);
    crashOnceAt(point);
    await surviveCrash(t);
    expectCrashed(point);
    expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
    await movedOnce(id);
  });

  it.each(["prepare.after_call", "prepare.after_commit", "charge.after_call"] as const)(
    "moves once when its worker is gone for good at %s",
    async (point) => {
      const { merchantId, id } = await aConfirmed(given);
      configureFailpoints(`${point}:hang#1`);
      await t.relayOnce();
      void t.runCharges();
      await waitFor("the failpoint", () => Promise.resolve(failpointCounts()[point] === 1));
      await t.killWorker();
      await surviveCrash(t);
      expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
      await movedOnce(id);
    },
  );

  it.each(["lose_answer", "lose_request", "fail_answer", "error_page", "turn_away"] as const)(
    "moves once after %s of its confirmation",
    async (fault) => {
      const { merchantId, id } = await aConfirmed(given);
      stripe.server.faults.push({ fault });
      await settleAll();
      expect(stripe.server.faults).toEqual([]);
      expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
      await movedOnce(id);
    },
  );

  it("moves once where cancelling it got no answer either", async () => {
    const { merchantId, id } = await aConfirmed(given);
    stripe.server.faults.push({ fault: "lose_request" }, { fault: "lose_answer", only: "/cancel" });
    await settleAll();
    expect(stripe.server.faults).toEqual([]);
    expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
    await movedOnce(id);
  });
});

it.each(["lose_answer", "lose_request", "fail_answer"] as const)(
  "captures and refunds move once after %s",
  async (fault) => {
    const { merchantId, id } = await aConfirmed({ captureMethod: "MANUAL" });
    await settleAll();
    for (const operation of ["capture", "refund"] as const) {
      if (operation === "capture") {
        await capturePaymentIntent(t.db, captureCommand(merchantId, id));
      } else await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 400 }));
      stripe.server.faults.push({ fault });
      await settleAll();
      expect(stripe.server.faults).toEqual([]);
      await movedOnce(id, operation);
    }
    const ends = { status: "SUCCEEDED", amountCaptured: 1_000, amountRefunded: 400 };
    expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
  },
);

it("a decline is one, and cannot be confirmed by the shopper any more", async () => {
  const card = "pm_card_visa_chargeDeclinedInsufficientFunds";
  const { merchantId, id } = await aConfirmed({}, card);
  await settleAll();
  const [attempt] = await attemptsOf(id);
  expect(await theIntent(t, merchantId, id)).toMatchObject({
    status: "REQUIRES_PAYMENT_METHOD",
    lastPaymentError: { declineCode: "insufficient_funds", networkDeclineCode: "51" },
  });
  expect(stripe.confirmAgain(attempt.processor_ref, "pm_card_visa")).toBe(false);
  expect(stripe.moved(attempt.id)).toEqual([]);
});

/** All that was told since, twice and in no order. */
async function hearAll(since: number): Promise<void> {
  const { events } = stripe.bank;
  const told = events.slice(since);
  for (const event of [...told.reverse(), ...told]) {
    const { rawBody: body, headers } = stripe.sign(event, WEBHOOK_SECRETS[1]);
    await receiveProcessorWebhook(t.app, { processor: "stripe", headers, body });
  }
  await applyProcessorWebhooks(t.app, 100);
}

it("a challenge that is passed, a refund, and its late failure are heard, however often", async () => {
  const since = stripe.bank.events.length;
  const { merchantId, id } = await aConfirmed({}, "pm_card_threeDSecureRequired");
  await t.drain();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "REQUIRES_ACTION" });
  const [attempt] = await attemptsOf(id);
  stripe.authenticate(attempt.processor_ref);
  await hearAll(since);
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
  await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 400 }));
  await t.drain();
  await hearAll(since);
  expect(await theIntent(t, merchantId, id)).toMatchObject({ amountRefunded: 400 });
  const [refund] = [...stripe.bank.refunds.values()].slice(-1);
  if (refund) failRefund(stripe.bank, refund);
  await hearAll(since);
  expect(await theIntent(t, merchantId, id)).toMatchObject({ amountRefunded: 0 });
  await movedOnce(id, "charge");
  const [, refunded] = await attemptsOf(id);
  expect(stripe.moved(refunded.id)).toEqual(["refund 400", "refund_failure 400"]);
});

it("a challenge that failed is declined once somebody has looked, and closed", async () => {
  const since = stripe.bank.events.length;
  const { merchantId, id } = await aConfirmed({}, "pm_card_threeDSecureRequired");
  await t.drain();
  const [attempt] = await attemptsOf(id);
  stripe.authenticate(attempt.processor_ref, false);
  await hearAll(since);
  await settleAll();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "REQUIRES_PAYMENT_METHOD" });
  expect(stripe.confirmAgain(attempt.processor_ref, "pm_card_visa")).toBe(false);
  expect(stripe.moved(attempt.id)).toEqual([]);
});
