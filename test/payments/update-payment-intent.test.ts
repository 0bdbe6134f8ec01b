import { eraseCustomer } from "../../src/erasure/erase-customer";
import { continueErasures } from "../../src/erasure/continue-erasures";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import {
  type UpdatePaymentIntent,
  updatePaymentIntent,
} from "../../src/payments/update-payment-intent";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { type TestApi, UPDATE_INTENT, makeIntent, newKey, startTestApi } from "../support/api";
import {
  type Given,
  aMerchant,
  anAuthorizedIntent,
  anIntent,
  cancelCommand,
  confirmCommand,
  succeeded,
  theIntent,
  updateCommand,
} from "../support/factories";

let t: TestApi;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApi();
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

const WHOLE = {
  amount: 1_000,
  description: "two chairs",
  customer: "customer-1",
  metadata: { cart: "a", shelf: "3" },
};

const update = (id: string, given: Given<UpdatePaymentIntent>, key?: string) =>
  updatePaymentIntent(t.db, updateCommand(merchantId, id, { ...given, ...(key && { key }) }));

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: unknown) => error,
  );

it("changes what is given, as one version with its event, and charges the new amount", async () => {
  const { id } = await anIntent(t, merchantId, WHOLE);
  const changed = succeeded(await update(id, { amount: 1_700, description: "three chairs" }));
  expect(changed).toMatchObject({
    ...WHOLE,
    amount: 1_700,
    description: "three chairs",
    status: "REQUIRES_CONFIRMATION",
    version: 2,
  });
  expect(await theIntent(t, merchantId, id)).toEqual(changed);
  expect(await t.db("transitions").where({ payment_intent_id: id, version: 2 })).toMatchObject([
    {
      from_status: "REQUIRES_CONFIRMATION",
      to_status: "REQUIRES_CONFIRMATION",
      cause: "updatePaymentIntent",
      actor: "test",
      amount: 1_700,
    },
  ]);
  const [event] = await t.db("events").where({ subject_id: id, sequence: 2 });
  expect(event).toMatchObject({ type: "payment_intent.updated", object: { amount: 1_700 } });
  succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchantId, id)));
  await t.drain();
  const [attempt] = await t.db("attempts").where({ payment_intent_id: id });
  expect(await t.movements(attempt.id)).toMatchObject([{ amount: 1_700 }]);
});

it("leaves what is absent, clears what is null, and joins metadata", async () => {
  const { id } = await anIntent(t, merchantId, WHOLE);
  const joined = await update(id, { metadata: { cart: "b", gift: "yes", shelf: "" } });
  expect(succeeded(joined)).toMatchObject({ ...WHOLE, metadata: { cart: "b", gift: "yes" } });
  const cleared = await update(id, { description: null, customer: null });
  expect(succeeded(cleared)).toMatchObject({ description: null, customer: null, amount: 1_000 });
  const blank = succeeded(await update(id, { metadata: null }));
  expect(blank).toMatchObject({ metadata: {}, version: 4 });
  expect(succeeded(await update(id, WHOLE))).toMatchObject({ ...WHOLE, version: 5 });
});

it("keeps what is personal out of its event, but for the sealed part", async () => {
  const { id } = await anIntent(t, merchantId);
  await update(id, { description: "a ring for Ada", customer: "ada", metadata: { for: "Ada" } });
  const [event] = await t.db("events").where({ subject_id: id, sequence: 2 });
  expect(JSON.stringify(event.object)).not.toMatch(/ada/i);
  expect(event.personal).toEqual(expect.any(Buffer));
});

