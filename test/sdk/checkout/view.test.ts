import { CURRENCY_CODES, currencyExponent, formatMinor } from "../../../src/money";
import { PAYMENT_INTENT_STATUSES } from "../../../src/payments/payment-intent";
import { formatAmount } from "../../../src/sdk/checkout/format-amount";
import { TEXTS, withTexts } from "../../../src/sdk/checkout/texts";
import { type CheckoutState, viewOf } from "../../../src/sdk/checkout/view";
import type { PaymentIntent } from "../../../src/sdk/objects";

const KNOWN: CheckoutState = {
  paymentIntent: undefined,
  isCurrent: true,
  isSending: false,
  paymentMethod: undefined,
  problem: undefined,
  isUnavailable: false,
};

function intent(status: string, others: Partial<PaymentIntent> = {}): PaymentIntent {
  return {
    id: "pi_1",
    version: 1,
    status,
    amount: 4_200,
    currency: "USD",
    lastPaymentError: null,
    nextAction: null,
    ...others,
  } as PaymentIntent;
}

function view(status: string, state: Partial<CheckoutState> = {}, others: object = {}) {
  return viewOf({ ...KNOWN, paymentIntent: intent(status, others), ...state }, TEXTS, "en");
}

test("every status of a payment has a screen of its own", () => {
  const screens = PAYMENT_INTENT_STATUSES.map((status) => view(status).screen);
  expect(new Set(screens).size).toBe(PAYMENT_INTENT_STATUSES.length);
  expect(screens).not.toContain("unavailable");
  // And a status that only a later version knows says that the payment goes on.
  expect(view("REQUIRES_PATIENCE").screen).toBe("processing");
});

test("whatever is known, nobody is told of a failure or asked to pay while nobody answers", () => {
  for (const status of PAYMENT_INTENT_STATUSES) {
    const { notice, canPay } = view(status, { isCurrent: false, paymentMethod: "pm_card_visa" });
    expect([status, canPay, notice]).toEqual([status, false, TEXTS.stillChecking]);
  }
  const unknown = view("REQUIRES_CONFIRMATION", { problem: "unknown" });
  expect(unknown).toMatchObject({ screen: "processing", hasForm: false, notice: TEXTS.unknown });
});

test("paying takes a card: the payment's own, or one that was chosen", () => {
  expect(view("REQUIRES_PAYMENT_METHOD").canPay).toBe(false);
  expect(view("REQUIRES_PAYMENT_METHOD", { paymentMethod: "pm_card_visa" }).canPay).toBe(true);
  expect(view("REQUIRES_CONFIRMATION").canPay).toBe(true);
  for (const state of [{ isSending: true }, { problem: "unknown" as const }]) {
    const sending = view("REQUIRES_CONFIRMATION", state);
    expect([sending.hasForm, sending.canPay]).toEqual([false, false]);
  }
});

test("a decline is told in the shop's words where it has some, and in the processor's otherwise", () => {
  const declined = (declineCode: string | null, code: string) => ({
    lastPaymentError: { code, declineCode, message: "Says the card network.", retryable: true },
  });
  const funds = view("REQUIRES_PAYMENT_METHOD", {}, declined("insufficient_funds", "x"));
  expect([funds.tone, funds.notice]).toEqual(["bad", TEXTS.declines["insufficient_funds"]]);
  const other = view("FAILED", {}, declined(null, "card_declined"));
  expect([other.tone, other.notice]).toEqual(["bad", "Says the card network."]);
  // What a bank declined before does not matter to a payment that was made.
  expect(view("SUCCEEDED", {}, declined("insufficient_funds", "x")).notice).toBeUndefined();
});

test("the way to the bank is an address that a browser goes to, and no script", () => {
  const to = (redirectUrl: string) => ({ nextAction: { type: "REDIRECT", redirectUrl } });
  const bank = "https://bank.example/3ds/1";
  expect(view("REQUIRES_ACTION", {}, to(bank)).bankUrl).toBe(bank);
  expect(view("REQUIRES_ACTION", {}, to("javascript:alert(1)")).bankUrl).toBeUndefined();
  expect(view("PROCESSING", {}, to(bank)).bankUrl).toBeUndefined();
});

test("any text can be replaced without the others", () => {
  const texts = withTexts({ screens: { succeeded: { title: "Merci" } }, declines: { lost: "!" } });
  expect(texts.screens.succeeded).toEqual({ ...TEXTS.screens.succeeded, title: "Merci" });
  expect(texts.screens.failed).toEqual(TEXTS.screens.failed);
  expect(texts.declines).toEqual({ ...TEXTS.declines, lost: "!" });
  expect(texts.pay).toBe(TEXTS.pay);
});

test("every currency has as many decimal places as the API says", () => {
  for (const currency of CURRENCY_CODES) {
    const shown = formatAmount({ amount: 123_456_789, currency }, "en");
    const digits = (text: string): string => text.replaceAll(/^\D+|[^\d.]/g, "");
    expect([currency, digits(shown)]).toEqual([
      currency,
      digits(formatMinor(123_456_789, currency)),
    ]);
  }
  expect(new Set(CURRENCY_CODES.map(currencyExponent))).toEqual(new Set([0, 2, 3, 4]));
  expect(formatAmount({ amount: 125_000, currency: "HUF" }, "hu")).toMatch(/^1250,00\sFt$/);
});
