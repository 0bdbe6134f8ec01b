import { newId } from "../../src/ids";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { eraseCustomer } from "../../src/erasure/erase-customer";
import { REFUND_INTENT, type TestApi, makePaid, newKey, startTestApi } from "../support/api";
import { aCapturedIntent, aMerchant, refundCommand, succeeded } from "../support/factories";

/** What a refund may say, and what it may take where the merchant's balance is the limit. */

let t: TestApi;
beforeAll(async () => {
  t = await startTestApi({ ONCEPAY_NEGATIVE_BALANCES: "false" });
});
afterAll(() => t.stop());

const refusal = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
const LIMITED = { mayOverdraw: false };

/** Money that leaves the merchant's account by another way than a refund, as a lost dispute takes it. */
async function takeFromBalance(intentId: string, amount: number): Promise<void> {
  const [attempt] = await t.db("attempts").where({ payment_intent_id: intentId });
  const { merchant_id, currency } = attempt;
  const accounts = await t.db("ledger_accounts").where({ merchant_id, currency });
  const idOf = (kind: string): unknown => accounts.find((account) => account.kind === kind)?.id;
  const journal_id = newId("journal");
  await t.db.transaction(async (tx) => {
    await tx("journals").insert({
      merchant_id,
      id: journal_id,
      kind: "taken",
      payment_intent_id: intentId,
      source_id: attempt.id,
    });
    await tx("postings").insert({
      merchant_id,
      journal_id,
      line: 1,
      debit_account_id: idOf("MERCHANT_BALANCE"),
      credit_account_id: idOf("PROCESSOR_RECEIVABLE"),
      amount,
      currency,
      pending: false,
    });
  });
}

it("takes no more than is on the merchant's account, and says what is left", async () => {
  const { id: merchantId } = await aMerchant(t);
  const [one, other] = [
    await aCapturedIntent(t, merchantId, 1_000),
    await aCapturedIntent(t, merchantId, 1_000),
  ];
  await takeFromBalance(one.id, 1_500);
  const tooMuch = refundCommand(merchantId, other.id, { amount: 600, ...LIMITED });
  const refused = {
    code: "AMOUNT_TOO_LARGE",
    message: "The amount exceeds the 500 that are on the merchant's account.",
    details: { id: other.id, limitedBy: "MERCHANT_BALANCE", remaining: 500 },
  };
  expect(await refusal(refundPaymentIntent(t.db, tooMuch))).toMatchObject(refused);
  const whole = refundCommand(merchantId, other.id, LIMITED);
  expect(await refusal(refundPaymentIntent(t.db, whole))).toMatchObject(refused);
  succeeded(
    await refundPaymentIntent(
      t.db,
      refundCommand(merchantId, other.id, { amount: 500, ...LIMITED }),
    ),
  );
  // What is under way counts, and so does what has been posted.
  for (const settled of [false, true]) {
    const more = refundCommand(merchantId, one.id, { amount: 1, ...LIMITED });
    expect(await refusal(refundPaymentIntent(t.db, more))).toMatchObject({
      details: { remaining: 0 },
    });
    if (!settled) await t.drain();
  }
  // The verdict stays, whatever the balance is by now.
  await aCapturedIntent(t, merchantId, 5_000);
  expect(await refusal(refundPaymentIntent(t.db, tooMuch))).toMatchObject(refused);
  succeeded(await refundPaymentIntent(t.db, refundCommand(merchantId, one.id, LIMITED)));
  await t.drain();
});

it("goes below zero where nobody forbids it", async () => {
  const { id: merchantId } = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchantId, 1_000);
  await takeFromBalance(id, 900);
  succeeded(await refundPaymentIntent(t.db, refundCommand(merchantId, id)));
  await t.drain();
});

