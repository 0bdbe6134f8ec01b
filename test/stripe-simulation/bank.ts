import type Stripe from "stripe";
import { CARDS } from "./cards";
import { type ErrorBody, StripeRefusal, invalid, unexpectedState } from "./error";
import {
  idOf,
  newBalanceTransaction,
  newCharge,
  newDispute,
  newEvent,
  newId,
  newIntent,
  newRefund,
} from "./objects";
import type { Params } from "./params";

/** What moved, as this side wrote it down: the witness. In Stripe's units. */
export interface Movement {
  readonly intent: string;
  /** By which key it was asked for; a shopper has none. */
  readonly key: string | null;
  readonly kind: "authorize" | "capture" | "void" | "refund" | "refund_failure";
  readonly amount: number;
  readonly currency: string;
  /** The id of the refund. */
  readonly refund?: string;
  readonly at: number;
}

const AMOUNT_MAX = 99_999_999;
const AMOUNT_MIN = 50;

export interface Bank {
  readonly intents: Map<string, Stripe.PaymentIntent>;
  readonly charges: Map<string, Stripe.Charge>;
  readonly refunds: Map<string, Stripe.Refund>;
  readonly lines: Stripe.BalanceTransaction[];
  readonly disputes: Map<string, Stripe.Dispute>;
  readonly payouts: Map<string, Stripe.Payout>;
  /** By balance transaction, what it was paid out by. */
  readonly paidOut: Map<string, string>;
  readonly movements: Movement[];
  readonly events: Stripe.Event[];
  /** Balance transactions are made later. */
  isLate: boolean;
  /** How refunds end. */
  refundStatus: "succeeded" | "pending";
  challengeBase: string;
  now(): number;
}

export function newBank(now: () => number): Bank {
  return {
    intents: new Map(),
    charges: new Map(),
    refunds: new Map(),
    lines: [],
    disputes: new Map(),
    payouts: new Map(),
    paidOut: new Map(),
    movements: [],
    events: [],
    isLate: false,
    refundStatus: "succeeded",
    challengeBase: "",
    now,
  };
}

export const secondsOf = (bank: Bank): number => Math.floor(bank.now() / 1_000);

export function tell(bank: Bank, type: Stripe.Event["type"], object: object): void {
  bank.events.push(newEvent(type, object, secondsOf(bank)));
}

function book(bank: Bank, movement: Omit<Movement, "at">): void {
  bank.movements.push({ ...movement, at: bank.now() });
}

export function getIntent(bank: Bank, id: string): Stripe.PaymentIntent {
  const intent = bank.intents.get(id);
  if (!intent) throw invalid(`No such payment_intent: '${id}'`, "resource_missing", 404);
  return intent;
}

export function createIntent(bank: Bank, params: Params): Stripe.PaymentIntent {
  const { amount, currency } = params as { amount: number; currency: string };
  checkAmount(amount, currency);
  const paymentMethod = (params["payment_method"] as string | undefined) ?? null;
  if (paymentMethod !== null && !CARDS.has(paymentMethod)) {
    throw invalid(`No such PaymentMethod: '${paymentMethod}'`, "resource_missing");
  }
  const intent = newIntent({
    amount,
    currency,
    isManual: params["capture_method"] === "manual",
    metadata: { ...(params["metadata"] as Record<string, string>) },
    paymentMethod,
    created: secondsOf(bank),
  });
  bank.intents.set(intent.id, intent);
  return intent;
}

const WHOLE_HUNDREDS = new Set(["isk", "ugx"]);
const THREE_DECIMALS = new Set(["bhd", "jod", "kwd", "omr", "tnd"]);

function checkAmount(amount: number, currency: string): void {
  if (!Number.isInteger(amount)) throw invalid("Invalid integer", "parameter_invalid_integer");
  if (amount > AMOUNT_MAX) throw invalid("Amount must be no more than", "amount_too_large");
  if (amount < AMOUNT_MIN && currency === "usd") throw invalid("too small", "amount_too_small");
  const step = WHOLE_HUNDREDS.has(currency) ? 100 : THREE_DECIMALS.has(currency) ? 10 : 1;
  if (amount % step !== 0) throw invalid("The amount is no whole one in this currency.");
}

