import type { App } from "../../src/app";
import { claimAttempts } from "../../src/payments/attempt-store";
import { renewLease } from "../../src/payments/worker-leases";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { TIMELINE_START, readTimelines } from "../../src/payments/timeline";
import type { CreatePaymentIntent } from "../../src/payments/create-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed, surviveCrash } from "../support/crash";
import {
  type Given,
  aConfirmedIntent,
  aMerchant,
  aSettledIntent,
  anAuthorizedIntent,
  cancelCommand,
  captureCommand,
  theIntent,
} from "../support/factories";

/** A cancellation of a payment whose charge or authorisation is on its way: the answer to that decides. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());
afterEach(() => t.sandbox.call("DELETE", "/admin/faults"));

const MANUAL = { captureMethod: "MANUAL" } as const;
const NOTHING_ELSE = { ledger: false, webhooks: false, auditLog: false };
const now = (id: string) => theIntent(t, merchantId, id);
const cancel = (id: string, app: App = t.app) =>
  cancelPaymentIntent(app.db, cancelCommand(merchantId, id, { reason: "ABANDONED" }));
const attemptsOf = (id: string) => t.db("attempts").where({ payment_intent_id: id }).orderBy("id");

async function movedFor(id: string): Promise<string[]> {
  const moved = await Promise.all((await attemptsOf(id)).map((attempt) => t.movements(attempt.id)));
  return moved.flat().map(({ kind }) => kind);
}

async function runQueued(app: App = t.app): Promise<void> {
  await t.relayOnce();
  for (const data of t.queues.take("run-attempts")) await t.runJob(data, app);
}

/** Sent, and what came of it is not known: the request or its answer was lost. */
async function anUnknown(fault: string, given: Given<CreatePaymentIntent> = {}): Promise<string> {
  const operation = given.captureMethod === "MANUAL" ? "authorize" : "charge";
  const { id } = await aConfirmedIntent(t, merchantId, given);
  await t.sandbox.setFault({ fault, rate: 1, operation, count: 1 });
  await runQueued();
  expect(await attemptsOf(id)).toMatchObject([{ status: "UNKNOWN" }]);
  return id;
}

async function findOut(): Promise<void> {
  await t.makeDue();
  await t.drain();
}

describe("what has not been sent", () => {
  it("never is, and the payment is canceled at once", async () => {
    const { id } = await aConfirmedIntent(t, merchantId);
    await t.relayOnce();
    const jobs = t.queues.take("run-attempts");
    expect(await cancel(id)).toMatchObject({
      status: "EXECUTED",
      result: {
        status: "CANCELED",
        cancellationReason: "ABANDONED",
        cancellationRequestedAt: null,
      },
    });
    for (const data of jobs) await t.runJob(data);
    await t.drain();
    expect(await attemptsOf(id)).toMatchObject([{ status: "ABANDONED", sends: 0 }]);
    expect(await movedFor(id)).toEqual([]);
  });

  it("never is, where it waits because the processor could not be reached", async () => {
    const nowhere = t.anotherApp({ ONCEPAY_SANDBOX_URL: "http://127.0.0.1:1" });
    const { id } = await aConfirmedIntent(t, merchantId);
    await runQueued(nowhere);
    expect(await attemptsOf(id)).toMatchObject([{ status: "QUEUED", sends: 1 }]);
    expect(await cancel(id)).toMatchObject({ result: { status: "CANCELED" } });
    await findOut();
    expect(await movedFor(id)).toEqual([]);
  });

  it("is left as it was when the cancellation dies before its commit", async () => {
    const { id, version } = await aConfirmedIntent(t, merchantId);
    const command = cancelCommand(merchantId, id);
    crashOnceAt("cancel.inside_transaction");
    await dying(cancelPaymentIntent(t.db, command));
    expectCrashed("cancel.inside_transaction");
    expect(await now(id)).toMatchObject({ status: "PROCESSING", version });
    expect(await cancelPaymentIntent(t.db, command)).toMatchObject({
      status: "EXECUTED",
      result: { status: "CANCELED" },
    });
  });
});

