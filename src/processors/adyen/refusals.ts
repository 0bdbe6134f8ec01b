import type { DeclineAdvice } from "../processor";

/** Adyen's numbers for why a payment was refused, as its documentation lists them: each has to be said here what it means. */
type Through29 =
  | "2"
  | "3"
  | "4"
  | "5"
  | "6"
  | "7"
  | "8"
  | "9"
  | "10"
  | "11"
  | "12"
  | "14"
  | "15"
  | "16"
  | "17"
  | "18"
  | "19"
  | "20"
  | "21"
  | "22"
  | "23"
  | "24"
  | "25"
  | "26"
  | "27"
  | "28"
  | "29";
export type RefusalCode =
  | Through29
  | "31"
  | "32"
  | "33"
  | "34"
  | "35"
  | "36"
  | "37"
  | "38"
  | "39"
  | "40"
  | "41"
  | "42"
  | "45";

export interface Refusal {
  /** As our other processors call it. */
  readonly declineCode: string;
  readonly advice: DeclineAdvice;
}

const again = (declineCode: string): Refusal => ({ declineCode, advice: "TRY_AGAIN_LATER" });
const data = (declineCode: string): Refusal => ({ declineCode, advice: "CONFIRM_CARD_DATA" });
const other = (declineCode: string): Refusal => ({ declineCode, advice: "TRY_ANOTHER_CARD" });
const never = (declineCode: string): Refusal => ({ declineCode, advice: "DO_NOT_TRY_AGAIN" });

export const REFUSALS: Readonly<Record<RefusalCode, Refusal>> = {
  "2": other("do_not_honor"),
  "3": other("call_issuer"),
  "4": again("processing_error"),
  "5": never("restricted_card"),
  "6": data("expired_card"),
  "7": other("invalid_amount"),
  "8": data("incorrect_number"),
  "9": again("issuer_not_available"),
  "10": other("card_not_supported"),
  "11": other("authentication_failed"),
  "12": again("insufficient_funds"),
  // What was suspected is not said: whoever has stolen a card would learn from it.
  "14": never("fraudulent"),
  "15": other("canceled"),
  "16": other("canceled_by_shopper"),
  "17": data("incorrect_pin"),
  "18": other("pin_tries_exceeded"),
  "19": other("pin_not_possible"),
  "20": never("fraudulent"),
  "21": again("processing_error"),
  "22": never("fraudulent"),
  "23": other("card_not_supported"),
  "24": data("incorrect_cvc"),
  "25": never("restricted_card"),
  "26": never("revocation_of_authorization"),
  "27": other("do_not_honor"),
  "28": again("card_velocity_exceeded"),
  "29": again("withdrawal_count_limit_exceeded"),
  "31": never("fraudulent"),
  "32": data("incorrect_address"),
  "33": other("pin_required"),
  "34": other("card_not_supported"),
  "35": other("card_not_supported"),
  "36": other("pin_required"),
  "37": other("card_not_supported"),
  "38": other("authentication_required"),
  "39": again("authentication_failed"),
  "40": other("card_not_supported"),
  "41": again("authentication_required"),
  "42": other("authentication_failed"),
  "45": never("generic_decline"),
};

/** Of one that is not listed nothing is known but that it is a refusal. */
export function refusalOf(code: string | undefined): Refusal {
  const isListed = code !== undefined && Object.hasOwn(REFUSALS, code);
  return isListed ? REFUSALS[code as RefusalCode] : other("do_not_honor");
}