it("lets two at once spend the last of it once, over two processes and many payments", async () => {
  const { id: merchantId } = await aMerchant(t);
  const other = t.anotherApp();
  const intents: { id: string }[] = [];
  for (let n = 0; n < 10; n += 1) intents.push(await aCapturedIntent(t, merchantId, 1_000));
  await takeFromBalance(intents[0]?.id ?? "", 9_300);
  const outcomes = await Promise.all(
    intents.flatMap(({ id }, n) =>
      [t.app, other].map((app, m) =>
        refusal(
          refundPaymentIntent(
            (n + m) % 2 ? app.db : app.tenantDb(merchantId),
            refundCommand(merchantId, id, { amount: 100, ...LIMITED }),
          ),
        ),
      ),
    ),
  );
  const refused = outcomes.filter((outcome) => outcome instanceof Error);
  expect(outcomes).toHaveLength(20);
  expect(refused).toHaveLength(13);
  for (const outcome of refused) expect(outcome).toMatchObject({ details: { remaining: 0 } });
  await t.drain();
});

it("asks no balance, and waits for nobody, unless the installation says so", async () => {
  const { id: merchantId } = await aMerchant(t);
  const { id } = await aCapturedIntent(t, merchantId, 1_000);
  const asked: string[] = [];
  const stop = t.hear(({ sql }) => asked.push(sql));
  succeeded(await refundPaymentIntent(t.app.db, refundCommand(merchantId, id)));
  stop();
  expect(asked.filter((sql) => /balance|pg_advisory_xact_lock\(/.test(sql))).toEqual([]);
  expect(asked.length).toBeGreaterThan(3);
  await t.drain();
});

const refund = (paymentIntentId: string, input: object) =>
  t.send({
    query: REFUND_INTENT.replace("metadata reason", "note metadata reason"),
    variables: { input: { paymentIntentId, ...input }, key: newKey() },
  });

it("keeps a reason in words, sealed, until the customer is erased", async () => {
  const customer = "customer-of-notes";
  const { id } = await makePaid(t, { customer });
  const note = "Ada sent the blue chair back";
  const made = await refund(id, { amount: 100, reason: "REQUESTED_BY_CUSTOMER", note });
  expect(made.data.refundPaymentIntent.refund).toMatchObject({
    note,
    reason: "REQUESTED_BY_CUSTOMER",
  });
  await t.drain();
  const refundId = made.data.refundPaymentIntent.refund.id as string;
  const stored = await t.db("events").whereIn("type", ["refund.created", "refund.succeeded"]);
  expect(stored.map(({ object }) => JSON.stringify(object)).join()).not.toContain("Ada");
  const show = async () =>
    (
      await t.send({
        query: `{ refund(id: "${refundId}") { note personalDataErasedAt }
          paymentIntent(id: "${id}") { events { edges { node { type data } } } } }`,
      })
    ).data;
  const before = await show();
  expect(before.refund).toEqual({ note, personalDataErasedAt: null });
  expect(JSON.stringify(before.paymentIntent.events).split("blue chair")).toHaveLength(3);
  const { merchant } = t;
  await eraseCustomer(t.app, { merchantId: merchant.id, actor: "test", key: newKey(), customer });
  const after = await show();
  expect(after.refund).toEqual({ note: null, personalDataErasedAt: expect.any(String) });
  expect(JSON.stringify(after)).not.toContain("blue chair");
});

it.each([
  ["x".repeat(501), "too long"],
  ["the card was 4242 4242 4242 4242", "a card number"],
])("refuses a note that is no note", async (note) => {
  const { id } = await makePaid(t);
  expect((await refund(id, { amount: 1, note })).error?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    details: { field: "input.note" },
  });
});

it("refuses over HTTP what the setting forbids", async () => {
  const { id } = await makePaid(t, { currency: "NZD" });
  await takeFromBalance(id, 2_400);
  expect((await refund(id, {})).error?.extensions).toMatchObject({
    code: "AMOUNT_TOO_LARGE",
    details: { id, limitedBy: "MERCHANT_BALANCE", remaining: 100 },
  });
});