describe("what has been sent", () => {
  it("keeps the request on the intent, with an event, and is not asked for twice", async () => {
    const id = await anUnknown("lose_response");
    const command = cancelCommand(merchantId, id, { reason: "DUPLICATE" });
    const first = await cancelPaymentIntent(t.db, command);
    expect(first).toMatchObject({
      status: "EXECUTED",
      result: {
        status: "PROCESSING",
        version: 3,
        cancellationReason: "DUPLICATE",
        cancellationRequestedAt: expect.any(String),
      },
    });
    const [event] = await t.db("events").where({ subject_id: id, sequence: 3 });
    expect(event).toMatchObject({ type: "payment_intent.processing", object: first.result });
    await expect(cancel(id)).rejects.toMatchObject({
      code: "INVALID_STATE",
      details: { because: "The payment is being canceled already.", allowedActions: [] },
    });
    await findOut();
    expect(await cancelPaymentIntent(t.db, command)).toEqual({ ...first, status: "REPLAYED" });
  });

  it("and was charged, makes the cancellation come too late", async () => {
    const id = await anUnknown("lose_response");
    await cancel(id);
    await findOut();
    expect(await now(id)).toMatchObject({
      status: "SUCCEEDED",
      amountCaptured: 1_000,
      cancellationReason: null,
      cancellationRequestedAt: expect.any(String),
    });
    const [event] = await t
      .db("events")
      .where({ subject_id: id, type: "payment_intent.succeeded" });
    expect(event.object).toMatchObject({ cancellationRequestedAt: expect.any(String) });
    const request = { after: TIMELINE_START, limit: 50, sees: NOTHING_ELSE };
    const [told = []] = await readTimelines(t.db, merchantId, { ids: [id], request });
    expect(told.map(({ node }) => node.summary)).toContain(
      "Version 4: PROCESSING → SUCCEEDED, because of charge.approved: too late to cancel it.",
    );
    expect(await movedFor(id)).toEqual(["capture"]);
  });

  it("and was authorised, is voided", async () => {
    const id = await anUnknown("lose_response", MANUAL);
    await cancel(id);
    await findOut();
    expect(await now(id)).toMatchObject({
      status: "CANCELED",
      cancellationReason: "ABANDONED",
      amountCaptured: 0,
      amountCapturable: 0,
    });
    expect(await movedFor(id)).toEqual(["authorize", "void"]);
    const journals = await t.db("journals").where({ payment_intent_id: id }).orderBy("id");
    expect(journals.map(({ kind }) => kind)).toEqual(["authorization", "release"]);
  });

  it("and was authorised, is voided once although the void's own answer is lost", async () => {
    const id = await anUnknown("lose_response", MANUAL);
    await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "void", count: 1 });
    await cancel(id);
    await findOut();
    expect(await now(id)).toMatchObject({ status: "PROCESSING" });
    await findOut();
    expect(await now(id)).toMatchObject({ status: "CANCELED" });
    expect(await movedFor(id)).toEqual(["authorize", "void"]);
  });

  it.each([
    ["softly", "pm_card_chargeDeclinedInsufficientFunds", "TRY_AGAIN_LATER"],
    ["for good", "pm_card_chargeDeclined", "DO_NOT_TRY_AGAIN"],
  ])("and was declined %s, ends as canceled", async (_, paymentMethod, adviceCode) => {
    const id = await anUnknown("lose_response", { paymentMethod });
    await cancel(id);
    await findOut();
    expect(await now(id)).toMatchObject({
      status: "CANCELED",
      lastPaymentError: { code: "card_declined", retryable: false, adviceCode },
    });
    expect(await attemptsOf(id)).toMatchObject([{ status: "DECLINED", advice_code: adviceCode }]);
  });

  it("and never arrived, is not sent again", async () => {
    const id = await anUnknown("lose_request");
    await cancel(id);
    await findOut();
    expect(await now(id)).toMatchObject({ status: "CANCELED", lastPaymentError: null });
    expect(await attemptsOf(id)).toMatchObject([{ status: "ABANDONED", sends: 1 }]);
    expect(await movedFor(id)).toEqual([]);
  });

  it.each([{}, MANUAL])(
    "and asks for the shopper, is undone before anybody comes: %j",
    async (how) => {
      const card = { paymentMethod: "pm_card_threeDSecureRequired" };
      const id = await anUnknown("lose_response", { ...card, ...how });
      const [attempt] = await attemptsOf(id);
      const { body } = await t.sandbox.lookUp(attempt.id);
      await cancel(id);
      await findOut();
      expect(await now(id)).toMatchObject({ status: "CANCELED", nextAction: null });
      await t.sandbox.post(`${new URL(String(body.redirect_url)).pathname}/complete`);
      expect(await movedFor(id)).toEqual([]);
    },
  );

  it("and turns out not to have been, is canceled then", async () => {
    const { id } = await aConfirmedIntent(t, merchantId);
    const [attempt] = await attemptsOf(id);
    await renewLease(t.db, "alive", 60_000);
    await claimAttempts(t.db, "alive", [{ merchantId, id: attempt.id }]);
    await cancel(id);
    const outcome = { kind: "unsent" as const, reason: "refused" };
    const answer = { merchantId, attemptId: attempt.id, paymentIntentId: id, source: "worker" };
    await t.app.settleAttempt({ ...answer, outcome });
    expect(await now(id)).toMatchObject({ status: "CANCELED" });
    expect(await attemptsOf(id)).toMatchObject([{ status: "ABANDONED" }]);
    await t.db("worker_leases").where({ worker_id: "alive" }).del();
  });

  it.each(["charge.after_claim", "charge.after_call", "charge.before_settle"] as const)(
    "and whose worker died at %s, waits for evidence",
    async (point) => {
      const { id } = await aConfirmedIntent(t, merchantId, MANUAL);
      crashOnceAt(point);
      await dying(t.drain());
      await cancel(id);
      await surviveCrash(t);
      expectCrashed(point);
      expect(await now(id)).toMatchObject({ status: "CANCELED" });
      const moved = await movedFor(id);
      expect(moved).toEqual(point === "charge.after_claim" ? [] : ["authorize", "void"]);
    },
  );
});

