/** What a screen says. */
export interface ScreenTexts {
  readonly title: string;
  readonly text: string;
}

export type ScreenName =
  | "loading"
  | "choose"
  | "ready"
  | "processing"
  | "action"
  | "authorized"
  | "succeeded"
  | "failed"
  | "canceled"
  | "unavailable";

/** Every text of the checkout. In each, {amount} is the amount, with its currency, as people in this language write it. */
export interface CheckoutTexts {
  readonly screens: Readonly<Record<ScreenName, ScreenTexts>>;
  readonly pay: string;
  readonly continueToBank: string;
  /** Nobody answers. It must not say "failed", because nobody knows that. */
  readonly stillChecking: string;
  /** The shopper has paid, perhaps, but there is no answer. */
  readonly unknown: string;
  /** There was no answer, and the payment is still where it was. */
  readonly notSent: string;
  readonly tooManyTries: string;
  /** A request was refused for a reason that is the shop's business and not the shopper's. */
  readonly refused: string;
  /** By decline code, in place of what the card's processor says in its own language. */
  readonly declines: Readonly<Record<string, string>>;
}

/** The same, with any of it left out. */
export type ReplacedTexts = Partial<Omit<CheckoutTexts, "screens">> & {
  readonly screens?: { readonly [Name in ScreenName]?: Partial<ScreenTexts> };
};

export const TEXTS: CheckoutTexts = {
  screens: {
    loading: { title: "One moment", text: "Your payment is being looked up." },
    choose: { title: "Pay {amount}", text: "Choose how you want to pay." },
    ready: { title: "Pay {amount}", text: "You pay once, however often you press the button." },
    processing: {
      title: "Your payment is being made",
      text: "This takes a few seconds. You may close this page; the payment goes on.",
    },
    action: {
      title: "Your bank wants to make sure that it is you",
      text: "Continue to your bank. If you have just been there, its answer is on the way.",
    },
    authorized: {
      title: "{amount} is reserved",
      text: "The shop charges it later. There is nothing more to do.",
    },
    succeeded: { title: "Paid", text: "{amount} was paid. Thank you." },
    failed: { title: "The payment was declined", text: "Nothing was charged." },
    canceled: { title: "The payment was canceled", text: "Nothing was charged." },
    unavailable: {
      title: "This payment cannot be shown",
      text: "Please go back to the shop and start again from there.",
    },
  },
  pay: "Pay {amount}",
  continueToBank: "Continue to your bank",
  stillChecking: "There is no connection at the moment. Still checking: please do not pay again.",
  unknown: "There was no answer to your payment. Still checking: please do not pay again.",
  notSent:
    "Your payment has not gone through so far. You can try again, and will not be charged twice.",
  tooManyTries: "That was tried too often. Please wait a few minutes and try again.",
  refused: "The payment was not accepted, and nothing was charged. Please contact the shop.",
  declines: {
    insufficient_funds: "The card was declined: there is not enough money on it.",
    expired_card: "The card was declined: it has expired.",
    incorrect_cvc: "The card was declined: its security code is not right.",
    authentication_failed: "Your bank could not confirm that it was you. Nothing was charged.",
    authentication_expired: "The time to confirm at your bank is over. Nothing was charged.",
  },
};

export function withTexts(replaced: ReplacedTexts): CheckoutTexts {
  const screens = Object.fromEntries(
    Object.entries(TEXTS.screens).map(([name, texts]) => [
      name,
      { ...texts, ...replaced.screens?.[name as ScreenName] },
    ]),
  ) as CheckoutTexts["screens"];
  const declines = { ...TEXTS.declines, ...replaced.declines };
  return { ...TEXTS, ...replaced, screens, declines };
}