it("finds everybody whose the payment was when a customer is erased", async () => {
  const { id } = await anIntent(t, merchantId, { customer: "first", description: "of the first" });
  const other = await anIntent(t, merchantId, { customer: "third" });
  await update(id, { customer: "second" });
  await update(id, { customer: "first" });
  await update(id, { customer: "third", description: "of the third" });
  await eraseCustomer(t.app, { merchantId, actor: "test", key: newKey(), customer: "first" });
  await continueErasures(t.app);
  expect(await theIntent(t, merchantId, id)).toMatchObject({
    customer: null,
    description: null,
    personalDataErasedAt: expect.any(String),
  });
  expect(await theIntent(t, merchantId, other.id)).toMatchObject({ customer: "third" });
  const updates = await t.db("payment_intent_updates").where({ payment_intent_id: id });
  expect(updates.map(({ former_customer }) => former_customer as unknown)).toEqual([
    null,
    null,
    null,
  ]);
  const erasures = await t.db("erasures").where({ merchant_id: merchantId });
  expect(erasures).toMatchObject([{ payment_intents: 1, finished_at: expect.any(Date) }]);
  // Erased, it takes no new customer; an amount says nothing about anybody.
  expect(await refusal(update(id, { customer: "fourth" }))).toMatchObject({
    code: "INVALID_STATE",
    details: { id, personalDataErasedAt: expect.any(String) },
  });
  expect(succeeded(await update(id, { amount: 5 }))).toMatchObject({ amount: 5, customer: null });
});

it("refuses a stale version with the one that is there, and keeps the verdict", async () => {
  const { id } = await anIntent(t, merchantId);
  await update(id, { amount: 2, expectedVersion: 1 });
  const stale = updateCommand(merchantId, id, { amount: 3, expectedVersion: 1 });
  const refused = {
    code: "INVALID_STATE",
    message: "The payment intent is at version 2, and not at 1.",
    details: {
      id,
      version: 2,
      currentState: "REQUIRES_CONFIRMATION",
      allowedActions: ["CONFIRM", "CANCEL", "UPDATE"],
      expectedVersion: 1,
    },
  };
  expect(await refusal(updatePaymentIntent(t.db, stale))).toMatchObject(refused);
  await update(id, { amount: 4, expectedVersion: 2 });
  expect(await refusal(updatePaymentIntent(t.db, stale))).toMatchObject(refused);
});

it("is possible before a confirmation and after a soft decline, and at no other time", async () => {
  const soft = "pm_card_chargeDeclinedInsufficientFunds";
  const { id } = await anIntent(t, merchantId, { paymentMethod: soft });
  succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchantId, id)));
  expect(await refusal(update(id, { amount: 1 }))).toMatchObject({
    code: "INVALID_STATE",
    details: { id, currentState: "PROCESSING", allowedActions: ["CANCEL"] },
  });
  await t.drain();
  expect(succeeded(await update(id, { amount: 600 }))).toMatchObject({
    status: "REQUIRES_PAYMENT_METHOD",
    lastPaymentError: { declineCode: "insufficient_funds" },
  });
  const again = confirmCommand(merchantId, id, { paymentMethod: "pm_card_visa" });
  succeeded(await t.app.confirmPaymentIntent(again));
  await t.drain();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ amountCaptured: 600 });
  for (const ended of [id, (await anAuthorizedIntent(t, merchantId)).id]) {
    expect(await refusal(update(ended, { amount: 1 }))).toMatchObject({ code: "INVALID_STATE" });
  }
  const canceled = await anIntent(t, merchantId);
  await cancelPaymentIntent(t.db, cancelCommand(merchantId, canceled.id));
  expect(await refusal(update(canceled.id, { description: "x" }))).toMatchObject({
    details: { currentState: "CANCELED", allowedActions: [] },
  });
});

