import {
  CANCEL_INTENT,
  CAPTURE_INTENT,
  CONFIRM_INTENT,
  CREATE_INTENT,
  type TestApi,
  makeIntent,
  makePaid,
  newKey,
} from "../support/api";
import { aboutToExpire, expired, moveHold } from "../support/holds";
import { type Shop, openShop } from "./shop";

/** From a shop's requests over HTTP, by way of workers and the card network, to the webhooks that it receives. */

let shop: Shop;
let api: TestApi;
beforeAll(async () => {
  shop = await openShop();
  ({ api } = shop);
});
afterAll(() => shop.stop());

const ask: Shop["ask"] = (query, input) => shop.ask(query, input);
const intentOf: Shop["intentOf"] = (id) => shop.intentOf(id);
const heardOf: Shop["heardOf"] = (id) => shop.heardOf(id);

const HELD = [
  "payment_intent.created",
  "payment_intent.processing",
  "payment_intent.amount_capturable_updated",
];

test("a hold is said to expire, expires, and can be captured no more", async () => {
  const { id } = await makePaid(api, { captureMethod: "MANUAL" });
  expect(await intentOf(id)).toMatchObject({
    status: "REQUIRES_CAPTURE",
    authorizationExpiresAt: expect.any(String),
    authorizationExpiryPolicy: "NOTIFY",
  });
  await moveHold(api, id, aboutToExpire);
  await api.sweepOnce();
  await moveHold(api, id, expired);
  await api.sweepOnce();
  await api.drain();
  const intent = await intentOf(id);
  expect(intent).toMatchObject({
    status: "CANCELED",
    cancellationReason: "AUTHORIZATION_EXPIRED",
    authorizationExpiredAt: expect.any(String),
  });
  expect(heardOf(id)).toEqual([...HELD, "authorization.expiring", "payment_intent.canceled"]);
  const refused = await ask(CAPTURE_INTENT, { paymentIntentId: id });
  expect(refused.error?.extensions).toMatchObject({
    code: "INVALID_STATE",
    details: {
      because: `The authorisation expired at ${String(intent.authorizationExpiredAt)}, and what it held was released.`,
      currentState: "CANCELED",
      allowedActions: [],
    },
  });
});

test("a hold is captured by itself where the payment asks for that", async () => {
  const policy = { captureMethod: "MANUAL", authorizationExpiryPolicy: "CAPTURE" };
  const { id } = await makePaid(api, { ...policy, paymentMethod: "pm_card_holdForAMinute" });
  // A minute is less than the day before which it is seen to, so that is at once.
  await api.sweepOnce();
  await api.drain();
  expect(await intentOf(id)).toMatchObject({ status: "SUCCEEDED", amountCaptured: 2_500 });
  expect(heardOf(id).slice(HELD.length)).toEqual([
    "authorization.expiring",
    "capture.created",
    "payment_intent.processing",
    "capture.succeeded",
    "payment_intent.succeeded",
  ]);
});

test("a hold is let go of by itself where the payment asks for that", async () => {
  const policy = { captureMethod: "MANUAL", authorizationExpiryPolicy: "VOID" };
  const { id } = await makePaid(api, { ...policy, paymentMethod: "pm_card_holdForAMinute" });
  await api.sweepOnce();
  await api.drain();
  expect(await intentOf(id)).toMatchObject({
    status: "CANCELED",
    cancellationReason: "AUTHORIZATION_EXPIRED",
  });
  expect(heardOf(id).slice(HELD.length)).toEqual([
    "authorization.expiring",
    "payment_intent.processing",
    "payment_intent.canceled",
  ]);
});

test("a policy is for manual captures only, and written out or not NOTIFY is the same request", async () => {
  const input = { amount: 2_500, currency: "USD" };
  const wrong = await ask(CREATE_INTENT, { ...input, authorizationExpiryPolicy: "VOID" });
  expect(wrong.error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "input.authorizationExpiryPolicy" },
  });
  const key = newKey();
  const manual = { ...input, captureMethod: "MANUAL" };
  const create = (more: object) =>
    api.send({ query: CREATE_INTENT, variables: { input: { ...manual, ...more }, key } });
  const first = await create({});
  const again = await create({ authorizationExpiryPolicy: "NOTIFY" });
  expect(again.data.createPaymentIntent).toMatchObject({
    idempotency: { status: "REPLAYED" },
    paymentIntent: { id: first.data.createPaymentIntent.paymentIntent.id },
  });
  expect((await create({ authorizationExpiryPolicy: "VOID" })).error?.extensions.code).toBe(
    "IDEMPOTENCY_KEY_REUSED",
  );
});

