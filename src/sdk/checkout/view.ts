import type { PaymentIntent } from "../objects";
import { formatAmount } from "./format-amount";
import type { CheckoutTexts, ScreenName } from "./texts";

/** What is known of the payment, and what the shopper has done here. */
export interface CheckoutState {
  readonly paymentIntent: PaymentIntent | undefined;
  /** False while nobody answers. */
  readonly isCurrent: boolean;
  /** The shopper has pressed the button, and the answer is not here yet. */
  readonly isSending: boolean;
  /** The token that the shopper has chosen here. */
  readonly paymentMethod: string | undefined;
  /** What became of the last press of the button, where the payment itself does not say. */
  readonly problem: Problem | undefined;
  /** No asking again will help. */
  readonly isUnavailable: boolean;
}

export type Problem = "unknown" | "notSent" | "tooManyTries" | "refused";

export interface CheckoutView {
  readonly screen: ScreenName;
  readonly title: string;
  readonly text: string;
  readonly notice: string | undefined;
  readonly tone: "calm" | "good" | "bad";
  readonly isBusy: boolean;
  /** Whether the shopper is to choose and to pay. */
  readonly hasForm: boolean;
  readonly canPay: boolean;
  readonly payLabel: string;
  /** Where the shopper's bank waits. */
  readonly bankUrl: string | undefined;
  readonly bankLabel: string;
}

type Status = PaymentIntent["status"];

const SCREENS: Readonly<Record<Status, ScreenName>> = {
  REQUIRES_PAYMENT_METHOD: "choose",
  REQUIRES_CONFIRMATION: "ready",
  PROCESSING: "processing",
  REQUIRES_ACTION: "action",
  REQUIRES_CAPTURE: "authorized",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  CANCELED: "canceled",
};

const TONES: Partial<Record<ScreenName, CheckoutView["tone"]>> = {
  authorized: "good",
  succeeded: "good",
  failed: "bad",
  unavailable: "bad",
};

export function viewOf(
  state: CheckoutState,
  texts: CheckoutTexts,
  locale: string | undefined,
): CheckoutView {
  const { paymentIntent } = state;
  const amount = paymentIntent ? formatAmount(paymentIntent, locale) : "";
  const fill = (text: string): string => text.replaceAll("{amount}", amount);
  const screen = screenOf(state);
  const { title, text } = texts.screens[screen];
  const notice = noticeOf(state, screen, texts);
  const isOpen = screen === "choose" || screen === "ready";
  return {
    screen,
    title: fill(title),
    text: fill(text),
    notice: notice && fill(notice),
    tone: TONES[screen] ?? (screen === "choose" && notice !== undefined ? "bad" : "calm"),
    isBusy: screen === "loading" || screen === "processing",
    hasForm: isOpen,
    // A payment that is to be confirmed has a card already.
    canPay: isOpen && state.isCurrent && (screen === "ready" || state.paymentMethod !== undefined),
    payLabel: fill(texts.pay),
    bankUrl: screen === "action" ? bankUrlOf(paymentIntent) : undefined,
    bankLabel: texts.continueToBank,
  };
}

function screenOf({ paymentIntent, isSending, problem, isUnavailable }: CheckoutState): ScreenName {
  if (isUnavailable) return "unavailable";
  if (!paymentIntent) return "loading";
  const screen = SCREENS[paymentIntent.status] as ScreenName | undefined;
  // A status of the future is nothing that a shopper can do anything about.
  if (screen === undefined) return "processing";
  // Until it is known what became of it, nobody is asked to pay again.
  const isOpen = screen === "choose" || screen === "ready";
  return isOpen && (isSending || problem === "unknown") ? "processing" : screen;
}

function noticeOf(
  { paymentIntent, isCurrent, problem, isSending }: CheckoutState,
  screen: ScreenName,
  texts: CheckoutTexts,
): string | undefined {
  if (screen === "unavailable") return undefined;
  if (problem === "unknown") return texts.unknown;
  if (!isCurrent) return texts.stillChecking;
  if (isSending) return undefined;
  if (problem !== undefined && (screen === "choose" || screen === "ready")) return texts[problem];
  return screen === "choose" || screen === "failed" ? declineIn(paymentIntent, texts) : undefined;
}

function declineIn(
  paymentIntent: PaymentIntent | undefined,
  texts: CheckoutTexts,
): string | undefined {
  const declined = paymentIntent?.lastPaymentError;
  if (!declined) return undefined;
  const said = [declined.declineCode, declined.code].find((code) => code && texts.declines[code]);
  return said ? texts.declines[said] : declined.message;
}

/** Only where a browser can go: whatever else an address may be is not followed. */
function bankUrlOf(paymentIntent: PaymentIntent | undefined): string | undefined {
  const action = paymentIntent?.nextAction;
  const url = action && "redirectUrl" in action ? action.redirectUrl : undefined;
  return typeof url === "string" && /^https?:\/\//i.test(url) ? url : undefined;
}