describe("is refused, with what may be done instead,", () => {
  it("while a capture is in progress", async () => {
    const { id } = await anAuthorizedIntent(t, merchantId);
    await capturePaymentIntent(t.db, captureCommand(merchantId, id));
    await expect(cancel(id)).rejects.toMatchObject({
      code: "INVALID_STATE",
      details: {
        because:
          "A capture is in progress at the processor. Cancel if it fails, refund if it succeeds.",
        currentState: "PROCESSING",
        allowedActions: [],
      },
    });
    await t.drain();
    expect(await now(id)).toMatchObject({ status: "SUCCEEDED" });
  });

  it("once a part has been captured", async () => {
    const { id } = await anAuthorizedIntent(t, merchantId);
    await capturePaymentIntent(t.db, captureCommand(merchantId, id, { amount: 300, final: false }));
    await t.drain();
    await expect(cancel(id)).rejects.toMatchObject({
      code: "INVALID_STATE",
      details: {
        because: "Part of the amount has already been captured.",
        allowedActions: ["CAPTURE", "REFUND"],
      },
    });
  });
});

it("is canceled or charged, and the books agree, when cancellations and workers come at once", async () => {
  const ids: string[] = [];
  for (let n = 0; n < 24; n += 1) {
    ids.push((await aConfirmedIntent(t, merchantId, n % 2 ? MANUAL : {})).id);
  }
  await t.relayOnce();
  const other = t.anotherApp();
  const jobs = t.queues.take("run-attempts").flatMap(({ keys }) => keys);
  const canceled = await Promise.all(
    ids.map((id, n) => {
      const work = jobs.filter((_, index) => index === n).map((key) => t.runJob({ keys: [key] }));
      const asked = cancel(id, other).then(
        ({ result }) => result.status,
        (error: unknown) => (error as { code: string }).code,
      );
      return Promise.all([asked, ...work]).then(([status]) => status);
    }),
  );
  await t.drain();
  for (const [n, id] of ids.entries()) {
    const { status } = await now(id);
    const moved = await movedFor(id);
    if (canceled[n] === "CANCELED") expect([status, moved]).toEqual(["CANCELED", []]);
    if (status === "SUCCEEDED") expect(moved).toEqual(["capture"]);
    else
      expect([status, [[], ["authorize", "void"]]]).toEqual([
        "CANCELED",
        expect.arrayContaining([moved]),
      ]);
    if (canceled[n] === "INVALID_STATE") expect(status).toBe("SUCCEEDED");
  }
});

it("voids an authorisation that could not be voided at first when it is asked again", async () => {
  const { id } = await aSettledIntent(t, merchantId, MANUAL);
  const [authorization] = await attemptsOf(id);
  // Somebody let go of the authorisation behind our back, so that the network refuses ours.
  await t.sandbox.voidCharge(authorization.id, "behind_our_back");
  await cancel(id);
  await t.drain();
  expect(await now(id)).toMatchObject({
    status: "REQUIRES_CAPTURE",
    cancellationReason: null,
    cancellationRequestedAt: null,
  });
  await t.sandbox.reverse("behind_our_back");
  await cancel(id);
  await t.drain();
  expect(await now(id)).toMatchObject({ status: "CANCELED" });
});
