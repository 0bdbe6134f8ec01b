import type { Decline } from "./operation";

/**
 * What a card token makes the network do, after Stripe's test tokens
 * (https://docs.stripe.com/testing). A decline with the advice "do_not_try_again" is hard: no
 * further try with this card can succeed. Any other is soft: another try or another card may.
 *
 * | token (pm_card_…)                    | outcome                                        |
 * | visa, mastercard, amex, …            | approved                                       |
 * | chargeDeclined                       | hard, generic_decline                          |
 * | chargeDeclinedLostCard, …StolenCard  | hard, lost_card, stolen_card                   |
 * | chargeDeclinedFraudulent, radarBlock | hard, fraudulent                               |
 * | chargeDeclinedInsufficientFunds      | soft, insufficient_funds                       |
 * | chargeDeclinedVelocityLimitExceeded  | soft, card_velocity_exceeded                   |
 * | chargeDeclinedExpiredCard            | soft, expired_card                             |
 * | chargeDeclinedIncorrectCvc           | soft, incorrect_cvc                            |
 * | chargeDeclinedProcessingError        | soft, processing_error                         |
 * | threeDSecure…, authenticationRequired| a challenge; approved or declined after it     |
 * | refundFail                           | approved; its refunds succeed, then fail later |
 * | pendingRefund                        | approved; its refunds are decided later        |
 * | holdForAMinute, holdForASecond       | approved; an authorisation holds no longer     |
 * | createDispute                        | approved; disputed soon after the capture      |
 * | any other token                      | soft, invalid_payment_method                   |
 */
export interface TestCard {
  readonly decline?: Decline;
  /** Ask the shopper first; the decline above, if any, comes after a completed challenge. */
  readonly challenge?: true;
  readonly refunds?: "fail_later" | "decided_later";
  /** How long an authorisation holds the amount, where that is not HOLD_MS. */
  readonly holdMs?: number;
  /** The shopper's bank disputes the charge a while after its (first) capture. */
  readonly disputed?: true;
}

/** Seven days, as card networks commonly hold for. */
export const HOLD_MS = 7 * 24 * 3_600_000;

export type Advice = Decline["advice_code"];

function issuerDecline(declineCode: string, advice: Advice, message: string): TestCard {
  const decline = {
    code: "card_declined",
    decline_code: declineCode,
    advice_code: advice,
    message,
  };
  return { decline };
}

function cardError(code: string, advice: Advice, message: string): TestCard {
  return { decline: { code, decline_code: code, advice_code: advice, message } };
}

const APPROVED: TestCard = {};
const CHALLENGED: TestCard = { challenge: true };
const HARD: Advice = "do_not_try_again";
const LATER: Advice = "try_again_later";
const CONFIRM: Advice = "confirm_card_data";

const GENERIC = issuerDecline("generic_decline", HARD, "Your card was declined.");
const NO_FUNDS = issuerDecline("insufficient_funds", LATER, "Your card has insufficient funds.");
const VELOCITY = issuerDecline(
  "card_velocity_exceeded",
  LATER,
  "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
);
const FRAUDULENT = issuerDecline("fraudulent", HARD, "Your card was declined.");
const PROCESSING_ERROR = cardError(
  "processing_error",
  LATER,
  "An error occurred while processing your card. Try again in a little bit.",
);

export const TEST_CARDS: ReadonlyMap<string, TestCard> = new Map([
  ["visa", APPROVED],
  ["visa_debit", APPROVED],
  ["mastercard", APPROVED],
  ["mastercard_debit", APPROVED],
  ["mastercard_prepaid", APPROVED],
  ["amex", APPROVED],
  ["discover", APPROVED],
  ["diners", APPROVED],
  ["jcb", APPROVED],
  ["unionpay", APPROVED],
  ["threeDSecureOptional", APPROVED],
  ["amex_threeDSecureNotSupported", APPROVED],
  ["chargeDeclined", GENERIC],
  ["visa_chargeDeclined", GENERIC],
  ["chargeDeclinedLostCard", issuerDecline("lost_card", HARD, "Your card was declined.")],
  ["chargeDeclinedStolenCard", issuerDecline("stolen_card", HARD, "Your card was declined.")],
  ["chargeDeclinedFraudulent", FRAUDULENT],
  ["radarBlock", FRAUDULENT],
  ["chargeDeclinedInsufficientFunds", NO_FUNDS],
  ["visa_chargeDeclinedInsufficientFunds", NO_FUNDS],
  ["chargeDeclinedVelocityLimitExceeded", VELOCITY],
  ["visa_chargeDeclinedVelocityLimitExceeded", VELOCITY],
  ["chargeDeclinedExpiredCard", cardError("expired_card", CONFIRM, "Your card has expired.")],
  [
    "chargeDeclinedIncorrectCvc",
    cardError("incorrect_cvc", CONFIRM, "Your card's security code is incorrect."),
  ],
  ["chargeDeclinedProcessingError", PROCESSING_ERROR],
  ["threeDSecureRequired", CHALLENGED],
  ["threeDSecure2Required", CHALLENGED],
  ["authenticationRequired", CHALLENGED],
  ["authenticationRequiredOnSetup", CHALLENGED],
  ["threeDSecureRequiredChargeDeclined", { ...GENERIC, challenge: true }],
  ["threeDSecureRequiredProcessingError", { ...PROCESSING_ERROR, challenge: true }],
  ["authenticationRequiredChargeDeclinedInsufficientFunds", { ...NO_FUNDS, challenge: true }],
  ["refundFail", { refunds: "fail_later" }],
  ["pendingRefund", { refunds: "decided_later" }],
  ["holdForAMinute", { holdMs: 60_000 }],
  ["holdForASecond", { holdMs: 1_000 }],
  ["createDispute", { disputed: true }],
]);

const UNKNOWN_CARD: TestCard = {
  decline: {
    code: "invalid_payment_method",
    message: "No such payment method.",
    advice_code: "confirm_card_data",
  },
};

export function testCardOf(source: string): TestCard {
  const name = source.startsWith("pm_card_") ? source.slice("pm_card_".length) : "";
  return TEST_CARDS.get(name) ?? UNKNOWN_CARD;
}
