import { type FailpointName, configureFailpoints, failpointCounts } from "../../src/failpoints";
import { applyProcessorWebhooks } from "../../src/inbox/apply-processor-webhooks";
import { receiveProcessorWebhook } from "../../src/inbox/receive-processor-webhook";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import type { CreatePaymentIntent } from "../../src/payments/create-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import type { Processor } from "../../src/processors/processor";
import { failLater, paymentOf } from "../adyen-simulation/bank";
import { cardOf } from "../adyen-simulation/cards";
import { deliveries } from "../adyen-simulation/delivery";
import { signed } from "../adyen-simulation/simulation";
import { type AdyenBench, HMAC_KEYS, startAdyenBench } from "../processors/adyen-bench";
import { booksOf } from "../support/adyen-books";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed, surviveCrash } from "../support/crash";
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
import { waitFor } from "../support/wait-for";

/**
 * Payments through Adyen's adapter and the simulation, with everything of ours around it: whoever dies where, whatever is
 * lost, repeated, told twice or told in no order, the simulation's books show one movement. They are what the audit at the
 * end compares with.
 */

let t: TestApp;
let adyen: AdyenBench;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "0,600000" });
  adyen = await startAdyenBench();
  (t.app.processors as Map<string, Processor>).set("adyen", adyen.processor);
  t.movements = booksOf(adyen);
});
afterAll(async () => {
  await t.stop();
  await adyen.close();
});
afterEach(() => {
  expect(adyen.server.faults).toEqual([]);
});

async function aConfirmed(given: Given<CreatePaymentIntent> = {}, card = "visa") {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id, given);
  const returnUrl = "https://shop.example/return";
  const command = { processor: "adyen", paymentMethod: cardOf(card), returnUrl };
  succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchant.id, id, command)));
  return { merchantId: merchant.id, id };
}

const attemptsOf = (id: string) => t.db("attempts").where({ payment_intent_id: id }).orderBy("id");

/** Of all attempts of one operation together. */
async function movedOnce(id: string, operation?: string): Promise<void> {
  const attempts = await attemptsOf(id);
  const own = attempts.filter((a) => operation === undefined || a.operation === operation);
  expect(own.flatMap((attempt) => adyen.moved(attempt.id))).toHaveLength(1);
}

/** All that was told so far, twice, in no order, several to a request. */
async function hearAll(): Promise<void> {
  adyen.work();
  for (const items of deliveries(adyen.bank.notifications.splice(0))) {
    const body = signed(items, HMAC_KEYS[1]);
    await receiveProcessorWebhook(t.app, { processor: "adyen", headers: {}, body });
  }
  while ((await applyProcessorWebhooks(t.app, 100)) > 0);
}

async function settleAll(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await t.drain();
    await t.makeDue();
  }
  await t.drain();
}

const POINTS: readonly FailpointName[] = [
  "charge.after_claim",
  "charge.before_call",
  "charge.after_call",
  "charge.before_settle",
  "settle.inside_transaction",
  "charge.after_settle",
];

describe.each([
  ["a charge", {}, { status: "SUCCEEDED", amountCaptured: 1_000 }],
  [
    "an authorisation",
    { captureMethod: "MANUAL" as const },
    { status: "REQUIRES_CAPTURE", amountAuthorized: 1_000 },
  ],
])("%s", (_what, given, ends) => {
  it.each(POINTS)("moves once when its worker fails at %s", async (point) => {
    const { merchantId, id } = await aConfirmed(given);
    crashOnceAt(point);
    await surviveCrash(t);
    expectCrashed(point);
    // Before anything is told: it is found by a repeat under its key.
    expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
    await hearAll();
    expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
    await movedOnce(id);
  });

  it("moves once when its worker is gone for good after the call", async () => {
    const { merchantId, id } = await aConfirmed(given);
    configureFailpoints("charge.after_call:hang#1");
    await t.relayOnce();
    void t.runCharges();
    await waitFor("the failpoint", () =>
      Promise.resolve(failpointCounts()["charge.after_call"] === 1),
    );
    await t.killWorker();
    await surviveCrash(t);
    configureFailpoints(undefined);
    expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
    await movedOnce(id);
  });

  it.each(["lose_answer", "lose_request", "error_page", "turn_away", "locked"] as const)(
    "moves once after %s, and no webhook is needed to know",
    async (fault) => {
      const { merchantId, id } = await aConfirmed(given);
      adyen.server.faults.push({ fault });
      await settleAll();
      expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
      await hearAll();
      expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
      await movedOnce(id);
    },
  );

  it("moves once after a failure that is repeated for ever, and the webhook knows", async () => {
    const { merchantId, id } = await aConfirmed(given);
    adyen.server.faults.push({ fault: "fail_answer" });
    await settleAll();
    expect((await attemptsOf(id))[0]).toMatchObject({ status: "UNKNOWN" });
    await hearAll();
    expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
    await movedOnce(id);
  });
});

