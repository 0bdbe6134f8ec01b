import { Failure } from "../../src/failures";
import { type TestApp, startTestApp } from "../support/app";
import { aMerchant, anIntent, confirmCommand, succeeded, theIntent } from "../support/factories";

/** Declines as merchants see them: what was said, what may be done, and how often. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_ATTEMPTS_PER_INTENT_MAX: "3" });
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

const NO_FUNDS = "pm_card_chargeDeclinedInsufficientFunds";

async function tryCard(id: string, paymentMethod: string): Promise<void> {
  succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchantId, id, { paymentMethod })));
  await t.drain();
}

it.each([
  ["InsufficientFunds", "51", "TRY_AGAIN_LATER", "REQUIRES_PAYMENT_METHOD"],
  ["DoNotHonor", "05", "TRY_ANOTHER_CARD", "REQUIRES_PAYMENT_METHOD"],
  ["ExpiredCard", "54", "CONFIRM_CARD_DATA", "REQUIRES_PAYMENT_METHOD"],
  ["IncorrectCvc", "N7", "CONFIRM_CARD_DATA", "REQUIRES_PAYMENT_METHOD"],
  ["ProcessingError", "96", "TRY_AGAIN_LATER", "REQUIRES_PAYMENT_METHOD"],
  ["LostCard", "41", "DO_NOT_TRY_AGAIN", "FAILED"],
  ["Fraudulent", "59", "DO_NOT_TRY_AGAIN", "FAILED"],
])("%s: %s, %s", async (card, networkDeclineCode, adviceCode, status) => {
  const { id } = await anIntent(t, merchantId);
  await tryCard(id, `pm_card_chargeDeclined${card}`);
  expect(await theIntent(t, merchantId, id)).toMatchObject({
    status,
    lastPaymentError: { adviceCode, networkDeclineCode, retryable: status !== "FAILED" },
  });
  expect(await t.db("attempts").where({ payment_intent_id: id })).toMatchObject([
    { status: "DECLINED", advice_code: adviceCode, network_decline_code: networkDeclineCode },
  ]);
});

it("takes another card on the same payment, as often as it is configured", async () => {
  const { id } = await anIntent(t, merchantId);
  await tryCard(id, NO_FUNDS);
  await tryCard(id, "pm_card_chargeDeclinedExpiredCard");
  await tryCard(id, "pm_card_visa");
  expect(await theIntent(t, merchantId, id)).toMatchObject({
    status: "SUCCEEDED",
    lastPaymentError: null,
  });
  const failing = await anIntent(t, merchantId);
  for (let tries = 0; tries < 3; tries += 1) await tryCard(failing.id, NO_FUNDS);
  const failed = await theIntent(t, merchantId, failing.id);
  expect(failed).toMatchObject({
    status: "FAILED",
    // The card might be accepted later; the payment will not ask it any more.
    lastPaymentError: { retryable: false, adviceCode: "TRY_AGAIN_LATER" },
  });
});

it("makes no other try while one is unknown, whoever asks, and charges once", async () => {
  const other = t.anotherApp();
  const { id } = await anIntent(t, merchantId);
  succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchantId, id)));
  await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "charge" });
  await t.relayOnce();
  await t.runCharges();
  await t.sandbox.call("DELETE", "/admin/faults");
  expect(await t.db("attempts").where({ payment_intent_id: id })).toMatchObject([
    { status: "UNKNOWN" },
  ]);
  const cards = ["pm_card_visa", "pm_card_mastercard", NO_FUNDS, "pm_card_amex"];
  const refused = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      (n % 2 ? other : t.app).confirmPaymentIntent(
        confirmCommand(merchantId, id, { paymentMethod: cards[n % 4] ?? null }),
      ),
    ),
  );
  for (const outcome of refused) {
    expect(outcome).toBeInstanceOf(Failure);
    expect(outcome).toMatchObject({
      code: "INVALID_STATE",
      details: { id, currentState: "PROCESSING" },
    });
  }
  const attempts = await t.db("attempts").where({ payment_intent_id: id });
  expect(attempts).toHaveLength(1);
  // The database's own rule: not even a bug can queue a second one.
  const [{ id: _id, idempotency_key: _key, ...same }] = attempts;
  const second = { ...same, id: "att_second", status: "QUEUED", worker_id: null };
  await expect(t.db("attempts").insert(second)).rejects.toMatchObject({
    constraint: "attempts_one_charge_in_flight",
  });
  await t.makeDue();
  await t.drain();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
  expect(await t.movements(attempts[0].id)).toHaveLength(1);
});
