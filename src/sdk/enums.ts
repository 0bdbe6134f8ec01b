// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.

/** Who holds an API key. */
export type ApiKeyKind = "OPERATOR" | "PLATFORM" | "PUBLISHABLE" | "RESTRICTED" | "SECRET";

/** Whether an API key can be used. New values may be added. */
export type ApiKeyStatus = "ACTIVE" | "EXPIRED" | "REVOKED";

/** What a processor was asked to do. New values may be added. */
export type AttemptOperation =
  "AUTHORIZE" | "CAPTURE" | "CHARGE" | "COMPENSATE" | "REFUND" | "REVERSE" | "VOID";

/** The status of an attempt at a processor. New values may be added. */
export type AttemptStatus =
  "ABANDONED" | "DECLINED" | "QUEUED" | "REQUIRES_ACTION" | "SENT" | "SUCCEEDED" | "UNKNOWN";

/** The kind of thing that the audit log records. New values may be added. */
export type AuditAction =
  "ACCESS_REFUSED" | "API_KEY_USED" | "AUTHENTICATION_REFUSED" | "COMMAND" | "READ" | "WRITE";

/** The kind of caller that the audit log names. New values may be added. */
export type AuditActorKind =
  | "ANONYMOUS"
  | "COMMAND_LINE"
  | "OPERATOR"
  | "PLATFORM"
  | "PUBLISHABLE"
  | "RESTRICTED"
  | "SECRET"
  | "SYSTEM";

/** What became of something that the audit log records. New values may be added. */
export type AuditOutcome = "REFUSED" | "REPLAYED" | "SUCCEEDED";

/** What happens shortly before an authorisation expires, beside the event authorization.expiring. */
export type AuthorizationExpiryPolicy = "CAPTURE" | "NOTIFY" | "VOID";

/** Why a payment intent was canceled. New values may be added. */
export type CancellationReason =
  "ABANDONED" | "AUTHORIZATION_EXPIRED" | "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** The caller's reason for canceling a payment intent. */
export type CancellationReasonInput =
  "ABANDONED" | "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** When the money for a payment intent is captured. */
export type CaptureMethod = "AUTOMATIC" | "MANUAL";

/** The status of a capture. New values may be added. */
export type CaptureStatus = "FAILED" | "PENDING" | "SUCCEEDED";

/** Which dead letters to list, by whether they have been replayed. */
export type DeadLetterReplayState = "ANY" | "NOT_REPLAYED" | "REPLAYED";

/** What may be done about a declined card. New values may be added. */
export type DeclineAdvice =
  "CONFIRM_CARD_DATA" | "DO_NOT_TRY_AGAIN" | "TRY_AGAIN_LATER" | "TRY_ANOTHER_CARD";

/** The status of the delivery of one event to one endpoint. New values may be added. */
export type DeliveryStatus =
  "DEAD" | "DISCARDED" | "IN_FLIGHT" | "PAUSED" | "RETRYING" | "SCHEDULED" | "SUCCEEDED";

/** Why a shopper's bank disputes a payment. New values may be added. */
export type DisputeReason =
  | "CREDIT_NOT_PROCESSED"
  | "DUPLICATE"
  | "FRAUDULENT"
  | "GENERAL"
  | "PRODUCT_NOT_RECEIVED"
  | "PRODUCT_UNACCEPTABLE"
  | "SUBSCRIPTION_CANCELED"
  | "UNRECOGNIZED";

/** The status of a dispute, as the merchant sees it. New values may be added. */
export type DisputeStatus = "LOST" | "OPEN" | "WON";

/** The status of an erasure. New values may be added. */
export type ErasureStatus = "FINISHED" | "RUNNING";

/** Why a request failed: the value of `extensions.code` in every error. The list is closed, and additions to it are announced. */
export type ErrorCode =
  | "AMOUNT_TOO_LARGE"
  | "BAD_USER_INPUT"
  | "DUPLICATE_REFERENCE"
  | "FORBIDDEN"
  | "IDEMPOTENCY_KEY_IN_USE"
  | "IDEMPOTENCY_KEY_REUSED"
  | "INTERNAL"
  | "INVALID_STATE"
  | "NOT_FOUND"
  | "RATE_LIMITED"
  | "UNAUTHENTICATED"
  | "UNAVAILABLE";

/** Whether a request was the first with its idempotency key. */
export type IdempotencyStatus = "EXECUTED" | "REPLAYED";

/** An action that can be requested on a payment intent. New values may be added. */
export type IntentAction = "CANCEL" | "CAPTURE" | "CONFIRM" | "REFUND" | "UPDATE";

/** What caused a journal to be posted. New values may be added. */
export type JournalSource = "ATTEMPT" | "DISPUTE" | "PAYOUT" | "RECONCILIATION_BREAK";

/** What a ledger account records. Every merchant has one account of each kind in each currency that it uses. New values may be added. */
export type LedgerAccountKind =
  | "DISPUTES"
  | "MERCHANT_BALANCE"
  | "PAYOUTS"
  | "PROCESSING_FEES"
  | "PROCESSOR_RECEIVABLE"
  | "SUSPENSE";

/** Whether money really moves. */
export type Mode = "LIVE" | "TEST";

