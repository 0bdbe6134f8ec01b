import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import {
  aCapturedIntent,
  aMerchant,
  aSettledIntent,
  anAuthorizedIntent,
  anIntent,
  cancelCommand,
  theIntent,
} from "../support/factories";

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.stop());

it("ends an intent that nobody has confirmed", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const command = cancelCommand(merchant.id, id, { reason: "ABANDONED" });
  expect(await cancelPaymentIntent(t.db, command)).toMatchObject({
    status: "EXECUTED",
    result: { status: "CANCELED", cancellationReason: "ABANDONED" },
  });
});

it("voids an authorisation first", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anAuthorizedIntent(t, merchant.id);
  const { result } = await cancelPaymentIntent(t.db, cancelCommand(merchant.id, id));
  expect(result.status).toBe("PROCESSING");
  await t.drain();
  expect(await theIntent(t, merchant.id, id)).toMatchObject({
    status: "CANCELED",
    amountCaptured: 0,
  });
  const [, voiding] = await t.db("attempts").where({ payment_intent_id: id }).orderBy("id");
  expect(await t.movements(voiding.id)).toMatchObject([{ kind: "void", amount: 1_000 }]);
});

it("reverses what waits for the shopper, who can then not pay any more", async () => {
  const merchant = await aMerchant(t);
  const card = { paymentMethod: "pm_card_threeDSecureRequired" };
  const intent = await aSettledIntent(t, merchant.id, card);
  await cancelPaymentIntent(t.db, cancelCommand(merchant.id, intent.id));
  const page = new URL(intent.nextAction?.redirectUrl ?? "").pathname;
  await t.drain();
  await t.sandbox.post(`${page}/complete`);
  expect(await theIntent(t, merchant.id, intent.id)).toMatchObject({
    status: "CANCELED",
    nextAction: null,
  });
});

it("undoes what a shopper paid at the very moment of the cancellation", async () => {
  const merchant = await aMerchant(t);
  const card = { paymentMethod: "pm_card_threeDSecureRequired" };
  const intent = await aSettledIntent(t, merchant.id, card);
  await cancelPaymentIntent(t.db, cancelCommand(merchant.id, intent.id));
  await t.sandbox.post(`${new URL(intent.nextAction?.redirectUrl ?? "").pathname}/complete`);
  await t.drain();
  expect(await theIntent(t, merchant.id, intent.id)).toMatchObject({ status: "CANCELED" });
  const [charge] = await t.db("attempts").where({ payment_intent_id: intent.id }).orderBy("id");
  const kinds = (await t.movements(charge.id)).map(({ kind }) => kind);
  expect(kinds).toEqual(["capture", "reverse"]);
});

it("refuses an intent that has succeeded, stores that and replays it", async () => {
  const merchant = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchant.id);
  const command = cancelCommand(merchant.id, id);
  const because = "The payment has ended: it is SUCCEEDED.";
  const details = { id, because, currentState: "SUCCEEDED", allowedActions: ["REFUND"] };
  const failure = { code: "INVALID_STATE", details };
  await expect(cancelPaymentIntent(t.db, command)).rejects.toMatchObject(failure);
  await expect(cancelPaymentIntent(t.db, command)).rejects.toMatchObject(failure);
});

it("replays its result, and refuses its key for another reason", async () => {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id);
  const command = cancelCommand(merchant.id, id);
  const first = await cancelPaymentIntent(t.db, command);
  expect(await cancelPaymentIntent(t.db, command)).toEqual({ ...first, status: "REPLAYED" });
  const other = cancelCommand(merchant.id, id, { key: command.key, reason: "DUPLICATE" });
  await expect(cancelPaymentIntent(t.db, other)).rejects.toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
  });
});

it("stores that there is no such intent, also when another merchant has it", async () => {
  const [owner, stranger] = [await aMerchant(t), await aMerchant(t)];
  const { id } = await anIntent(t, owner.id);
  const command = cancelCommand(stranger.id, id);
  await expect(cancelPaymentIntent(t.db, command)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(cancelPaymentIntent(t.db, command)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await theIntent(t, owner.id, id)).toMatchObject({ version: 1 });
});
