import type { DeclineAdvice, Declined } from "./processor";

interface Meaning {
  /** As the card networks answer: the response codes of ISO 8583, and those that Visa has added. */
  readonly network: string;
  /** DO_NOT_TRY_AGAIN makes the decline a hard one. */
  readonly advice: DeclineAdvice;
  readonly says: string;
}

/**
 * The decline codes that processors have in common, with what the networks call them. A processor's own words count
 * first: this is for what it does not say, and for people who read the codes.
 */
export const DECLINES: Readonly<Record<string, Meaning>> = {
  call_issuer: soft("01", "TRY_ANOTHER_CARD", "The issuer wants to be asked by its customer."),
  pickup_card: hard("04", "The issuer wants the card to be kept."),
  do_not_honor: soft("05", "TRY_ANOTHER_CARD", "The issuer refuses, and does not say why."),
  generic_decline: hard("05", "The issuer refuses for good, and does not say why."),
  incorrect_number: soft("14", "CONFIRM_CARD_DATA", "No card has this number."),
  lost_card: hard("41", "The card was reported lost."),
  stolen_card: hard("43", "The card was reported stolen."),
  insufficient_funds: soft("51", "TRY_AGAIN_LATER", "There is not enough money on the card."),
  expired_card: soft("54", "CONFIRM_CARD_DATA", "The card has expired."),
  card_not_supported: soft("57", "TRY_ANOTHER_CARD", "The card cannot be used for this."),
  fraudulent: hard("59", "The payment is suspected of fraud."),
  card_velocity_exceeded: soft("61", "TRY_AGAIN_LATER", "The card's limit is reached."),
  restricted_card: hard("62", "The card may not be used here."),
  withdrawal_count_limit_exceeded: soft("65", "TRY_AGAIN_LATER", "The card was used too often."),
  issuer_not_available: soft("91", "TRY_AGAIN_LATER", "The issuer could not be reached."),
  processing_error: soft("96", "TRY_AGAIN_LATER", "Something failed on the way to the issuer."),
  incorrect_cvc: soft("N7", "CONFIRM_CARD_DATA", "The card's security code is wrong."),
};

function soft(network: string, advice: DeclineAdvice, says: string): Meaning {
  return { network, advice, says };
}

function hard(network: string, says: string): Meaning {
  return { network, advice: "DO_NOT_TRY_AGAIN", says };
}

export interface DeclineCodes {
  readonly adviceCode: DeclineAdvice | null;
  readonly networkDeclineCode: string | null;
}

/** Of a decline of a card: what the processor said of it, and otherwise what is known of its code. */
export function codesOf({ hard, code, declineCode, ...said }: Declined): DeclineCodes {
  const name = declineCode ?? code;
  const known = Object.hasOwn(DECLINES, name) ? DECLINES[name] : undefined;
  const soft = said.adviceCode ?? known?.advice ?? null;
  return {
    // Whether it is a hard one is the processor's to say, and the advice follows that.
    adviceCode: hard ? "DO_NOT_TRY_AGAIN" : soft === "DO_NOT_TRY_AGAIN" ? null : soft,
    networkDeclineCode: said.networkDeclineCode ?? known?.network ?? null,
  };
}