it("keeps metadata to fifty pairs", async () => {
  const pairs = (from: number, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${String(from + n)}`, "v"]));
  const { id } = await anIntent(t, merchantId, { metadata: pairs(0, 30) });
  expect(await refusal(update(id, { metadata: pairs(30, 21) }))).toMatchObject({
    code: "INVALID_STATE",
    message: "There may be 50 at most. It would have 51 pairs of metadata.",
    details: {
      id,
      limit: 50,
      because: "It would have 51 pairs of metadata.",
      currentState: "REQUIRES_CONFIRMATION",
      allowedActions: ["CONFIRM", "CANCEL", "UPDATE"],
    },
  });
  succeeded(await update(id, { metadata: pairs(30, 20) }));
});

it("is charged as it was before or as it is after, when it is confirmed at the same moment", async () => {
  const other = t.anotherApp();
  const intents = await Promise.all(Array.from({ length: 20 }, () => anIntent(t, merchantId)));
  const outcomes = await Promise.all(
    intents.map(async ({ id }, n) => {
      const [confirmed, updated] = await Promise.all([
        (n % 2 ? other : t.app).confirmPaymentIntent(confirmCommand(merchantId, id)),
        refusal(update(id, { amount: 1_111 })),
      ]);
      succeeded(confirmed);
      return updated === "done" || (updated as { status?: string }).status !== undefined;
    }),
  );
  await t.drain();
  for (const [n, { id }] of intents.entries()) {
    const expected = outcomes[n] ? 1_111 : 1_000;
    expect(await theIntent(t, merchantId, id)).toMatchObject({ amountCaptured: expected });
    const [attempt] = await t.db("attempts").where({ payment_intent_id: id });
    expect(await t.movements(attempt.id)).toMatchObject([{ amount: expected }]);
  }
});

it("takes one of twenty updates that expect the same version, and each key once", async () => {
  const { id } = await anIntent(t, merchantId);
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      refusal(update(id, { amount: 100 + n, expectedVersion: 1 })),
    ),
  );
  expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
  const same = updateCommand(merchantId, id, { description: "once" });
  const twins = await Promise.all(
    Array.from({ length: 20 }, () => updatePaymentIntent(t.db, same)),
  );
  expect(twins.filter(({ status }) => status === "EXECUTED")).toHaveLength(1);
  expect(await theIntent(t, merchantId, id)).toMatchObject({ version: 3, description: "once" });
});

it("cannot be repeated after its key's record has expired", async () => {
  const { id } = await anIntent(t, merchantId);
  const command = updateCommand(merchantId, id, { amount: 70 });
  await updatePaymentIntent(t.db, command);
  await update(id, { amount: 80 });
  await t.db("idempotency_keys").where({ key: command.key }).del();
  expect(await updatePaymentIntent(t.db, command)).toMatchObject({
    status: "REPLAYED",
    result: { id, amount: 80, version: 3 },
  });
  const other = updateCommand(merchantId, id, { amount: 71, key: command.key });
  expect(await refusal(updatePaymentIntent(t.db, other))).toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
  });
});

it("leaves all of it or nothing when it dies", async () => {
  const { id } = await anIntent(t, merchantId);
  const command = updateCommand(merchantId, id, { amount: 70 });
  crashOnceAt("update.inside_transaction");
  await dying(updatePaymentIntent(t.db, command));
  expectCrashed("update.inside_transaction");
  expect(await theIntent(t, merchantId, id)).toMatchObject({ amount: 1_000, version: 1 });
  crashOnceAt("api.after_commit");
  await dying(updatePaymentIntent(t.db, command));
  expectCrashed("api.after_commit");
  expect(await updatePaymentIntent(t.db, command)).toMatchObject({
    status: "REPLAYED",
    result: { amount: 70, version: 2 },
  });
});

it("is the database's rule, too: an amount stays once it has been confirmed", async () => {
  const { id } = await anAuthorizedIntent(t, merchantId);
  const change = t.db("payment_intents").where({ id }).update({ amount: 2_000, version: 99 });
  await expect(change).rejects.toMatchObject({ code: "23514" });
  const forget = t.db("payment_intent_updates").update({ payment_intent_id: id });
  await expect(forget).rejects.toMatchObject({ code: "23001" });
});

it("says what it wants, over HTTP, and is not for shoppers", async () => {
  const { id, clientSecret } = await makeIntent(t);
  const ask = (input: object, as: object = {}) =>
    t.send({
      query: UPDATE_INTENT,
      variables: { input: { paymentIntentId: id, ...input }, key: newKey() },
      ...as,
    });
  const shopper = {
    key: t.merchant.publishableKey,
    headers: { "oncepay-client-secret": clientSecret },
  };
  expect((await ask({ amount: 1 }, shopper)).error?.extensions.code).toBe("FORBIDDEN");
  for (const [input, field] of [
    [{}, "input"],
    [{ amount: null }, "input"],
    [{ amount: 0 }, "input.amount"],
    [{ description: "4242 4242 4242 4242" }, "input.description"],
    [{ metadata: { card: "4242424242424242" } }, "input.metadata.card"],
  ] as const) {
    expect((await ask(input)).error?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      details: { field },
    });
  }
  const { data } = await ask({ amount: 9, expectedVersion: 1 });
  expect(data.updatePaymentIntent.paymentIntent).toMatchObject({ id, amount: 9, version: 2 });
});
