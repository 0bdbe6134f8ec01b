import { type TestApp, startTestApp } from "../support/app";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import {
  aMerchant,
  anIntent,
  cancelCommand,
  createCommand,
  succeeded,
  theIntent,
} from "../support/factories";

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.stop());

it("creates an intent that waits for its confirmation", async () => {
  const merchant = await aMerchant(t);
  const command = createCommand(merchant.id, { amount: 4_200, metadata: { order: "7" } });
  const outcome = await t.app.createPaymentIntent(command);
  expect(outcome).toMatchObject({ status: "EXECUTED", firstSeenAt: expect.any(String) });
  expect(succeeded(outcome)).toMatchObject({
    status: "REQUIRES_CONFIRMATION",
    amount: 4_200,
    currency: "USD",
    metadata: { order: "7" },
    version: 1,
  });
});

it("waits for a payment method when there is none", async () => {
  const merchant = await aMerchant(t);
  const intent = await anIntent(t, merchant.id, { paymentMethod: null });
  expect(intent.status).toBe("REQUIRES_PAYMENT_METHOD");
});

it("commits the transition, the event and the outbox row with the intent", async () => {
  const merchant = await aMerchant(t);
  const intent = await anIntent(t, merchant.id);
  const [event] = await t.db("events").where({ subject_id: intent.id });
  expect(event).toMatchObject({ type: "payment_intent.created", sequence: 1, object: intent });
  expect(await t.db("transitions").where({ payment_intent_id: intent.id })).toMatchObject([
    { version: 1, from_status: null, to_status: "REQUIRES_CONFIRMATION", event_id: event.id },
  ]);
  expect(await t.db("outbox").where({ event_id: event.id })).toHaveLength(1);
});

it("replays the original result, also after the intent has changed", async () => {
  const merchant = await aMerchant(t);
  const command = createCommand(merchant.id);
  const first = await t.app.createPaymentIntent(command);
  const { id } = succeeded(first);
  await cancelPaymentIntent(t.db, cancelCommand(merchant.id, id));
  const again = await t.app.createPaymentIntent(command);
  expect(again).toEqual({ ...first, status: "REPLAYED" });
});

it("refuses a key that was used for another input", async () => {
  const merchant = await aMerchant(t);
  const command = createCommand(merchant.id, { key: "mine" });
  await t.app.createPaymentIntent(command);
  const other = createCommand(merchant.id, { key: "mine", amount: 1 });
  expect(await t.app.createPaymentIntent(other)).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
});

it("keeps the keys of merchants apart", async () => {
  const [one, other] = [await aMerchant(t), await aMerchant(t)];
  const a = succeeded(await t.app.createPaymentIntent(createCommand(one.id, { key: "same" })));
  const b = succeeded(await t.app.createPaymentIntent(createCommand(other.id, { key: "same" })));
  expect(a.id).not.toBe(b.id);
});

it("cannot create a second intent once the key's record has expired", async () => {
  const merchant = await aMerchant(t);
  const command = createCommand(merchant.id);
  const { id } = succeeded(await t.app.createPaymentIntent(command));
  await t.db("idempotency_keys").where({ merchant_id: merchant.id }).del();
  const again = await t.app.createPaymentIntent(command);
  expect(again).toMatchObject({ status: "REPLAYED", result: { id } });
  expect(await t.db("payment_intents").where({ merchant_id: merchant.id })).toHaveLength(1);
  expect(await theIntent(t, merchant.id, id)).toMatchObject({ version: 1 });
  const other = createCommand(merchant.id, { key: command.key, amount: 7 });
  expect(await t.app.createPaymentIntent(other)).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
});