export function confirmIntent(
  bank: Bank,
  intent: Stripe.PaymentIntent,
  params: Params,
  key: string | null,
): void {
  if (!["requires_confirmation", "requires_payment_method"].includes(intent.status)) {
    throw unexpectedState(intent.status);
  }
  const name = (params["payment_method"] ?? intent.payment_method) as string | null;
  const card = name === null ? undefined : CARDS.get(name);
  if (!card) throw invalid("There is no payment method.", "payment_intent_unexpected_state");
  intent.payment_method = name;
  intent.last_payment_error = null;
  switch (card.kind) {
    case "approves":
      return succeed(bank, intent, key);
    case "processes":
      intent.status = "processing";
      return tell(bank, "payment_intent.processing", intent);
    case "challenges":
      if (params["error_on_requires_action"] === true) {
        return decline(bank, intent, {
          type: "card_error",
          code: "authentication_required",
          decline_code: "authentication_required",
          message: "This payment required an authentication action to complete.",
        });
      }
      intent.status = "requires_action";
      intent.next_action = {
        type: "redirect_to_url",
        redirect_to_url: {
          return_url: (params["return_url"] as string | undefined) ?? null,
          url: `${bank.challengeBase}/3ds/${intent.id}`,
        },
      };
      return tell(bank, "payment_intent.requires_action", intent);
    case "declines":
      return decline(bank, intent, card.error);
  }
}

function decline(bank: Bank, intent: Stripe.PaymentIntent, error: ErrorBody): never {
  failIntent(bank, intent, error);
  throw new StripeRefusal(402, error);
}

export function failIntent(bank: Bank, intent: Stripe.PaymentIntent, error: ErrorBody): void {
  intent.status = "requires_payment_method";
  intent.payment_method = null;
  intent.next_action = null;
  intent.last_payment_error = error;
  tell(bank, "payment_intent.payment_failed", intent);
}

/** The card has said yes. */
export function succeed(bank: Bank, intent: Stripe.PaymentIntent, key: string | null): void {
  const charge = newCharge(intent, secondsOf(bank));
  bank.charges.set(charge.id, charge);
  intent.latest_charge = charge.id;
  intent.next_action = null;
  const { id, amount, currency } = intent;
  if (intent.capture_method === "manual") {
    intent.status = "requires_capture";
    intent.amount_capturable = amount;
    book(bank, { intent: id, key, kind: "authorize", amount, currency });
    return tell(bank, "payment_intent.amount_capturable_updated", intent);
  }
  intent.status = "succeeded";
  receive(bank, { intent, charge, amount, key });
  tell(bank, "payment_intent.succeeded", intent);
}

function receive(
  bank: Bank,
  moved: {
    readonly intent: Stripe.PaymentIntent;
    readonly charge: Stripe.Charge;
    readonly amount: number;
    readonly key: string | null;
  },
): void {
  const { intent, charge, amount, key } = moved;
  intent.amount_received += amount;
  charge.amount_captured += amount;
  charge.captured = true;
  const { id, currency } = intent;
  book(bank, { intent: id, key, kind: "capture", amount, currency });
  if (!bank.isLate) writeLine(bank, charge, amount);
}

/** In its balance; with `isLate`, whenever a test says so. */
export function writeLine(bank: Bank, charge: Stripe.Charge, amount: number): void {
  const fee = Math.round(amount * 0.029) + 30;
  const { currency, id: source } = charge;
  const created = secondsOf(bank);
  const line = newBalanceTransaction({ type: "charge", amount, fee, currency, source, created });
  bank.lines.push(line);
  charge.balance_transaction = line.id;
  tell(bank, "charge.updated", charge);
}

export function captureIntent(
  bank: Bank,
  intent: Stripe.PaymentIntent,
  params: Params,
  key: string | null,
): void {
  if (intent.status !== "requires_capture") throw unexpectedState(intent.status);
  const capturable = intent.amount_capturable;
  const amount = (params["amount_to_capture"] as number | undefined) ?? capturable;
  const isFinal = params["final_capture"] !== false;
  if (amount > capturable) throw invalid("The amount is above the capturable.", "amount_too_large");
  if (amount === 0 && intent.amount_received === 0) throw invalid("Nothing to capture.");
  if (!isFinal && amount === capturable) throw invalid("It would be the final capture.");
  const charge = bank.charges.get(idOf(intent.latest_charge));
  if (!charge) throw new Error("an authorisation without a charge");
  Object.assign(intent.metadata, params["metadata"]);
  if (amount > 0) receive(bank, { intent, charge, amount, key });
  const left = capturable - amount;
  intent.amount_capturable = isFinal ? 0 : left;
  if (!isFinal) return tell(bank, "payment_intent.amount_capturable_updated", intent);
  const { id, currency } = intent;
  if (amount === 0) {
    book(bank, { intent: id, key, kind: "void", amount: left, currency });
  }
  intent.status = "succeeded";
  tell(bank, "payment_intent.succeeded", intent);
}

