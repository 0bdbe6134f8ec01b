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
 * | …PickupCard, …RestrictedCard         | hard, pickup_card, restricted_card             |
 * | chargeDeclinedFraudulent, radarBlock | hard, fraudulent                               |
 * | chargeDeclinedInsufficientFunds      | soft, insufficient_funds                       |
 * | chargeDeclinedVelocityLimitExceeded  | soft, card_velocity_exceeded                   |
 * | …WithdrawalCountLimitExceeded        | soft, withdrawal_count_limit_exceeded          |
 * | …DoNotHonor, …CallIssuer             | soft, do_not_honor, call_issuer                |
 * | …CardNotSupported, …IncorrectNumber  | soft, card_not_supported, incorrect_number     |
 * | …IssuerNotAvailable                  | soft, issuer_not_available                     |
 * | chargeDeclinedExpiredCard            | soft, expired_card                             |
 * | chargeDeclinedIncorrectCvc           | soft, incorrect_cvc                            |
 * | chargeDeclinedProcessingError        | soft, processing_error                         |
 * | threeDSecure…, authenticationRequired| a challenge; approved or declined after it     |
 * | refundFail                           | approved; its refunds succeed, then fail later |
 * | pendingRefund                        | approved; its refunds are decided later        |
 * | holdForAMinute, holdForASecond       | approved; an authorisation holds no longer     |
 * | createDispute                        | approved; disputed soon after the capture      |
 * | feeInEuros                           | approved; its fee is in euros                  |
 * | feeLater                             | approved; its fee is told in lists only        |
 * | any other token                      | soft, invalid_payment_method                   |
 */
export interface TestCard {
  readonly decline?: Decline;
  /** Ask the shopper first; the decline above, if any, comes after a completed challenge. */
  readonly challenge?: true;
  readonly refunds?: "fail_later" | "decided_later";
  /** How long an authorisation holds the amount, where that is not HOLD_MS. */
  readonly holdMs?: number;
  /** What the network keeps of it is in euros, or is not told in answers. */
  readonly fee?: "in_euros" | "later";
  /** The shopper's bank disputes the charge a while after its (first) capture. */
  readonly disputed?: true;
}

/** Seven days, as card networks commonly hold for. */
export const HOLD_MS = 7 * 24 * 3_600_000;

export type Advice = Decline["advice_code"];

/** What the card networks answer: response codes of ISO 8583, and one of Visa's. */
const NETWORK_CODES: Readonly<Record<string, string>> = {
  call_issuer: "01",
  pickup_card: "04",
  do_not_honor: "05",
  generic_decline: "05",
  incorrect_number: "14",
  lost_card: "41",
  stolen_card: "43",
  insufficient_funds: "51",
  expired_card: "54",
  card_not_supported: "57",
  fraudulent: "59",
  card_velocity_exceeded: "61",
  restricted_card: "62",
  withdrawal_count_limit_exceeded: "65",
  issuer_not_available: "91",
  processing_error: "96",
  incorrect_cvc: "N7",
};

function issuerDecline(declineCode: string, advice: Advice, message: string): TestCard {
  return declined({ code: "card_declined", declineCode, advice, message });
}

function cardError(code: string, advice: Advice, message: string): TestCard {
  return declined({ code, declineCode: code, advice, message });
}

interface Said {
  readonly code: string;
  readonly declineCode: string;
  readonly advice: Advice;
  readonly message: string;
}

function declined({ code, declineCode, advice, message }: Said): TestCard {
  return {
    decline: {
      code,
      decline_code: declineCode,
      advice_code: advice,
      network_decline_code: NETWORK_CODES[declineCode] ?? "05",
      message,
    },
  };
}

const APPROVED: TestCard = {};
const CHALLENGED: TestCard = { challenge: true };
const HARD: Advice = "do_not_try_again";
const LATER: Advice = "try_again_later";
const CONFIRM: Advice = "confirm_card_data";
const ANOTHER: Advice = "try_another_card";

const DECLINED = "Your card was declined.";
const GENERIC = issuerDecline("generic_decline", HARD, DECLINED);
const NO_FUNDS = issuerDecline("insufficient_funds", LATER, "Your card has insufficient funds.");
const VELOCITY = issuerDecline(
  "card_velocity_exceeded",
  LATER,
  "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
);
const FRAUDULENT = issuerDecline("fraudulent", HARD, DECLINED);
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
  ["chargeDeclinedLostCard", issuerDecline("lost_card", HARD, DECLINED)],
  ["chargeDeclinedStolenCard", issuerDecline("stolen_card", HARD, DECLINED)],
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
  ["chargeDeclinedPickupCard", issuerDecline("pickup_card", HARD, DECLINED)],
  ["chargeDeclinedRestrictedCard", issuerDecline("restricted_card", HARD, DECLINED)],
  ["chargeDeclinedDoNotHonor", issuerDecline("do_not_honor", ANOTHER, DECLINED)],
  ["chargeDeclinedCallIssuer", issuerDecline("call_issuer", ANOTHER, DECLINED)],
  [
    "chargeDeclinedCardNotSupported",
    issuerDecline("card_not_supported", ANOTHER, "Your card does not support this payment."),
  ],
  [
    "chargeDeclinedWithdrawalCountLimitExceeded",
    issuerDecline("withdrawal_count_limit_exceeded", LATER, "Your card was used too often."),
  ],
  [
    "chargeDeclinedIssuerNotAvailable",
    issuerDecline("issuer_not_available", LATER, "Your card's bank could not be reached."),
  ],
  [
    "chargeDeclinedIncorrectNumber",
    cardError("incorrect_number", CONFIRM, "Your card number is incorrect."),
  ],
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
  ["feeInEuros", { fee: "in_euros" }],
  ["feeLater", { fee: "later" }],
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
