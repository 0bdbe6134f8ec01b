import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import type { PaymentIntent } from "../../src/payments/payment-intent";
import { findIntents } from "../../src/payments/payment-store";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, expectCrashed, surviveCrash } from "../support/crash";
import {
  aConfirmedIntent,
  aMerchant,
  aSettledIntent,
  cancelCommand,
  confirmCommand,
  succeeded,
  theIntent,
} from "../support/factories";

/** 3-D Secure: whatever shoppers and browsers do, the processor's answer alone is what counts. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());
afterEach(() => t.sandbox.call("DELETE", "/admin/faults"));

const CARD = { paymentMethod: "pm_card_threeDSecureRequired" };

async function aChallenge(): Promise<PaymentIntent> {
  const intent = await aSettledIntent(t, merchantId, CARD);
  expect(intent).toMatchObject({ status: "REQUIRES_ACTION", nextAction: { type: "REDIRECT" } });
  return intent;
}

const now = (id: string) => theIntent(t, merchantId, id);
const pageOf = ({ nextAction }: PaymentIntent) => new URL(nextAction?.redirectUrl ?? "").pathname;
const complete = (intent: PaymentIntent) => t.sandbox.post(`${pageOf(intent)}/complete`);
const chargeOf = async (id: string) =>
  (await t.db("attempts").where({ payment_intent_id: id, operation: "charge" }).orderBy("id"))[0];
const movedFor = async (id: string): Promise<string[]> =>
  (await t.movements((await chargeOf(id)).id)).map(({ kind }) => kind);
const causesOf = (id: string): Promise<string[]> =>
  t.db("transitions").where({ payment_intent_id: id }).orderBy("version").pluck("cause");

/** The shopper's time is over, by the database's clock. */
async function letTimeRunOut(id: string): Promise<void> {
  await t
    .db("attempts")
    .where({ payment_intent_id: id, status: "REQUIRES_ACTION" })
    .update({ challenge_expires_at: t.db.raw("now() - interval '1 second'") });
  await t.makeDue();
}

it("lets a card through that needs no challenge", async () => {
  const card = { paymentMethod: "pm_card_threeDSecureOptional" };
  const { id } = await aSettledIntent(t, merchantId, card);
  expect(await now(id)).toMatchObject({ status: "SUCCEEDED", nextAction: null });
  const statuses = await t.db("transitions").where({ payment_intent_id: id }).pluck("to_status");
  expect(statuses).not.toContain("REQUIRES_ACTION");
});

it("believes the processor, and no browser that only comes by", async () => {
  const intent = await aChallenge();
  // Its page is opened, and left again: for all that a browser can show, the shopper has been there.
  expect((await t.sandbox.get(pageOf(intent))).status).toBe(200);
  await t.makeDue();
  await t.drain();
  expect(await now(intent.id)).toMatchObject({
    status: "REQUIRES_ACTION",
    version: intent.version,
  });
  await complete(intent);
  await t.makeDue();
  await t.drain();
  expect(await now(intent.id)).toMatchObject({ status: "SUCCEEDED", nextAction: null });
  expect(await movedFor(intent.id)).toEqual(["capture"]);
});

it("charges once when the shopper completes it several times, and hears of it several times", async () => {
  const intent = await aChallenge();
  await Promise.all([complete(intent), complete(intent), complete(intent)]);
  const attempt = await chargeOf(intent.id);
  const { body } = await t.sandbox.lookUp(attempt.id);
  const outcome = {
    kind: "approved" as const,
    processorChargeId: String(body.charge_id),
    amountMinor: 1_000,
    feeMinor: Number(body.fee),
  };
  const answer = { merchantId, attemptId: attempt.id, paymentIntentId: intent.id, outcome };
  const apps = [t.app, t.anotherApp()];
  await Promise.all([
    ...[...apps, ...apps].map((app) => app.settleAttempt({ ...answer, source: "webhook" })),
    t.makeDue().then(() => t.sweepOnce()),
  ]);
  await t.drain();
  expect(await now(intent.id)).toMatchObject({ status: "SUCCEEDED", amountCaptured: 1_000 });
  expect(await movedFor(intent.id)).toEqual(["capture"]);
});

it("asks for another try when the shopper fails it", async () => {
  const intent = await aChallenge();
  await t.sandbox.post(`${pageOf(intent)}/fail`);
  await t.makeDue();
  await t.drain();
  expect(await now(intent.id)).toMatchObject({
    status: "REQUIRES_PAYMENT_METHOD",
    lastPaymentError: { code: "authentication_failed", retryable: true },
  });
});