export function cancelIntent(bank: Bank, intent: Stripe.PaymentIntent, key: string | null): void {
  if (["succeeded", "canceled", "processing"].includes(intent.status)) {
    throw unexpectedState(intent.status);
  }
  const { id, currency, amount_capturable: amount } = intent;
  if (amount > 0) book(bank, { intent: id, key, kind: "void", amount, currency });
  intent.status = "canceled";
  intent.amount_capturable = 0;
  intent.next_action = null;
  intent.canceled_at = secondsOf(bank);
  tell(bank, "payment_intent.canceled", intent);
}

export function createRefund(bank: Bank, params: Params, key: string | null): Stripe.Refund {
  const intent = getIntent(bank, String(params["payment_intent"]));
  const charge = bank.charges.get(idOf(intent.latest_charge));
  if (!charge || charge.amount_captured === 0) throw invalid("There is no successful charge.");
  if (charge.disputed) throw invalid("It is charged back.", "charge_disputed");
  const left = charge.amount_captured - charge.amount_refunded;
  if (left === 0) throw invalid("It is refunded.", "charge_already_refunded");
  const amount = (params["amount"] as number | undefined) ?? left;
  if (amount > left) throw invalid("The amount is greater than what is unrefunded.");
  const metadata = { ...(params["metadata"] as Record<string, string>) };
  const created = secondsOf(bank);
  const refund = newRefund({ intent, charge: charge.id, amount, metadata, created });
  refund.status = bank.refundStatus;
  bank.refunds.set(refund.id, refund);
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount_captured;
  const { currency, id } = intent;
  book(bank, { intent: id, key, kind: "refund", amount, currency, refund: refund.id });
  const line = { type: "refund", amount: -amount, fee: 0, currency, source: refund.id } as const;
  bank.lines.push(newBalanceTransaction({ ...line, created }));
  tell(bank, "refund.created", refund);
  return refund;
}

/** The card's bank did not take it: the money is back. */
export function failRefund(bank: Bank, refund: Stripe.Refund): void {
  const charge = bank.charges.get(idOf(refund.charge));
  if (!charge) throw new Error("a refund without a charge");
  refund.status = "failed";
  refund.failure_reason = "lost_or_stolen_card";
  charge.amount_refunded -= refund.amount;
  charge.refunded = false;
  const { amount, currency, payment_intent: intent } = refund;
  const asked = bank.movements.find((movement) => movement.refund === refund.id);
  const key = asked?.key ?? null;
  const about = { intent: idOf(intent), key, amount, currency, refund: refund.id };
  book(bank, { ...about, kind: "refund_failure" });
  const line = { type: "refund_failure", amount, fee: 0, currency, source: refund.id } as const;
  bank.lines.push(newBalanceTransaction({ ...line, created: secondsOf(bank) }));
  tell(bank, "refund.failed", refund);
}

export function openDispute(bank: Bank, charge: Stripe.Charge): Stripe.Dispute {
  const created = secondsOf(bank);
  const { currency, amount_captured: amount } = charge;
  const source = newId("du");
  const line = { type: "adjustment", amount: -amount, fee: 1_500, currency, source } as const;
  const withdrawal = newBalanceTransaction({ ...line, created });
  const dispute = newDispute(charge, withdrawal, created);
  charge.disputed = true;
  bank.lines.push(withdrawal);
  bank.disputes.set(dispute.id, dispute);
  tell(bank, "charge.dispute.created", dispute);
  tell(bank, "charge.dispute.funds_withdrawn", dispute);
  return dispute;
}

/** Decided by the card's bank: what was withdrawn comes back where it is won. */
export function closeDispute(bank: Bank, dispute: Stripe.Dispute, status: "won" | "lost"): void {
  const created = secondsOf(bank);
  dispute.status = status;
  if (status === "won") {
    const { currency, amount } = dispute;
    const source = idOf(dispute.charge);
    const line = { type: "adjustment", amount, fee: 0, currency, source } as const;
    const returned = newBalanceTransaction({ ...line, created });
    bank.lines.push(returned);
    dispute.balance_transactions.push(returned);
    tell(bank, "charge.dispute.funds_reinstated", dispute);
  }
  tell(bank, "charge.dispute.closed", dispute);
}
