import type { StoredFailure } from "../failures";
import type { DeclineAdvice } from "../processors/processor";

/**
 * A payment intent is what a merchant wants: an amount of money, once. Its statuses:
 *
 * - REQUIRES_PAYMENT_METHOD: no card yet, or the last one had a soft decline.
 * - REQUIRES_CONFIRMATION: there is a card, but nobody has confirmed the payment.
 * - PROCESSING: an operation is in progress at the processor; its answer decides.
 * - REQUIRES_ACTION: the shopper must authenticate (3-D Secure).
 * - REQUIRES_CAPTURE: authorised, and (part of) it may be captured.
 * - SUCCEEDED: captured. Refunds change amounts, not the status.
 * - FAILED: declined for good, or no attempts are left.
 * - CANCELED: ended before any money was captured.
 */
export const PAYMENT_INTENT_STATUSES = [
  "REQUIRES_PAYMENT_METHOD",
  "REQUIRES_CONFIRMATION",
  "REQUIRES_ACTION",
  "PROCESSING",
  "REQUIRES_CAPTURE",
  "SUCCEEDED",
  "FAILED",
  "CANCELED",
] as const;

export type PaymentIntentStatus = (typeof PAYMENT_INTENT_STATUSES)[number];

/** The legal edges; the database enforces the same ones (payment_intent_may_move). */
export const TRANSITIONS: Readonly<Record<PaymentIntentStatus, readonly PaymentIntentStatus[]>> = {
  REQUIRES_PAYMENT_METHOD: ["PROCESSING", "CANCELED"],
  REQUIRES_CONFIRMATION: ["PROCESSING", "CANCELED"],
  PROCESSING: [
    "SUCCEEDED",
    "REQUIRES_CAPTURE",
    "REQUIRES_ACTION",
    "REQUIRES_PAYMENT_METHOD",
    "FAILED",
    "CANCELED",
  ],
  REQUIRES_ACTION: ["PROCESSING"],
  REQUIRES_CAPTURE: ["PROCESSING"],
  SUCCEEDED: [],
  FAILED: [],
  CANCELED: [],
};

