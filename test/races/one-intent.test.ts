import type { App } from "../../src/app";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import { aDispute } from "../support/disputes";
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
  succeeded,
  theIntent,
} from "../support/factories";

/** Different operations on one intent at once, from two apps over one database. */

let t: TestApp;
let apps: readonly [App, App];
beforeAll(async () => {
  t = await startTestApp();
  apps = [t.app, t.anotherApp()];
});
afterAll(() => t.stop());

const appOf = (n: number): App => apps[n % 2 === 0 ? 0 : 1];
const codeOf = (outcome: unknown): string =>
  outcome instanceof Error ? (outcome as Error & { code: string }).code : "done";
const settle = async (work: Promise<unknown>): Promise<string> =>
  codeOf(await work.catch((error: unknown) => error));

it("refunds exactly what was captured when fifty refunds ask for five times as much", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id, 1_000);
  const asked = Array.from({ length: 50 }, (_, n) =>
    settle(refundPaymentIntent(appOf(n).db, refundCommand(merchant.id, id, { amount: 100 }))),
  );
  const outcomes = await Promise.all(asked);
  expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(10);
  expect(outcomes.filter((outcome) => outcome === "AMOUNT_TOO_LARGE")).toHaveLength(40);
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    amountRefunded: 1_000,
    amountRefundable: 0,
  });
});

it("captures exactly what was authorised when fifty captures ask for five times as much", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id, 1_000);
  const command = () => captureCommand(merchant.id, id, { amount: 100, final: false });
  let captured = 0;
  // One is under way at a time.
  for (let round = 0; round < 20 && captured < 1_000; round += 1) {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, n) => settle(capturePaymentIntent(appOf(n).db, command()))),
    );
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
    await t.drain();
    captured += 100;
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountCaptured: captured });
  }
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "SUCCEEDED" });
  expect(await settle(capturePaymentIntent(t.app.db, command()))).not.toBe("done");
});

it("is refunded or disputed, never both of the same money, when fifty refunds and a dispute come", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id, 1_000);
  const [outcomes] = await Promise.all([
    Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        settle(refundPaymentIntent(appOf(n).db, refundCommand(merchant.id, id, { amount: 100 }))),
      ),
    ),
    aDispute(t, id, { amount: 600 }),
  ]);
  const known = ["done", "INVALID_STATE", "AMOUNT_TOO_LARGE"];
  expect(outcomes.filter((outcome) => !known.includes(outcome))).toEqual([]);
  await t.drain();
  const intent = await theIntent(t, merchant.id, id);
  expect(intent.amountDisputed).toBe(600);
  // Those that were reserved before the dispute was heard of, the network declined: it had none of their money left.
  expect(intent.amountRefunded).toBe(400);
});

it("never captures more than was authorised when captures race", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id, 1_000);
  const command = () => captureCommand(merchant.id, id, { amount: 700, final: false });
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, n) => settle(capturePaymentIntent(appOf(n).db, command()))),
  );
  expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountCaptured: 700 });
});

it("either captures or cancels, never both", async () => {
  const merchant = await aMerchant(t);
  const rounds = Array.from({ length: 10 }, async (_, n) => {
    const { id } = await anIntent(t, merchant.id, { captureMethod: "MANUAL" });
    succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchant.id, id)));
    return { id, n };
  });
  const intents = await Promise.all(rounds);
  await t.drain();
  const outcomes = await Promise.all(
    intents.map(({ id, n }) =>
      Promise.all([
        settle(capturePaymentIntent(appOf(n).db, captureCommand(merchant.id, id))),
        settle(cancelPaymentIntent(appOf(n + 1).db, cancelCommand(merchant.id, id))),
      ]),
    ),
  );
  await t.drain();
  for (const [index, [captured, canceled]] of outcomes.entries()) {
    expect([captured, canceled].sort()).toEqual(["INVALID_STATE", "done"]);
    const intent = await theIntent(t, merchant.id, intents[index]?.id ?? "");
    expect(intent.status).toBe(captured === "done" ? "SUCCEEDED" : "CANCELED");
  }
});

