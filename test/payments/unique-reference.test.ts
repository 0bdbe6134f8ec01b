import type { App } from "../../src/app";
import type { FailpointName } from "../../src/failpoints";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { createPaymentIntents } from "../../src/payments/create-payment-intent";
import { CREATE_INTENT, type TestApi, newKey, startTestApi } from "../support/api";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import {
  aMerchant,
  cancelCommand,
  confirmCommand,
  createCommand,
  succeeded,
  theIntent,
} from "../support/factories";
import { waitFor } from "../support/wait-for";

/** Two keys for one order, where the shop says that one order is one payment. */

let t: TestApi;
let apps: readonly [App, App];
beforeAll(async () => {
  t = await startTestApi();
  apps = [t.app, t.anotherApp()];
});
afterAll(() => t.stop());

const ORDER = { merchantReference: "order-1", uniqueReference: true };
const refusedFor = (id: string) => ({ code: "DUPLICATE_REFERENCE", details: { id } });

async function intentsOf(merchantId: string): Promise<number> {
  return (await t.db("payment_intents").where({ merchant_id: merchantId })).length;
}

it("refuses a second intent for the order, with the id of the first, and keeps the verdict", async () => {
  const { id: merchantId } = await aMerchant(t);
  const first = succeeded(await t.app.createPaymentIntent(createCommand(merchantId, ORDER)));
  const second = createCommand(merchantId, ORDER);
  expect(await t.app.createPaymentIntent(second)).toMatchObject(refusedFor(first.id));
  await cancelPaymentIntent(t.db, cancelCommand(merchantId, first.id));
  expect(await t.app.createPaymentIntent(second)).toMatchObject(refusedFor(first.id));
  expect(await intentsOf(merchantId)).toBe(1);
});

it("compares neither other merchants, nor other references, nor intents that hold none", async () => {
  const [one, other] = [await aMerchant(t), await aMerchant(t)];
  const plain = { ...ORDER, uniqueReference: false };
  succeeded(await t.app.createPaymentIntent(createCommand(one.id, plain)));
  succeeded(await t.app.createPaymentIntent(createCommand(one.id, ORDER)));
  succeeded(await t.app.createPaymentIntent(createCommand(one.id, plain)));
  succeeded(await t.app.createPaymentIntent(createCommand(other.id, ORDER)));
  const next = { ...ORDER, merchantReference: "order-2" };
  succeeded(await t.app.createPaymentIntent(createCommand(one.id, next)));
  expect(await intentsOf(one.id)).toBe(4);
});

it("replays what the first key made, also once its record has expired", async () => {
  const { id: merchantId } = await aMerchant(t);
  const command = createCommand(merchantId, ORDER);
  const first = await t.app.createPaymentIntent(command);
  expect(await t.app.createPaymentIntent(command)).toEqual({ ...first, status: "REPLAYED" });
  await t.db("idempotency_keys").where({ merchant_id: merchantId }).del();
  const { id } = succeeded(first);
  expect(await t.app.createPaymentIntent(command)).toMatchObject({
    status: "REPLAYED",
    result: { id },
  });
  // Also where another intent holds the reference by now.
  await cancelPaymentIntent(t.db, cancelCommand(merchantId, id));
  succeeded(await t.app.createPaymentIntent(createCommand(merchantId, ORDER)));
  await t.db("idempotency_keys").where({ merchant_id: merchantId }).del();
  expect(await t.app.createPaymentIntent(command)).toMatchObject({
    status: "REPLAYED",
    result: { id },
  });
  expect(await intentsOf(merchantId)).toBe(2);
});

it("gives the reference up with the payment: canceled or failed, and not before", async () => {
  const { id: merchantId } = await aMerchant(t);
  const stolen = { ...ORDER, paymentMethod: "pm_card_chargeDeclinedStolenCard" };
  const first = succeeded(await t.app.createPaymentIntent(createCommand(merchantId, stolen)));
  await t.app.confirmPaymentIntent(confirmCommand(merchantId, first.id));
  const early = await t.app.createPaymentIntent(createCommand(merchantId, ORDER));
  expect(early).toMatchObject(refusedFor(first.id));
  await t.drain();
  expect(await theIntent(t, merchantId, first.id)).toMatchObject({ status: "FAILED" });
  const next = succeeded(await t.app.createPaymentIntent(createCommand(merchantId, ORDER)));
  await cancelPaymentIntent(t.db, cancelCommand(merchantId, next.id));
  const paid = succeeded(await t.app.createPaymentIntent(createCommand(merchantId, ORDER)));
  await t.app.confirmPaymentIntent(confirmCommand(merchantId, paid.id));
  await t.drain();
  const late = await t.app.createPaymentIntent(createCommand(merchantId, ORDER));
  expect(late).toMatchObject(refusedFor(paid.id));
});

