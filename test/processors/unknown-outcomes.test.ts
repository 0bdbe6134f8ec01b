import type { App } from "../../src/app";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import {
  aCapturedIntent,
  aConfirmedIntent,
  aMerchant,
  anAuthorizedIntent,
  cancelCommand,
  captureCommand,
  refundCommand,
  theIntent,
} from "../support/factories";

/** A processor that does not answer has not said no: what came of it is found out, and never guessed. */

let t: TestApp;
/** Gives up after a while; only what is never answered is asked through it, because an answer must not be a race. */
let impatient: App;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "600000" });
  impatient = t.anotherApp({ ONCEPAY_PROCESSOR_TIMEOUT_MS: "3000" });
});
afterAll(() => t.stop());
afterEach(() => t.sandbox.call("DELETE", "/admin/faults"));

const FAULTS = ["lose_response", "lose_request", "hang", "error_after", "reset"];

const attemptsOf = (id: string, operation: string) =>
  t.db("attempts").where({ payment_intent_id: id, operation }).orderBy("id");

/** Sent, and no answer came. */
async function sendInto(fault: string, operation: string): Promise<void> {
  await t.sandbox.setFault({ fault, rate: 1, operation, count: 1 });
  await t.relayOnce();
  for (const data of t.queues.take("run-attempts")) {
    await t.runJob(data, fault === "hang" ? impatient : t.app);
  }
}

/** One of them stands at the network, however many it took. */
async function movedOnce(id: string, operation: string): Promise<void> {
  const attempts = await attemptsOf(id, operation);
  const moved = await Promise.all(attempts.map((attempt) => t.movements(attempt.id)));
  const standing = moved.flat().filter(({ kind }) => kind !== "reverse").length;
  const reversed = moved.flat().filter(({ kind }) => kind === "reverse").length;
  expect(standing - reversed).toBe(1);
  expect(attempts.filter(({ status }) => status === "SUCCEEDED")).toHaveLength(1);
  expect(attempts.every(({ sends }) => sends === 1)).toBe(true);
}

describe.each(FAULTS)("after %s", (fault) => {
  it("a charge is UNKNOWN until it is looked up, then succeeds, moved once", async () => {
    const merchant = await aMerchant(t);
    const { id } = await aConfirmedIntent(t, merchant.id);
    await sendInto(fault, "charge");
    expect(await attemptsOf(id, "charge")).toMatchObject([
      { status: "UNKNOWN", sends: 1, unknown_since: expect.any(Date) },
    ]);
    expect(await theIntent(t, merchant.id, id)).toMatchObject({
      status: "PROCESSING",
      lastPaymentError: null,
    });
    // Nothing is due yet, and nothing may be tried again meanwhile.
    await t.drain();
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "PROCESSING" });
    await t.makeDue();
    await t.drain();
    expect(await theIntent(t, merchant.id, id)).toMatchObject({
      status: "SUCCEEDED",
      amountCaptured: 1_000,
    });
    await movedOnce(id, "charge");
    const statuses = await t.db("transitions").where({ payment_intent_id: id }).pluck("to_status");
    expect(statuses).not.toContain("FAILED");
  });

  it("a capture and a refund keep their reservation until it is known, and move once", async () => {
    const merchant = await aMerchant(t);
    const authorized = await anAuthorizedIntent(t, merchant.id);
    await capturePaymentIntent(
      t.db,
      captureCommand(merchant.id, authorized.id, { amount: 400, final: false }),
    );
    await sendInto(fault, "capture");
    expect(await attemptsOf(authorized.id, "capture")).toMatchObject([{ status: "UNKNOWN" }]);
    const captured = await aCapturedIntent(t, merchant.id);
    await refundPaymentIntent(t.db, refundCommand(merchant.id, captured.id, { amount: 300 }));
    await sendInto(fault, "refund");
    expect(await theIntent(t, merchant.id, captured.id)).toMatchObject({
      amountRefunded: 0,
      amountRefundable: 700,
    });
    await t.makeDue();
    await t.drain();
    expect(await theIntent(t, merchant.id, authorized.id)).toMatchObject({
      status: "REQUIRES_CAPTURE",
      amountCaptured: 400,
      amountCapturable: 600,
    });
    expect(await theIntent(t, merchant.id, captured.id)).toMatchObject({ amountRefunded: 300 });
    await movedOnce(authorized.id, "capture");
    await movedOnce(captured.id, "refund");
  });
});