/** What the shopper must do next. New values may be added. */
export type NextActionType = "REDIRECT";

/** What is known about an operation and its idempotency key. */
export type OperationStatus = "FAILED" | "IN_PROGRESS" | "NOT_SEEN" | "SUCCEEDED";

/** The status of a payment intent. New values may be added. */
export type PaymentIntentStatus =
  | "CANCELED"
  | "FAILED"
  | "PROCESSING"
  | "REQUIRES_ACTION"
  | "REQUIRES_CAPTURE"
  | "REQUIRES_CONFIRMATION"
  | "REQUIRES_PAYMENT_METHOD"
  | "SUCCEEDED";

/** What a line of a payout is about. New values may be added. */
export type PayoutLineKind = "ADJUSTMENT" | "CHARGE" | "DISPUTE" | "FEE" | "REFUND";

/** The status of a payout. New values may be added. */
export type PayoutStatus = "FAILED" | "IN_TRANSIT" | "PAID";

/** The side of an account that a posting is made on. */
export type PostingSide = "CREDIT" | "DEBIT";

/** Whether a processor account gets new payments. New values may be added. */
export type ProcessorAccountStatus = "ACTIVE" | "DISABLED";

/** What to do about a break. */
export type ReconciliationBreakAction = "APPROVE_CORRECTION" | "DISMISS" | "EXPLAIN";

/** What differs. New values may be added. */
export type ReconciliationBreakKind =
  | "AMOUNT"
  | "CURRENCY"
  | "DUPLICATE"
  | "FEE"
  | "IMBALANCE"
  | "MISSING_HERE"
  | "MISSING_THERE"
  | "STATE"
  | "TIMING"
  | "UNCLEARED";

/** How a break was resolved. New values may be added. */
export type ReconciliationBreakResolution =
  "CLOSED_ITSELF" | "CORRECTED" | "DISMISSED" | "REVERSED";

/** What noticed a break. New values may be added. */
export type ReconciliationBreakSource = "LEDGER" | "PROCESSOR_LIST" | "SETTLEMENT_FILE";

/** How far a break has come. New values may be added. */
export type ReconciliationBreakStatus = "EXPLAINED" | "OPEN" | "RESOLVED";

/** Why the lines of a comparison could not be read. New values may be added. */
export type ReconciliationReportFailure =
  "CREDENTIALS_REFUSED" | "NOT_CONNECTED" | "NOT_READ" | "OTHER_ACCOUNT";

/** How far a comparison has come. New values may be added. */
export type ReconciliationReportStatus =
  "COMPARING" | "COMPLETED" | "LOADING" | "MISSING" | "PAYOUTS";

/** Why money was refunded. New values may be added. */
export type RefundReason = "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** The caller's reason for a refund. */
export type RefundReasonInput = "DUPLICATE" | "FRAUDULENT" | "REQUESTED_BY_CUSTOMER";

/** The status of a refund. New values may be added. */
export type RefundStatus = "FAILED" | "PENDING" | "REVERSED" | "SUCCEEDED";

/** How the last attempt to relay a message ended. New values may be added. */
export type RelayError = "DATABASE" | "OTHER" | "RELAY_DIED";

/** The status of a replay plan. New values may be added. */
export type ReplayPlanStatus = "CANCELED" | "FINISHED" | "PAUSED" | "READY" | "RUNNING";

/** What an operator found out about an attempt whose outcome was unknown. */
export type UnknownAttemptResolution = "FAILED" | "SUCCEEDED";

/** What becomes of the deliveries that were held back while an endpoint was disabled. What is not delivered is DISCARDED, and can be replayed. */
export type WebhookCatchUpInput = "ALL" | "FROM" | "NONE";

/** Whether events are delivered to an endpoint. New values may be added. */
export type WebhookEndpointStatus = "DELETED" | "DISABLED" | "ENABLED" | "PENDING";

/** Why a try of a delivery failed. New values may be added. */
export type WebhookErrorClass =
  | "BLOCKED"
  | "CLIENT_ERROR"
  | "CONNECTION"
  | "DNS"
  | "GONE"
  | "OTHER"
  | "PROTOCOL"
  | "REDIRECT"
  | "SERVER_ERROR"
  | "SIGNING"
  | "TIMEOUT"
  | "TLS";

/** What an event announces; the query eventTypes describes each type. New types may be added. */
export type EventType =
  | "payment_intent.created"
  | "payment_intent.updated"
  | "payment_intent.processing"
  | "payment_intent.requires_action"
  | "payment_intent.amount_capturable_updated"
  | "payment_intent.amount_disputed_updated"
  | "payment_intent.payment_failed"
  | "payment_intent.succeeded"
  | "payment_intent.canceled"
  | "authorization.expiring"
  | "capture.created"
  | "capture.succeeded"
  | "capture.failed"
  | "refund.created"
  | "refund.succeeded"
  | "refund.failed"
  | "dispute.created"
  | "dispute.won"
  | "dispute.lost"
  | "payout.created"
  | "payout.paid"
  | "payout.failed"
  | "reconciliation.break_found"
  | "reconciliation.break_explained"
  | "reconciliation.break_resolved"
  | "webhook_endpoint.failing"
  | "webhook_endpoint.disabled"
  | "webhook_endpoint.test";