it("creates one of a hundred that two processes are asked for at once, and each order once", async () => {
  const { id: merchantId } = await aMerchant(t);
  const commands = Array.from({ length: 100 }, (_, n) =>
    createCommand(merchantId, { ...ORDER, merchantReference: `order-${String(n % 4)}` }),
  );
  // Others in the same sets are not disturbed.
  const bystanders = Array.from({ length: 20 }, () => createCommand(merchantId));
  const ask = (all: typeof commands) =>
    Promise.all(all.map((command, n) => apps[n % 2 === 0 ? 0 : 1].createPaymentIntent(command)));
  const [outcomes, others] = await Promise.all([ask(commands), ask(bystanders)]);
  for (const other of others) expect(other).toMatchObject({ status: "EXECUTED" });
  for (let order = 0; order < 4; order += 1) {
    const answers = outcomes.filter((_, n) => n % 4 === order);
    const made = answers.filter((answer) => !(answer instanceof Error));
    expect(made).toHaveLength(1);
    const { id } = succeeded(made[0] as (typeof outcomes)[number]);
    const refused = answers.filter((answer) => answer instanceof Error);
    for (const answer of refused) expect(answer).toMatchObject(refusedFor(id));
  }
  expect(await intentsOf(merchantId)).toBe(24);
  expect(await ask(commands)).toEqual(
    outcomes.map((outcome) =>
      outcome instanceof Error ? outcome : { ...outcome, status: "REPLAYED" },
    ),
  );
});

it("waits for the one that another transaction is about to create", async () => {
  const { id: merchantId } = await aMerchant(t);
  const holder = await t.db.transaction();
  const [first] = await createPaymentIntents(holder, [createCommand(merchantId, ORDER)]);
  const neighbour = createCommand(merchantId);
  const later = Promise.all(
    [createCommand(merchantId, ORDER), neighbour].map((command) =>
      t.app.createPaymentIntent(command),
    ),
  );
  await waitFor("the statement that waits", async () => {
    const { rows } = await t.db.raw<{ rows: unknown[] }>(BLOCKED);
    return rows.length > 0;
  });
  await holder.commit();
  const { id } = succeeded(first as NonNullable<typeof first>);
  expect(await later).toMatchObject([refusedFor(id), { status: "EXECUTED" }]);
});

it.each<[FailpointName, number]>([
  ["api.before_commit", 0],
  ["api.after_commit", 1],
])("keeps its verdict in the commit when it dies at %s", async (point, kept) => {
  const { id: merchantId } = await aMerchant(t);
  const first = succeeded(await t.app.createPaymentIntent(createCommand(merchantId, ORDER)));
  const command = createCommand(merchantId, ORDER);
  crashOnceAt(point);
  await dying(t.app.createPaymentIntent(command));
  expectCrashed(point);
  expect(await t.db("idempotency_keys").where({ key: command.key })).toHaveLength(kept);
  expect(await t.app.createPaymentIntent(command)).toMatchObject(refusedFor(first.id));
  expect(await intentsOf(merchantId)).toBe(1);
});

it("says it over HTTP, and to whoever lost the answer", async () => {
  const input = { amount: 100, currency: "USD", ...ORDER, merchantReference: "order-http" };
  const made = await t.send({ query: CREATE_INTENT, variables: { input, key: newKey() } });
  const { id } = made.data.createPaymentIntent.paymentIntent as { id: string };
  const key = newKey();
  const { error } = await t.send({ query: CREATE_INTENT, variables: { input, key } });
  expect(error).toMatchObject({
    message: `The payment intent ${id} holds this merchant reference.`,
    extensions: { code: "DUPLICATE_REFERENCE", retryable: false, details: { id } },
  });
  const lost = await t.send({
    query: `{ operation(name: "createPaymentIntent", idempotencyKey: "${key}") {
      status error { code details } } }`,
  });
  expect(lost.data.operation).toEqual({
    status: "FAILED",
    error: { code: "DUPLICATE_REFERENCE", details: { id } },
  });
  const nameless = { ...input, merchantReference: null };
  const bad = await t.send({
    query: CREATE_INTENT,
    variables: { input: nameless, key: newKey() },
  });
  expect(bad.error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "input.merchantReference" },
  });
});

const BLOCKED = `
  select 1 from pg_stat_activity
  where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`;