it.each(FAULTS)("after %s a void is found out, and lets go once", async (fault) => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id);
  await cancelPaymentIntent(t.db, cancelCommand(merchant.id, id));
  await sendInto(fault, "void");
  expect(await attemptsOf(id, "void")).toMatchObject([{ status: "UNKNOWN", sends: 1 }]);
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "PROCESSING" });
  await t.makeDue();
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "CANCELED" });
  await movedOnce(id, "void");
});

it("is looked up again and again while the look-ups themselves get no answer", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aConfirmedIntent(t, merchant.id);
  await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "lookup", count: 3 });
  await sendInto("lose_response", "charge");
  for (let lookups = 1; lookups <= 3; lookups += 1) {
    await t.makeDue();
    await t.sweepOnce();
    expect(await attemptsOf(id, "charge")).toMatchObject([{ status: "UNKNOWN", lookups }]);
  }
  await t.makeDue();
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "SUCCEEDED" });
  await movedOnce(id, "charge");
});

it("is not sent again while a reversal is not acknowledged", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aConfirmedIntent(t, merchant.id);
  await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "reverse", count: 2 });
  await sendInto("lose_request", "charge");
  for (let lookups = 1; lookups <= 2; lookups += 1) {
    await t.makeDue();
    await t.sweepOnce();
  }
  // The first reversal was booked, its acknowledgement lost: the next look-up sees it, and that is evidence.
  await t.makeDue();
  await t.drain();
  const attempts = await attemptsOf(id, "charge");
  expect(attempts).toMatchObject([
    { status: "ABANDONED", sends: 1 },
    { status: "SUCCEEDED", generation: 2, replaces_attempt_id: attempts[0].id },
  ]);
  await movedOnce(id, "charge");
});

it("waits for the processor to be reachable, and sends then, once", async () => {
  const merchant = await aMerchant(t);
  const nowhere = t.anotherApp({ ONCEPAY_SANDBOX_URL: "http://127.0.0.1:1" });
  const { id } = await aConfirmedIntent(t, merchant.id);
  await t.relayOnce();
  for (const data of t.queues.take("run-attempts")) await t.runJob(data, nowhere);
  // Nothing left this machine, so it is not unknown: it may be sent later.
  expect(await attemptsOf(id, "charge")).toMatchObject([{ status: "QUEUED", sends: 1 }]);
  await t.makeDue();
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "SUCCEEDED" });
  const [attempt] = await attemptsOf(id, "charge");
  expect(await t.movements(attempt.id)).toHaveLength(1);
});

it("tells the shopper to try again when nothing arrives, time after time", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aConfirmedIntent(t, merchant.id);
  await t.sandbox.setFault({ fault: "lose_request", rate: 1, operation: "charge" });
  for (let round = 0; round < 6; round += 1) {
    await t.drain();
    await t.makeDue();
  }
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "REQUIRES_PAYMENT_METHOD",
    lastPaymentError: { code: "processor_unavailable", retryable: true },
  });
  const attempts = await attemptsOf(id, "charge");
  expect(attempts.map(({ status }) => status)).toEqual(Array(4).fill("ABANDONED"));
  for (const attempt of attempts) expect(await t.movements(attempt.id)).toEqual([]);
});

it("settles hundreds of payments through a storm of lost answers, each moved once", async () => {
  const merchant = await aMerchant(t);
  await t.sandbox.setFault({ fault: "lose_response", rate: 0.2, seed: 11 });
  await t.sandbox.setFault({ fault: "lose_request", rate: 0.2, seed: 12 });
  await t.sandbox.setFault({ fault: "error_after", rate: 0.1, seed: 13 });
  const intents = await Promise.all(
    Array.from({ length: 200 }, () => aConfirmedIntent(t, merchant.id)),
  );
  await t.drain();
  await t.sandbox.call("DELETE", "/admin/faults");
  for (let round = 0; round < 3; round += 1) {
    await t.makeDue();
    await t.drain();
  }
  const statuses = await t
    .db("payment_intents")
    .where({ merchant_id: merchant.id })
    .pluck("status");
  expect(statuses).toEqual(intents.map(() => "SUCCEEDED"));
});
