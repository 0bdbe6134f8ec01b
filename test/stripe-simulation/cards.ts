import type { ErrorBody } from "./error";

/** Stripe's own test cards, as far as they are needed: what confirming with one comes to. */
export type Card =
  | { readonly kind: "approves" }
  | { readonly kind: "challenges" }
  | { readonly kind: "processes" }
  | { readonly kind: "declines"; readonly error: ErrorBody };

function declines(decline_code: string, advice_code: string, network: string): Card {
  return {
    kind: "declines",
    error: {
      type: "card_error",
      code: "card_declined",
      decline_code,
      advice_code,
      network_decline_code: network,
      message: "Your card was declined.",
    },
  };
}

export const CARDS: ReadonlyMap<string, Card> = new Map([
  ["pm_card_visa", { kind: "approves" }],
  ["pm_card_threeDSecureRequired", { kind: "challenges" }],
  ["pm_card_processing", { kind: "processes" }],
  [
    "pm_card_visa_chargeDeclinedInsufficientFunds",
    declines("insufficient_funds", "try_again_later", "51"),
  ],
  ["pm_card_visa_chargeDeclinedStolenCard", declines("stolen_card", "do_not_try_again", "43")],
]);