it.each(["lose_answer", "lose_request", "fail_answer", "locked"] as const)(
  "captures and refunds move once after %s, and are unknown until they are told",
  async (fault) => {
    const { merchantId, id } = await aConfirmed({ captureMethod: "MANUAL" });
    await settleAll();
    for (const operation of ["capture", "refund"] as const) {
      if (operation === "capture") {
        await capturePaymentIntent(t.db, captureCommand(merchantId, id));
      } else await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 400 }));
      adyen.server.faults.push({ fault });
      await settleAll();
      expect((await attemptsOf(id)).at(-1)).toMatchObject({ operation, status: "UNKNOWN" });
      await hearAll();
      await movedOnce(id, operation);
    }
    const ends = { status: "SUCCEEDED", amountCaptured: 1_000, amountRefunded: 400 };
    expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
  },
);

it.each(["inbox.after_store", "inbox.before_apply", "inbox.after_apply"] as const)(
  "a webhook of several items is heard once each when its process dies at %s",
  async (point) => {
    const paid = await Promise.all([aConfirmed(), aConfirmed(), aConfirmed()]);
    adyen.server.faults.push(...paid.map(() => ({ fault: "fail_answer" as const })));
    await settleAll();
    const body = signed(adyen.bank.notifications.splice(0), HMAC_KEYS[0]);
    const deliver = async (): Promise<void> => {
      await receiveProcessorWebhook(t.app, { processor: "adyen", headers: {}, body });
      await applyProcessorWebhooks(t.app, 100);
    };
    crashOnceAt(point);
    await dying(deliver());
    expectCrashed(point);
    await t.db("inbox").whereNotNull("next_at").update({ next_at: t.db.fn.now() });
    await deliver();
    for (const { merchantId, id } of paid) {
      expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
      await movedOnce(id);
    }
  },
);

it("a key that Adyen may have forgotten is not repeated, and the webhook still counts", async () => {
  const { merchantId, id } = await aConfirmed();
  adyen.server.faults.push({ fault: "fail_answer" });
  await t.drain();
  const old = t.db.raw("now() - interval '6 days 1 minute'");
  await t.db("attempts").where({ payment_intent_id: id }).update({ sent_at: old });
  const { length } = adyen.server.requests;
  await t.makeDue();
  await t.drain();
  expect(adyen.server.requests).toHaveLength(length);
  expect((await attemptsOf(id))[0]).toMatchObject({ status: "UNKNOWN" });
  await hearAll();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
  await movedOnce(id);
});

it("a challenge is not sent again, and ends with what is told of it", async () => {
  for (const succeeds of [true, false]) {
    const { merchantId, id } = await aConfirmed({}, "challenge");
    await settleAll();
    expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "REQUIRES_ACTION" });
    const [attempt] = await attemptsOf(id);
    adyen.authenticate(paymentOf(adyen.bank, attempt.id).psp, succeeds);
    await hearAll();
    const status = succeeds ? "SUCCEEDED" : "REQUIRES_PAYMENT_METHOD";
    expect(await theIntent(t, merchantId, id)).toMatchObject({ status });
    expect(adyen.moved(attempt.id)).toEqual(succeeds ? ["capture 1000"] : []);
  }
});

it.each(["in its order", "before the success that it undoes"])(
  "a refund that fails later gives the amount back, told %s",
  async (order) => {
    const { merchantId, id } = await aConfirmed();
    await settleAll();
    await hearAll();
    await refundPaymentIntent(t.db, refundCommand(merchantId, id, { amount: 400 }));
    await settleAll();
    const [, refund] = await attemptsOf(id);
    adyen.work();
    const since = adyen.bank.notifications.length;
    failLater(adyen.bank, "REFUND_FAILED", refund.id);
    const failure = adyen.bank.notifications.splice(since);
    const success = adyen.bank.notifications.splice(0);
    const told = order === "in its order" ? [success, failure] : [failure, success];
    for (const items of told) {
      adyen.bank.notifications.push(...items);
      await hearAll();
    }
    expect(await theIntent(t, merchantId, id)).toMatchObject({ amountRefunded: 0 });
    const attempts = await attemptsOf(id);
    expect(attempts.map((a) => [a.operation, a.status])).toEqual([
      ["charge", "SUCCEEDED"],
      ["refund", "DECLINED"],
    ]);
  },
);

it("a capture that fails after it was told as done is kept as a contradiction", async () => {
  const { id } = await aConfirmed({ captureMethod: "MANUAL" });
  await settleAll();
  const [{ merchant_id: merchantId }] = await attemptsOf(id);
  await capturePaymentIntent(t.db, captureCommand(merchantId, id));
  await settleAll();
  await hearAll();
  const capture = (await attemptsOf(id)).at(-1);
  const { psp } = paymentOf(adyen.bank, (await attemptsOf(id))[0].id);
  // Told, and nothing of the books: what becomes of the amount is a person's to say.
  adyen.bank.notifications.push({
    ...{ pspReference: `${psp}F`, originalReference: psp, merchantReference: capture.id },
    ...{ merchantAccountCode: adyen.bank.merchantAccount, eventDate: new Date().toISOString() },
    ...{ amount: { value: 1_000, currency: "USD" }, eventCode: "CAPTURE_FAILED", success: "true" },
  });
  await hearAll();
  const [heard] = await t.db("inbox").where({ reference: capture.id, type: "CAPTURE_FAILED" });
  expect(heard).toMatchObject({ status: "APPLIED", effect: "contradiction" });
  expect((await attemptsOf(id)).at(-1)).toMatchObject({ status: "SUCCEEDED" });
});