test("a challenge that nobody answers ends, and another card is taken", async () => {
  const { id } = await makePaid(api, { paymentMethod: "pm_card_threeDSecureRequired" });
  expect(await intentOf(id)).toMatchObject({ status: "REQUIRES_ACTION" });
  await api
    .db("attempts")
    .where({ payment_intent_id: id })
    .update({ challenge_expires_at: api.db.raw("now() - interval '1 second'") });
  await api.makeDue();
  await api.drain();
  expect(await intentOf(id)).toMatchObject({
    status: "REQUIRES_PAYMENT_METHOD",
    nextAction: null,
    lastPaymentError: { code: "authentication_expired", retryable: true },
  });
  const card = { paymentIntentId: id, paymentMethod: "pm_card_visa" };
  expect((await ask(CONFIRM_INTENT, card)).body.errors).toBeUndefined();
  await api.drain();
  expect(await intentOf(id)).toMatchObject({ status: "SUCCEEDED", amountCaptured: 2_500 });
  expect(heardOf(id)).toEqual([
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
  ]);
});

test("a challenge that was completed in time counts, however late that is heard", async () => {
  const { id } = await makePaid(api, { paymentMethod: "pm_card_threeDSecureRequired" });
  const { nextAction } = await intentOf(id);
  await api.sandbox.post(`${new URL(String(nextAction.redirectUrl)).pathname}/complete`);
  await api
    .db("attempts")
    .where({ payment_intent_id: id })
    .update({ challenge_expires_at: api.db.raw("now() - interval '1 second'") });
  await api.makeDue();
  await api.drain();
  expect(await intentOf(id)).toMatchObject({ status: "SUCCEEDED", amountCaptured: 2_500 });
  expect(heardOf(id).at(-1)).toBe("payment_intent.succeeded");
  const [charge] = await api.db("attempts").where({ payment_intent_id: id });
  expect(await api.movements(charge.id)).toMatchObject([{ kind: "capture" }]);
});

test.each([
  ["AUTOMATIC", "charge", ["capture"], "SUCCEEDED", "payment_intent.succeeded"],
  ["MANUAL", "authorize", ["authorize", "void"], "CANCELED", "payment_intent.canceled"],
])("a %s capture's %s on its way decides what a cancellation does", async (method, ...told) => {
  const [operation, movements, status, event] = told;
  const { id } = await makeIntent(api, { captureMethod: method });
  await ask(CONFIRM_INTENT, { paymentIntentId: id });
  await api.sandbox.setFault({ fault: "lose_response", rate: 1, operation, count: 1 });
  await api.relayOnce();
  await api.runCharges();
  const { data } = await ask(CANCEL_INTENT, { paymentIntentId: id });
  const requested = { cancellationRequestedAt: expect.any(String) };
  const { paymentIntent } = data.cancelPaymentIntent;
  expect(paymentIntent.status).toBe("PROCESSING");
  await api.makeDue();
  await shop.work();
  expect(await intentOf(id)).toMatchObject({ status, ...requested });
  expect(heardOf(id).at(-1)).toBe(event);
  const references = await api.db("attempts").where({ payment_intent_id: id }).pluck("id");
  const all = await Promise.all(references.map((reference) => api.movements(String(reference))));
  expect(all.flat().map(({ kind }) => kind)).toEqual(movements);
});

test("a challenge can be canceled, and completed no more", async () => {
  const { id } = await makePaid(api, { paymentMethod: "pm_card_threeDSecureRequired" });
  const { nextAction } = await intentOf(id);
  const canceled = await ask(CANCEL_INTENT, { paymentIntentId: id, reason: "ABANDONED" });
  expect(canceled.body.errors).toBeUndefined();
  await api.drain();
  expect(await intentOf(id)).toMatchObject({
    status: "CANCELED",
    cancellationReason: "ABANDONED",
    cancellationRequestedAt: expect.any(String),
  });
  await api.sandbox.post(`${new URL(String(nextAction.redirectUrl)).pathname}/complete`);
  const [charge] = await api.db("attempts").where({ payment_intent_id: id }).orderBy("id");
  expect(await api.movements(charge.id)).toEqual([]);
});

test("what is confirmed and not yet sent is canceled at once", async () => {
  const { id } = await makeIntent(api);
  await ask(CONFIRM_INTENT, { paymentIntentId: id });
  expect((await intentOf(id)).allowedActions).toContainEqual({
    action: "CANCEL",
    allowed: true,
    because: null,
  });
  const { data } = await ask(CANCEL_INTENT, { paymentIntentId: id });
  expect(data.cancelPaymentIntent.paymentIntent).toMatchObject({ status: "CANCELED" });
  await api.drain();
  expect(heardOf(id)).toEqual([
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.canceled",
  ]);
  const [charge] = await api.db("attempts").where({ payment_intent_id: id });
  expect(charge).toMatchObject({ status: "ABANDONED", sends: 0 });
});
