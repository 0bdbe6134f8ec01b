import type { App } from "../../src/app";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
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

/** Everything is asked of two apps in turn, as of two processes: group commit in one of them must not be what helps. */

let t: TestApp;
let apps: readonly [App, App];
beforeAll(async () => {
  t = await startTestApp();
  apps = [t.app, t.anotherApp()];
});
afterAll(() => t.stop());

const CROWD = 100;

function atOnce<Result>(ask: (app: App, n: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: CROWD }, (_, n) => ask(apps[n % 2 === 0 ? 0 : 1], n)));
}

function tally(outcomes: readonly unknown[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    const { status, code } = outcome as { status?: string; code?: string };
    const name = outcome instanceof Error ? (code ?? outcome.message) : (status ?? "?");
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const caught = (error: unknown): Error => error as Error;

it("creates one intent for a hundred requests with one key", async () => {
  const merchant = await aMerchant(t);
  const command = createCommand(merchant.id);
  const outcomes = await atOnce((app) => app.createPaymentIntent(command));
  expect(tally(outcomes)).toEqual({ EXECUTED: 1, REPLAYED: CROWD - 1 });
  expect(new Set(outcomes.map((outcome) => succeeded(outcome).id)).size).toBe(1);
});

it("creates one intent for each of fifty keys, however often each is used", async () => {
  const merchant = await aMerchant(t);
  const commands = Array.from({ length: 50 }, () => createCommand(merchant.id));
  const outcomes = await atOnce((app, n) =>
    app.createPaymentIntent(commands[(n >> 1) % 50] ?? createCommand(merchant.id)),
  );
  expect(tally(outcomes)).toEqual({ EXECUTED: 50, REPLAYED: 50 });
});

it("refuses all other bodies under a key that is in use", async () => {
  const merchant = await aMerchant(t);
  const outcomes = await atOnce((app, n) =>
    app.createPaymentIntent(createCommand(merchant.id, { key: "one", amount: 100 + (n % 4) })),
  );
  const counts = tally(outcomes);
  expect(counts).toEqual({
    EXECUTED: 1,
    REPLAYED: CROWD / 4 - 1,
    IDEMPOTENCY_KEY_REUSED: (CROWD / 4) * 3,
  });
});

it("confirms, and charges, once for a hundred requests with one key", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const command = confirmCommand(merchant.id, id);
  const outcomes = await atOnce((app) => app.confirmPaymentIntent(command));
  expect(tally(outcomes)).toEqual({ EXECUTED: 1, REPLAYED: CROWD - 1 });
  await t.drain();
  const attempts = await t.db("attempts").where({ payment_intent_id: id });
  expect(attempts).toHaveLength(1);
  expect(await t.movements(attempts[0].id)).toHaveLength(1);
});

it("confirms once for a hundred keys: the others hear that it is being processed", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const outcomes = await atOnce((app) => app.confirmPaymentIntent(confirmCommand(merchant.id, id)));
  expect(tally(outcomes)).toEqual({ EXECUTED: 1, INVALID_STATE: CROWD - 1 });
  expect(await t.db("attempts").where({ payment_intent_id: id })).toHaveLength(1);
  await t.drain();
});

it("confirms one of a hundred intents under one key", async () => {
  const merchant = await aMerchant(t);
  const intents = await Promise.all(
    Array.from({ length: CROWD }, () => anIntent(t, merchant.id, { amount: 7 })),
  );
  const outcomes = await atOnce((app, n) =>
    app.confirmPaymentIntent(confirmCommand(merchant.id, intents[n]?.id ?? "", { key: "one" })),
  );
  expect(tally(outcomes)).toEqual({ EXECUTED: 1, IDEMPOTENCY_KEY_REUSED: CROWD - 1 });
  await t.drain();
  expect(await t.db("attempts").where({ merchant_id: merchant.id })).toHaveLength(1);
});

it("captures once for a hundred requests with one key", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id);
  const command = captureCommand(merchant.id, id, { amount: 10, final: false });
  const outcomes = await atOnce((app) =>
    capturePaymentIntent(app.tenantDb(command.merchantId), command).catch(caught),
  );
  expect(tally(outcomes)).toEqual({ EXECUTED: 1, REPLAYED: CROWD - 1 });
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountCaptured: 10 });
});

it("refunds once for a hundred requests with one key", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id);
  const command = refundCommand(merchant.id, id, { amount: 10 });
  const outcomes = await atOnce((app) =>
    refundPaymentIntent(app.tenantDb(command.merchantId), command).catch(caught),
  );
  expect(tally(outcomes)).toEqual({ EXECUTED: 1, REPLAYED: CROWD - 1 });
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ amountRefunded: 10 });
});

it("cancels once for a hundred requests with one key", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const command = cancelCommand(merchant.id, id);
  const outcomes = await atOnce((app) =>
    cancelPaymentIntent(app.tenantDb(command.merchantId), command).catch(caught),
  );
  expect(tally(outcomes)).toEqual({ EXECUTED: 1, REPLAYED: CROWD - 1 });
});

it("tells a key that is in use from one that is free, past the wait for its first request", async () => {
  const merchant = await aMerchant(t);
  const hasty = t.anotherApp({ ONCEPAY_LOCK_TIMEOUT_MS: "20" });
  const { id } = await anIntent(t, merchant.id);
  const holder = await t.db.transaction();
  await holder("payment_intents").where({ merchant_id: merchant.id, id }).forUpdate();
  const command = confirmCommand(merchant.id, id);
  const inUse = { code: "IDEMPOTENCY_KEY_IN_USE", retryAfterMs: expect.any(Number) };
  expect(await hasty.confirmPaymentIntent(command)).toMatchObject(inUse);
  await expect(refundPaymentIntent(hasty.db, refundCommand(merchant.id, id))).rejects.toMatchObject(
    inUse,
  );
  await holder.rollback();
  expect(await hasty.confirmPaymentIntent(command)).toMatchObject({ status: "EXECUTED" });
  await t.drain();
});
