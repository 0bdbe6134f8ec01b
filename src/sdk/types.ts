// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.

/** Which payment to end. */
export interface CancelPaymentIntentInput {
  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** Why it is canceled. */
  readonly reason?: CancellationReason | null | undefined;
}

/** Why a payment intent was canceled. */
export type CancellationReason = "ABANDONED" | "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** When the money of a payment intent is taken. */
export type CaptureMethod = "AUTOMATIC" | "MANUAL";

/** How much of what was authorised to take. */
export interface CapturePaymentIntentInput {
  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** The amount to take, at least 1; all that may be captured when absent. */
  readonly amount?: number | null | undefined;

  /** Whether what this leaves of the authorisation is released. */
  readonly final?: boolean | null | undefined;
}

/** Which payment to make, and with what. */
export interface ConfirmPaymentIntentInput {
  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** A processor's token, in place of the intent's own. Card numbers are refused. */
  readonly paymentMethod?: string | null | undefined;

  /** Where the shopper comes back to after authenticating. */
  readonly returnUrl?: string | null | undefined;
}

/** What a merchant wants to be paid. */
export interface CreatePaymentIntentInput {
  /** The amount in the currency's minor unit, at least 1. */
  readonly amount: number;

  /** The amount's currency. */
  readonly currency: string;

  /** A processor's token, at most 255 characters. Card numbers are refused. */
  readonly paymentMethod?: string | null | undefined;

  /** When the money is taken. */
  readonly captureMethod?: CaptureMethod | null | undefined;

  /** What the payment is for, at most 1000 characters. */
  readonly description?: string | null | undefined;

  /** The merchant's name for the shopper, at most 255 characters. */
  readonly customer?: string | null | undefined;

  /** The merchant's own number of the payment, at most 255 characters. */
  readonly merchantReference?: string | null | undefined;

  /** The merchant's own pairs. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
}

/** Whether a request was the first with its key. */
export type IdempotencyStatus = "EXECUTED" | "REPLAYED";

/** What may be asked of a payment intent now. */
export type IntentAction = "CONFIRM" | "CAPTURE" | "CANCEL" | "REFUND";

/** Where a capture or a refund stands. */
export type MovementStatus = "PENDING" | "SUCCEEDED" | "FAILED";

/** What the shopper must do next. */
export type NextActionType = "REDIRECT";

/** Which payment intents to list: those that every given field holds for. */
export interface PaymentIntentFilter {
  /** In one of these statuses. */
  readonly status?: readonly PaymentIntentStatus[] | null | undefined;

  /** Of this customer. */
  readonly customer?: string | null | undefined;

  /** With this number of the merchant's. */
  readonly merchantReference?: string | null | undefined;

  /** Created at this moment or later. */
  readonly createdAfter?: string | null | undefined;

  /** Created before this moment. */
  readonly createdBefore?: string | null | undefined;
}

/** Where a payment intent stands. */
export type PaymentIntentStatus =
  | "REQUIRES_PAYMENT_METHOD"
  | "REQUIRES_CONFIRMATION"
  | "REQUIRES_ACTION"
  | "PROCESSING"
  | "REQUIRES_CAPTURE"
  | "SUCCEEDED"
  | "FAILED"
  | "CANCELED";

/** How much of what was captured to give back. */
export interface RefundPaymentIntentInput {
  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** The amount to give back, at least 1; all that may be refunded when absent. */
  readonly amount?: number | null | undefined;

  /** Why it is refunded. */
  readonly reason?: RefundReason | null | undefined;

  /** The merchant's own pairs. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
}

/** Why money is refunded. */
export type RefundReason = "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** What a merchant wants: so much money from one shopper, once. Its amounts are in the currency's minor unit. */
export interface PaymentIntent {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** Where the payment stands. */
  readonly status: PaymentIntentStatus;

  /** What the merchant wants. It never changes. */
  readonly amount: number;

  /** The currency of every amount of the intent. */
  readonly currency: string;

  /** When the money is taken. */
  readonly captureMethod: CaptureMethod;

  /** The processor's token of the card. */
  readonly paymentMethod: string | null;

  /** What the processor has authorised. */
  readonly amountAuthorized: number;

  /** What may be captured now. */
  readonly amountCapturable: number;

  /** What has been captured. */
  readonly amountCaptured: number;

  /** What has been refunded. */
  readonly amountRefunded: number;

  /** What may be refunded now. Refunds under way are already taken off. */
  readonly amountRefundable: number;

  /** What the payment is for. */
  readonly description: string | null;

  /** The merchant's name for the shopper. Hidden from publishable keys. */
  readonly customer: string | null;

  /** The merchant's own number of the payment. Hidden from publishable keys. */
  readonly merchantReference: string | null;

  /** The merchant's own pairs. Empty for publishable keys. */
  readonly metadata: Readonly<Record<string, string>>;

  /** The decline of the last attempt. Confirming again clears it. */
  readonly lastPaymentError: PaymentError | null;

  /** What the shopper must do next. */
  readonly nextAction: NextAction | null;

  /** Why the payment was canceled, when the caller said so. */
  readonly cancellationReason: CancellationReason | null;

  /** What may be asked of the intent now. */
  readonly allowedActions: readonly IntentAction[];

  /** What a browser needs, beside a publishable key, to confirm and watch this payment. Only secret keys see it. */
  readonly clientSecret: string | null;

  /** One more with every change: 1, 2, 3 without gaps. */
  readonly version: number;

  /** When the intent was created. */
  readonly createdAt: string;

  /** When the intent last changed. */
  readonly updatedAt: string;
}

/** The decline that sent a payment intent back. A decline is data, not an error. */
export interface PaymentError {
  /** What kind of error it was, for programs. */
  readonly code: string;

  /** The issuer's reason, when it gave one. */
  readonly declineCode: string | null;

  /** What happened, for people. */
  readonly message: string;

  /** Whether confirming again may succeed. */
  readonly retryable: boolean;
}

/** What the shopper must do before the payment can go on. */
export interface NextAction {
  /** The kind of action. */
  readonly type: NextActionType;

  /** Where to send the shopper. */
  readonly redirectUrl: string;

  /** When it is too late. */
  readonly expiresAt: string;
}

/** What the idempotency key decided about a mutation. */
export interface Idempotency {
  /** Whether this request was the first with its key. */
  readonly status: IdempotencyStatus;

  /** When the first request with this key was executed. */
  readonly firstSeenAt: string;
}

/** Captured money of a payment intent that is given back. */
export interface Refund {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** The payment intent that it belongs to. */
  readonly paymentIntentId: string;

  /** Where the refund stands. */
  readonly status: MovementStatus;

  /** The amount that is refunded. */
  readonly amount: number;

  /** The amount's currency. */
  readonly currency: string;

  /** Why it is refunded. */
  readonly reason: RefundReason | null;

  /** The merchant's own pairs. */
  readonly metadata: Readonly<Record<string, string>>;

  /** Why it failed. */
  readonly failureCode: string | null;

  /** When the refund was created. */
  readonly createdAt: string;

  /** When the refund last changed. */
  readonly updatedAt: string;
}

/** Where a page of a list lies in the whole of it. */
export interface PageInfo {
  /** Whether there is something after the page. */
  readonly hasNextPage: boolean;

  /** Whether there is something before the page. */
  readonly hasPreviousPage: boolean;

  /** The cursor of the page's first item. */
  readonly startCursor: string | null;

  /** The cursor of the page's last item: pass it as `after` to go on. */
  readonly endCursor: string | null;
}