it("cancels, whether a confirmation comes before or after, and sends nothing", async () => {
  const merchant = await aMerchant(t);
  const intents = await Promise.all(Array.from({ length: 20 }, () => anIntent(t, merchant.id)));
  const outcomes = await Promise.all(
    intents.map(({ id }, n) =>
      Promise.all([
        settle(appOf(n).confirmPaymentIntent(confirmCommand(merchant.id, id))),
        settle(cancelPaymentIntent(appOf(n + 1).db, cancelCommand(merchant.id, id))),
      ]),
    ),
  );
  await t.drain();
  for (const [index, [confirmed, canceled]] of outcomes.entries()) {
    expect(canceled).toBe("done");
    const id = intents[index]?.id ?? "";
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "CANCELED" });
    const attempts = await t.db("attempts").where({ payment_intent_id: id });
    // What was confirmed first had its attempt abandoned, which nobody had claimed.
    expect(attempts).toMatchObject(confirmed === "done" ? [{ status: "ABANDONED", sends: 0 }] : []);
  }
});

it("sends an attempt once when two workers have its job", async () => {
  const merchant = await aMerchant(t);
  const ids: string[] = [];
  for (let n = 0; n < 10; n += 1) {
    const { id } = await anIntent(t, merchant.id);
    succeeded(await appOf(n).confirmPaymentIntent(confirmCommand(merchant.id, id)));
    ids.push(id);
  }
  await t.relayOnce();
  const jobs = t.queues.take("run-attempts");
  const again = jobs.flatMap((data) => [0, 1, 2].map((n) => t.runJob(data, appOf(n))));
  await Promise.all(again);
  await t.drain();
  const attempts = await t.db("attempts").where({ merchant_id: merchant.id });
  expect(attempts.map(({ sends }) => sends)).toEqual(ids.map(() => 1));
  for (const { id } of attempts) expect(await t.movements(id)).toHaveLength(1);
});

it("settles once, however often and from wherever an answer comes", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id, { amount: 500 });
  succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchant.id, id)));
  await t.drain();
  const [attempt] = await t.db("attempts").where({ payment_intent_id: id });
  const outcome = {
    kind: "approved" as const,
    processorChargeId: attempt.processor_charge_id as string,
    amountMinor: 500,
    feeMinor: 0,
  };
  const answer = { merchantId: merchant.id, attemptId: attempt.id, paymentIntentId: id, outcome };
  const settled = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      appOf(n).settleAttempt({ ...answer, source: `teller ${String(n)}` }),
    ),
  );
  expect(settled.map(({ effect }) => effect)).toEqual(settled.map(() => "duplicate"));
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ version: 3, amountCaptured: 500 });
});

it("survives a crowd of everything on a few intents", async () => {
  const merchant = await aMerchant(t);
  const intents = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      appOf(n).createPaymentIntent(
        createCommand(merchant.id, { captureMethod: n % 2 ? "MANUAL" : "AUTOMATIC" }),
      ),
    ),
  );
  const ids = intents.map((intent) => succeeded(intent).id);
  for (let round = 0; round < 4; round += 1) {
    const work = ids.flatMap((id, n) => [
      settle(appOf(n).confirmPaymentIntent(confirmCommand(merchant.id, id))),
      settle(cancelPaymentIntent(appOf(n + 1).db, cancelCommand(merchant.id, id))),
      settle(
        capturePaymentIntent(
          appOf(n).db,
          captureCommand(merchant.id, id, { amount: 300, final: round > 1 }),
        ),
      ),
      settle(refundPaymentIntent(appOf(n + 1).db, refundCommand(merchant.id, id, { amount: 200 }))),
    ]);
    const [outcomes] = await Promise.all([Promise.all(work), t.drain()]);
    const known = ["done", "INVALID_STATE", "AMOUNT_TOO_LARGE"];
    expect(outcomes.filter((outcome) => !known.includes(outcome))).toEqual([]);
  }
  await t.drain();
});