describe("a challenge that nobody answers", () => {
  it("ends when its time is over, and can then not be completed any more", async () => {
    const intent = await aChallenge();
    await letTimeRunOut(intent.id);
    await t.drain();
    expect(await now(intent.id)).toMatchObject({
      status: "REQUIRES_PAYMENT_METHOD",
      nextAction: null,
      paymentMethod: null,
      lastPaymentError: { code: "authentication_expired", retryable: true },
    });
    expect((await causesOf(intent.id)).at(-1)).toBe("authentication.expired");
    await complete(intent);
    expect(await movedFor(intent.id)).toEqual([]);
    // Another card on the same intent.
    const other = confirmCommand(merchantId, intent.id, { paymentMethod: "pm_card_visa" });
    succeeded(await t.app.confirmPaymentIntent(other));
    await t.drain();
    expect(await now(intent.id)).toMatchObject({ status: "SUCCEEDED", amountCaptured: 1_000 });
  });

  it("ends the payment where no tries are left", async () => {
    const intent = await aChallenge();
    await t.db.transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await tx("payment_intents").where({ id: intent.id }).update({ attempts_made: 100 });
    });
    await letTimeRunOut(intent.id);
    await t.drain();
    expect(await now(intent.id)).toMatchObject({
      status: "FAILED",
      lastPaymentError: { code: "authentication_expired", retryable: false },
    });
  });

  it("has the time that the processor gives it, and never more than our own setting", async () => {
    const processors = await aChallenge();
    const { body } = await t.sandbox.lookUp((await chargeOf(processors.id)).id);
    expect(processors.nextAction?.expiresAt).toBe(body.expires_at);
    const strict = t.anotherApp({ ONCEPAY_AUTHENTICATION_MAX_MS: "60000" });
    const { id } = await aConfirmedIntent(t, merchantId, CARD);
    await t.relayOnce();
    for (const data of t.queues.take("run-attempts")) await t.runJob(data, strict);
    const { nextAction, updatedAt } = await now(id);
    const givenMs = Date.parse(nextAction?.expiresAt ?? "") - Date.parse(updatedAt);
    expect(givenMs).toBe(60_000);
    const attempt = await chargeOf(id);
    // It is looked up then, although its schedule would have it later.
    expect(attempt.next_at.getTime()).toBeLessThanOrEqual(
      attempt.challenge_expires_at.getTime() + 1,
    );
  });

  it("is not over for as long as the processor has not acknowledged it", async () => {
    const intent = await aChallenge();
    await letTimeRunOut(intent.id);
    await t.sandbox.setFault({ fault: "lose_request", rate: 1, operation: "reverse", count: 1 });
    await t.sweepOnce();
    expect(await now(intent.id)).toMatchObject({ status: "REQUIRES_ACTION" });
    // The order to forget it was lost on its way, and now the shopper is there. It is too late all the same.
    await complete(intent);
    await t.makeDue();
    await t.drain();
    expect(await now(intent.id)).toMatchObject({
      status: "REQUIRES_PAYMENT_METHOD",
      lastPaymentError: { code: "authentication_expired" },
    });
    expect(await movedFor(intent.id)).toEqual(["capture", "reverse"]);
  });

  it("counts as answered when the processor says so, however late that is heard", async () => {
    const intent = await aChallenge();
    await complete(intent);
    await letTimeRunOut(intent.id);
    await t.drain();
    expect(await now(intent.id)).toMatchObject({ status: "SUCCEEDED" });
    expect(await movedFor(intent.id)).toEqual(["capture"]);
  });

  it.each(["lookup.before_call", "lookup.after_reverse", "settle.inside_transaction"] as const)(
    "ends once when a worker dies at %s",
    async (point) => {
      const intent = await aChallenge();
      await letTimeRunOut(intent.id);
      crashOnceAt(point);
      await surviveCrash(t);
      expectCrashed(point);
      expect(await now(intent.id)).toMatchObject({
        status: "REQUIRES_PAYMENT_METHOD",
        version: intent.version + 1,
      });
      await complete(intent);
      expect(await movedFor(intent.id)).toEqual([]);
    },
  );

  it("is paid or over, and never both, when the shopper comes at the last moment", async () => {
    const intents: PaymentIntent[] = [];
    for (let n = 0; n < 8; n += 1) intents.push(await aChallenge());
    for (const { id } of intents) await letTimeRunOut(id);
    await Promise.all([...intents.map(complete), t.sweepOnce()]);
    await t.makeDue();
    await t.drain();
    for (const { id } of intents) {
      const { status } = await now(id);
      const moved = await movedFor(id);
      const stands =
        moved.filter((kind) => kind !== "reverse").length -
        moved.filter((kind) => kind === "reverse").length;
      expect([status, stands]).toEqual(
        status === "SUCCEEDED" ? ["SUCCEEDED", 1] : ["REQUIRES_PAYMENT_METHOD", 0],
      );
    }
  });

  it("may be canceled while it is ending", async () => {
    const intent = await aChallenge();
    await letTimeRunOut(intent.id);
    await t.sandbox.setFault({ fault: "lose_request", rate: 1, operation: "reverse", count: 1 });
    await t.sweepOnce();
    await cancelPaymentIntent(t.db, cancelCommand(merchantId, intent.id));
    await t.makeDue();
    await t.drain();
    expect(await now(intent.id)).toMatchObject({ status: "CANCELED" });
    await complete(intent);
    expect(await movedFor(intent.id)).toEqual([]);
  });
});

it("is nobody else's: another merchant neither sees it nor can do anything to it", async () => {
  const intent = await aChallenge();
  const { id: stranger } = await aMerchant(t);
  expect(await findIntents(t.db, stranger, [intent.id])).toEqual([]);
  const notFound = { code: "NOT_FOUND" };
  await expect(cancelPaymentIntent(t.db, cancelCommand(stranger, intent.id))).rejects.toMatchObject(
    notFound,
  );
  const confirm = confirmCommand(stranger, intent.id, { paymentMethod: "pm_card_visa" });
  expect(await t.app.confirmPaymentIntent(confirm)).toMatchObject(notFound);
  const attempt = await chargeOf(intent.id);
  const answer = { attemptId: attempt.id, paymentIntentId: intent.id, source: "webhook" };
  const outcome = {
    kind: "approved" as const,
    processorChargeId: "ch_x",
    amountMinor: 1_000,
    feeMinor: 0,
  };
  const settled = await t.app.settleAttempt({ ...answer, merchantId: stranger, outcome });
  expect(settled).toEqual({ effect: "missing" });
  expect(await now(intent.id)).toEqual(intent);
});
