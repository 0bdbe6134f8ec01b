// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.

/** What a processor was asked to do. */
export type AttemptOperation =
  "AUTHORIZE" | "CAPTURE" | "CHARGE" | "COMPENSATE" | "REFUND" | "REVERSE" | "VOID";

/** Where one try at a processor stands. */
export type AttemptStatus =
  "ABANDONED" | "DECLINED" | "QUEUED" | "REQUIRES_ACTION" | "SENT" | "SUCCEEDED" | "UNKNOWN";

/** Why a payment intent was canceled. */
export type CancellationReason = "ABANDONED" | "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** When the money of a payment intent is taken. */
export type CaptureMethod = "AUTOMATIC" | "MANUAL";

/** Where one event on its way to one endpoint stands. */
export type DeliveryStatus =
  "DEAD" | "DISCARDED" | "IN_FLIGHT" | "PAUSED" | "RETRYING" | "SCHEDULED" | "SUCCEEDED";

/** Why a request failed: `extensions.code` of every error. The list is closed; adding to it is announced. */
export type ErrorCode =
  | "AMOUNT_TOO_LARGE"
  | "BAD_USER_INPUT"
  | "FORBIDDEN"
  | "IDEMPOTENCY_KEY_IN_USE"
  | "IDEMPOTENCY_KEY_REUSED"
  | "INTERNAL"
  | "INVALID_STATE"
  | "NOT_FOUND"
  | "RATE_LIMITED"
  | "UNAUTHENTICATED"
  | "UNAVAILABLE";

/** Whether a request was the first with its key. */
export type IdempotencyStatus = "EXECUTED" | "REPLAYED";

/** What may be asked of a payment intent now. */
export type IntentAction = "CANCEL" | "CAPTURE" | "CONFIRM" | "REFUND";

/** What a ledger account holds. Every merchant has one of each kind in each currency that it uses. */
export type LedgerAccountKind =
  "MERCHANT_BALANCE" | "PROCESSING_FEES" | "PROCESSOR_RECEIVABLE" | "SUSPENSE";

/** Where a capture or a refund stands. */
export type MovementStatus = "FAILED" | "PENDING" | "SUCCEEDED";

/** What the shopper must do next. */
export type NextActionType = "REDIRECT";

/** What is known about an operation and its idempotency key. */
export type OperationStatus = "FAILED" | "IN_PROGRESS" | "NOT_SEEN" | "SUCCEEDED";

/** Where a payment intent stands. */
export type PaymentIntentStatus =
  | "CANCELED"
  | "FAILED"
  | "PROCESSING"
  | "REQUIRES_ACTION"
  | "REQUIRES_CAPTURE"
  | "REQUIRES_CONFIRMATION"
  | "REQUIRES_PAYMENT_METHOD"
  | "SUCCEEDED";

/** The side of an account. */
export type PostingSide = "CREDIT" | "DEBIT";

/** Why money is refunded. */
export type RefundReason = "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** What an operator found out about an attempt whose outcome was unknown. */
export type UnknownAttemptResolution = "FAILED" | "SUCCEEDED";

/** Whether an endpoint gets deliveries. */
export type WebhookEndpointStatus = "DISABLED" | "ENABLED";
