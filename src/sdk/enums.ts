// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.

/** What a processor was asked to do. New values may be added. */
export type AttemptOperation =
  "AUTHORIZE" | "CAPTURE" | "CHARGE" | "COMPENSATE" | "REFUND" | "REVERSE" | "VOID";

/** Where one try at a processor stands. New values may be added. */
export type AttemptStatus =
  "ABANDONED" | "DECLINED" | "QUEUED" | "REQUIRES_ACTION" | "SENT" | "SUCCEEDED" | "UNKNOWN";

/** Why a payment intent was canceled. New values may be added. */
export type CancellationReason = "ABANDONED" | "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** Why the caller cancels a payment intent. */
export type CancellationReasonInput =
  "ABANDONED" | "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** When the money of a payment intent is taken. */
export type CaptureMethod = "AUTOMATIC" | "MANUAL";

/** Where a capture stands. New values may be added. */
export type CaptureStatus = "FAILED" | "PENDING" | "SUCCEEDED";

/** Where one event on its way to one endpoint stands. New values may be added. */
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

/** What can be asked of a payment intent. New values may be added. */
export type IntentAction = "CANCEL" | "CAPTURE" | "CONFIRM" | "REFUND";

/** What kind of thing caused a journal. New values may be added. */
export type JournalSource = "ATTEMPT";

/** What a ledger account holds. Every merchant has one of each kind in each currency that it uses. New values may be added. */
export type LedgerAccountKind =
  "MERCHANT_BALANCE" | "PROCESSING_FEES" | "PROCESSOR_RECEIVABLE" | "SUSPENSE";

/** What the shopper must do next. New values may be added. */
export type NextActionType = "REDIRECT";

/** What is known about an operation and its idempotency key. */
export type OperationStatus = "FAILED" | "IN_PROGRESS" | "NOT_SEEN" | "SUCCEEDED";

/** Where a payment intent stands. New values may be added. */
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

/** Why money was refunded. New values may be added. */
export type RefundReason = "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** Why the caller refunds money. */
export type RefundReasonInput = "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** Where a refund stands. New values may be added. */
export type RefundStatus = "FAILED" | "PENDING" | "REVERSED" | "SUCCEEDED";

/** What an operator found out about an attempt whose outcome was unknown. */
export type UnknownAttemptResolution = "FAILED" | "SUCCEEDED";

/** Whether an endpoint gets deliveries. New values may be added. */
export type WebhookEndpointStatus = "DISABLED" | "ENABLED";

/** What an event announces; see eventTypes. New types may be added. */
export type EventType =
  | "payment_intent.created"
  | "payment_intent.processing"
  | "payment_intent.requires_action"
  | "payment_intent.amount_capturable_updated"
  | "payment_intent.payment_failed"
  | "payment_intent.succeeded"
  | "payment_intent.canceled"
  | "capture.created"
  | "capture.succeeded"
  | "capture.failed"
  | "refund.created"
  | "refund.succeeded"
  | "refund.failed";