export function isTerminal(status: PaymentIntentStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

export type CaptureMethod = "AUTOMATIC" | "MANUAL";

/** What a caller may give as its reason. */
export const CANCELLATION_REASONS = [
  "ABANDONED",
  "DUPLICATE",
  "FRAUDULENT",
  "REQUESTED_BY_CUSTOMER",
] as const;
export type CancellationReason = (typeof CANCELLATION_REASONS)[number];

export const REFUND_REASONS = ["DUPLICATE", "FRAUDULENT", "REQUESTED_BY_CUSTOMER"] as const;
export type RefundReason = (typeof REFUND_REASONS)[number];

export const METADATA_PAIRS_MAX = 50;

export interface PaymentError {
  readonly code: string;
  readonly declineCode: string | null;
  readonly message: string;
  readonly retryable: boolean;
  readonly attempt: string;
  /** Absent in what was stored before there was advice. */
  readonly adviceCode?: DeclineAdvice | null;
  readonly networkDeclineCode?: string | null;
}

export interface NextAction {
  readonly type: "REDIRECT";
  readonly redirectUrl: string;
  readonly expiresAt: string;
}

/** The public shape of an intent, as payment_intent_snapshot() makes it. Amounts in minor units. */
export interface PaymentIntent {
  readonly id: string;
  readonly object: "payment_intent";
  readonly status: PaymentIntentStatus;
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: CaptureMethod;
  readonly paymentMethod: string | null;
  readonly amountAuthorized: number;
  readonly amountCapturable: number;
  readonly amountCaptured: number;
  readonly amountRefunded: number;
  readonly amountRefundable: number;
  readonly description: string | null;
  readonly customer: string | null;
  readonly merchantReference: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lastPaymentError: PaymentError | null;
  readonly nextAction: NextAction | null;
  readonly cancellationReason: string | null;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When description, customer and metadata were erased; see src/erasure. */
  readonly personalDataErasedAt: string | null;
}

/** REVERSED: it had succeeded, and came back (the card's account is closed, say). */
export type RefundStatus = "PENDING" | "SUCCEEDED" | "FAILED" | "REVERSED";

export interface Refund {
  readonly id: string;
  readonly object: "refund";
  readonly paymentIntentId: string;
  readonly status: RefundStatus;
  readonly amount: number;
  readonly currency: string;
  readonly reason: RefundReason | null;
  /** Gone from events that are erased. */
  readonly note?: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly failureCode: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When the note and the metadata were erased. */
  readonly personalDataErasedAt: string | null;
}

export type CaptureStatus = "PENDING" | "SUCCEEDED" | "FAILED";

export interface Capture {
  readonly id: string;
  readonly object: "capture";
  readonly paymentIntentId: string;
  readonly status: CaptureStatus;
  readonly amount: number;
  readonly currency: string;
  readonly final: boolean;
  readonly failureCode: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const INTENT_ACTIONS = ["CONFIRM", "CAPTURE", "CANCEL", "REFUND", "UPDATE"] as const;
export type IntentAction = (typeof INTENT_ACTIONS)[number];

export interface ActionDecision {
  readonly action: IntentAction;
  readonly allowed: boolean;
  /** Why not, for people; null when it is allowed. */
  readonly because: string | null;
}

type Actionable = Pick<
  PaymentIntent,
  "status" | "amountCapturable" | "amountCaptured" | "amountRefundable"
>;

/** What forbids an action, given the intent's state. Amounts decide this, not extra states. */
const FORBIDDEN_BECAUSE: Readonly<Record<IntentAction, (intent: Actionable) => string | null>> = {
  CONFIRM: refuseOnceConfirmed,
  CAPTURE: ({ status }) => {
    if (status === "REQUIRES_CAPTURE") return null;
    if (status === "PROCESSING") return UNDER_WAY;
    return isTerminal(status) ? "Nothing is left to capture." : "Nothing has been authorised yet.";
  },
  CANCEL: ({ status, amountCaptured }) => {
    if (status === "PROCESSING") return UNDER_WAY;
    if (isTerminal(status)) return `The payment has ended: it is ${status}.`;
    return amountCaptured > 0 ? "Part of the amount has already been captured." : null;
  },
  REFUND: ({ status, amountCaptured, amountRefundable }) => {
    if (status === "PROCESSING") return UNDER_WAY;
    if (amountRefundable > 0) return null;
    return amountCaptured > 0
      ? "Everything captured has been refunded or is being refunded."
      : "Nothing has been captured.";
  },
  UPDATE: refuseOnceConfirmed,
};

function refuseOnceConfirmed({ status }: Actionable): string | null {
  if (status === "REQUIRES_PAYMENT_METHOD" || status === "REQUIRES_CONFIRMATION") return null;
  return isTerminal(status)
    ? `The payment has ended: it is ${status}.`
    : "The payment has already been confirmed.";
}

const UNDER_WAY = "An operation is in progress at the processor.";

/**
 * The only place that decides which actions an intent allows. `refuse` says why the caller may not ask for an action,
 * whatever the intent's state; null when it may.
 */
export function decideActions(
  intent: Actionable,
  refuse: (action: IntentAction) => string | null = () => null,
): ActionDecision[] {
  return INTENT_ACTIONS.map((action) => {
    const because = refuse(action) ?? FORBIDDEN_BECAUSE[action](intent);
    return { action, allowed: because === null, because };
  });
}

/** The names of the actions that the intent's state allows, as refusals list them. */
export function allowedActions(intent: Actionable): IntentAction[] {
  return decideActions(intent)
    .filter(({ allowed }) => allowed)
    .map(({ action }) => action);
}

export function invalidState(intent: PaymentIntent): StoredFailure {
  return {
    code: "INVALID_STATE",
    details: { id: intent.id, currentState: intent.status, allowedActions: allowedActions(intent) },
  };
}

export function amountTooLarge(id: string, remaining: number): StoredFailure {
  return { code: "AMOUNT_TOO_LARGE", details: { id, remaining } };
}

export function notFound(object: string, id: string): StoredFailure {
  return { code: "NOT_FOUND", details: { object, id } };
}
