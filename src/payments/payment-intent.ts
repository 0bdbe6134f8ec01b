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

/**
 * The legal edges, each with what moves an intent along it. This is their one source: the database refuses every other
 * (payment_intent_may_move; a test walks every pair), the audit checks what has happened by it, and the picture in
 * docs/states.md is printed from it.
 */
export const EDGES: Readonly<
  Record<PaymentIntentStatus, Readonly<Partial<Record<PaymentIntentStatus, string>>>>
> = {
  REQUIRES_PAYMENT_METHOD: { PROCESSING: "confirmed with a card", CANCELED: "canceled" },
  REQUIRES_CONFIRMATION: { PROCESSING: "confirmed", CANCELED: "canceled" },
  PROCESSING: {
    SUCCEEDED: "charged, or captured to the end",
    REQUIRES_CAPTURE: "authorised, captured in part, or not captured or voided after all",
    REQUIRES_ACTION: "3-D Secure is asked for",
    REQUIRES_PAYMENT_METHOD: "declined, and another try may succeed",
    FAILED: "declined for good, or no tries are left",
    CANCELED: "canceled: nothing was sent, or it was declined, voided or reversed",
  },
  REQUIRES_ACTION: {
    PROCESSING: "authenticated, or being canceled",
    REQUIRES_PAYMENT_METHOD: "not authenticated in time",
    FAILED: "not authenticated in time, and no tries are left",
  },
  REQUIRES_CAPTURE: {
    PROCESSING: "being captured or canceled",
    SUCCEEDED: "the authorisation expired after a part was captured",
    CANCELED: "the authorisation expired",
  },
  SUCCEEDED: {},
  FAILED: {},
  CANCELED: {},
};

function next(from: PaymentIntentStatus): PaymentIntentStatus[] {
  return PAYMENT_INTENT_STATUSES.filter((to) => EDGES[from][to] !== undefined);
}

/** The same, where only the next statuses are asked for. */
export const TRANSITIONS: Readonly<Record<PaymentIntentStatus, readonly PaymentIntentStatus[]>> = {
  REQUIRES_PAYMENT_METHOD: next("REQUIRES_PAYMENT_METHOD"),
  REQUIRES_CONFIRMATION: next("REQUIRES_CONFIRMATION"),
  REQUIRES_ACTION: next("REQUIRES_ACTION"),
  PROCESSING: next("PROCESSING"),
  REQUIRES_CAPTURE: next("REQUIRES_CAPTURE"),
  SUCCEEDED: next("SUCCEEDED"),
  FAILED: next("FAILED"),
  CANCELED: next("CANCELED"),
};

export function isTerminal(status: PaymentIntentStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

export type CaptureMethod = "AUTOMATIC" | "MANUAL";

/** What is done by itself when an authorisation is about to expire; see expire-authorizations.ts. */
export const AUTHORIZATION_EXPIRY_POLICIES = ["CAPTURE", "VOID", "NOTIFY"] as const;
export type AuthorizationExpiryPolicy = (typeof AUTHORIZATION_EXPIRY_POLICIES)[number];

/** What a caller may give as its reason. */
export const CANCELLATION_REASONS = [
  "ABANDONED",
  "DUPLICATE",
  "FRAUDULENT",
  "REQUESTED_BY_CUSTOMER",
] as const;
export type CancellationReason = (typeof CANCELLATION_REASONS)[number];

/** The service's own: the hold expired, or was given back shortly before, as the intent's policy wants it. */
export const AUTHORIZATION_EXPIRED = "AUTHORIZATION_EXPIRED";

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
  /** In disputes that are open or lost. */
  readonly amountDisputed: number;
  readonly description: string | null;
  readonly customer: string | null;
  readonly merchantReference: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lastPaymentError: PaymentError | null;
  readonly nextAction: NextAction | null;
  readonly cancellationReason: string | null;
  /** When a cancellation was accepted that the processor had to hear of, or to answer an attempt before; else null. */
  readonly cancellationRequestedAt: string | null;
  /** Null where nothing has been authorised, or the processor does not say. */
  readonly authorizationExpiresAt: string | null;
  /** When an authorisation ended with something of it uncaptured, which was released. */
  readonly authorizationExpiredAt: string | null;
  /** Null where nothing is ever held: captureMethod is AUTOMATIC. */
  readonly authorizationExpiryPolicy: AuthorizationExpiryPolicy | null;
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
