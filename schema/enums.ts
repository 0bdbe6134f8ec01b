import { registerEnumType } from "type-graphql";
import type { FailureCode } from "../src/failures";
import type { AccountKind } from "../src/ledger/accounts";
import type * as entries from "../src/ledger/entry-store";
import type {
  AttemptOperation as AttemptOperationName,
  AttemptStatus as AttemptStatusName,
  Resolution as ResolutionName,
} from "../src/payments/attempt";
import type { ErasureStatus as ErasureStatusName } from "../src/erasure/erasure";
import type { IntentAction as ActionName } from "../src/payments/intent-actions";
import type * as intents from "../src/payments/payment-intent";
import type * as processors from "../src/processors/processor";
import type {
  DeliveryStatus as DeliveryStatusName,
  EndpointStatus as EndpointStatusName,
} from "../src/webhooks/delivery";
import { OPEN, enumOf } from "./enum-of";

export const ErrorCode = enumOf<FailureCode>(
  "ErrorCode",
  "Why a request failed: the value of `extensions.code` in every error. The list is closed, and additions to it are announced.",
  {
    BAD_USER_INPUT:
      "The input is malformed or out of range. `details.field` is its path, for example `input.metadata.order`, or null when no single input is at fault. Nothing was stored, and the idempotency key remains unused.",
    UNAUTHENTICATED: "The API key is missing, unknown, expired or revoked.",
    FORBIDDEN: "The API key is not permitted to do this.",
    NOT_FOUND: "This merchant has no such object.",
    IDEMPOTENCY_KEY_IN_USE:
      "The first request with this idempotency key is still executing. Repeat the request later.",
    INVALID_STATE:
      "The object's state does not allow this. The details name the state and what it does allow.",
    IDEMPOTENCY_KEY_REUSED:
      "This idempotency key was already used for the same operation with a different input.",
    DUPLICATE_REFERENCE:
      "Another payment intent holds this merchant reference. `details.id` is its id: go on with that one.",
    AMOUNT_TOO_LARGE: "The amount exceeds what remains. The details say how much remains.",
    RATE_LIMITED: "The API key has exceeded its rate limit. Repeat the request later.",
    UNAVAILABLE:
      "Part of the service is unavailable. Repeat the request later with the same idempotency key.",
    INTERNAL:
      "An unexpected error, logged under the request's id. Repeat the request with the same idempotency key.",
  },
);

export const PaymentIntentStatus = enumOf<intents.PaymentIntentStatus>(
  "PaymentIntentStatus",
  `The status of a payment intent. ${OPEN}`,
  {
    REQUIRES_PAYMENT_METHOD:
      "The payment has no card yet, or the last one was declined and another confirmation may succeed.",
    REQUIRES_CONFIRMATION: "The payment has a card but has not been confirmed.",
    REQUIRES_ACTION: "The shopper must authenticate; see `nextAction`.",
    PROCESSING:
      "An operation is in progress at the processor, and its answer decides what happens next.",
    REQUIRES_CAPTURE: "The amount is authorised, and all or part of it can be captured.",
    SUCCEEDED: "The money has been captured. Refunds change the amounts but not the status.",
    FAILED: "The payment was declined and cannot be retried, or no attempts are left.",
    CANCELED: "The payment was canceled before any money was captured.",
  },
);

export const AttemptStatus = enumOf<AttemptStatusName>(
  "AttemptStatus",
  `The status of an attempt at a processor. ${OPEN}`,
  {
    QUEUED: "The attempt has not been sent yet.",
    SENT: "A worker has sent the attempt to the processor, or crashed while sending it.",
    UNKNOWN:
      "The attempt was sent, but no answer proves its outcome yet. The processor is asked repeatedly until one does.",
    REQUIRES_ACTION: "The shopper must authenticate before the operation can continue.",
    SUCCEEDED: "The processor carried out the operation.",
    DECLINED: "The processor declined the operation.",
    ABANDONED: "The attempt is proven to have moved no money, and can no longer move any.",
  },
);

export const DeclineAdvice = enumOf<processors.DeclineAdvice>(
  "DeclineAdvice",
  `What may be done about a declined card. ${OPEN}`,
  {
    TRY_AGAIN_LATER: "The same card may be accepted later.",
    CONFIRM_CARD_DATA: "The card's data may be wrong: check them, or use another card.",
    TRY_ANOTHER_CARD: "Use another card. It may be tried on the same payment.",
    DO_NOT_TRY_AGAIN: "The card will never be accepted, and the payment has ended.",
  },
);

/** The domain, and with it the database and the processors, writes these in lower case. */
export const AttemptOperation = {
  CHARGE: "charge",
  AUTHORIZE: "authorize",
  CAPTURE: "capture",
  REFUND: "refund",
  VOID: "void",
  REVERSE: "reverse",
  COMPENSATE: "compensate",
} as const satisfies Record<Uppercase<AttemptOperationName>, AttemptOperationName>;
registerEnumType(AttemptOperation, {
  name: "AttemptOperation",
  description: `What a processor was asked to do. ${OPEN}`,
  valuesConfig: {
    CHARGE: { description: "Authorise and capture the money in one step." },
    AUTHORIZE: { description: "Hold the money on the card." },
    CAPTURE: { description: "Capture money that is held on the card." },
    REFUND: { description: "Return captured money." },
    VOID: { description: "Release the hold on the card." },
    REVERSE: {
      description: "Undo whatever another attempt has moved, is holding or may yet move.",
    },
    COMPENSATE: {
      description: "Return the money moved by an attempt that had been treated as failed.",
    },
  },
});

export const CaptureMethod = enumOf<"AUTOMATIC" | "MANUAL">(
  "CaptureMethod",
  "When the money for a payment intent is captured.",
  {
    AUTOMATIC: "Together with the authorisation, in one step.",
    MANUAL: "Later, when capturePaymentIntent is called.",
  },
);

export const AuthorizationExpiryPolicy = enumOf<intents.AuthorizationExpiryPolicy>(
  "AuthorizationExpiryPolicy",
  "What happens shortly before an authorisation expires, beside the event authorization.expiring.",
  {
    CAPTURE: "Everything that has not been captured is captured.",
    VOID: "What has not been captured is released. If nothing was captured, the payment is canceled.",
    NOTIFY: "Nothing more. The authorisation expires unless it is captured or canceled.",
  },
);

/*
 * What a caller may give as a reason and what is shown as one are two enums each. The shown one keeps the plain name,
 * and the service may add reasons of its own to it, which nobody may then send; the other one ends in Input, like
 * everything else that only occurs in inputs.
 */
const CANCELLATION_REASONS: Readonly<Record<intents.CancellationReason, string>> = {
  ABANDONED: "The shopper abandoned the payment.",
  DUPLICATE: "The payment duplicates another one.",
  FRAUDULENT: "The payment is believed to be fraudulent.",
  REQUESTED_BY_CUSTOMER: "The customer requested it.",
};

export const CancellationReason = enumOf<
  intents.CancellationReason | typeof intents.AUTHORIZATION_EXPIRED
>("CancellationReason", `Why a payment intent was canceled. ${OPEN}`, {
  ...CANCELLATION_REASONS,
  AUTHORIZATION_EXPIRED:
    "The authorisation expired, or was voided shortly before, as its policy asks.",
});

export const CancellationReasonInput = enumOf<intents.CancellationReason>(
  "CancellationReasonInput",
  "The caller's reason for canceling a payment intent.",
  CANCELLATION_REASONS,
);

const REFUND_REASONS: Readonly<Record<intents.RefundReason, string>> = {
  DUPLICATE: "The payment duplicates another one.",
  FRAUDULENT: "The payment is believed to be fraudulent.",
  REQUESTED_BY_CUSTOMER: "The customer requested it.",
};

export const RefundReason = enumOf<intents.RefundReason>(
  "RefundReason",
  `Why money was refunded. ${OPEN}`,
  REFUND_REASONS,
);

export const RefundReasonInput = enumOf<intents.RefundReason>(
  "RefundReasonInput",
  "The caller's reason for a refund.",
  REFUND_REASONS,
);

export const CaptureStatus = enumOf<intents.CaptureStatus>(
  "CaptureStatus",
  `The status of a capture. ${OPEN}`,
  {
    PENDING: "The capture is in progress, and its amount is reserved.",
    SUCCEEDED: "The money has been captured.",
    FAILED: "Nothing was captured, and the amount may be captured again.",
  },
);

export const RefundStatus = enumOf<intents.RefundStatus>(
  "RefundStatus",
  `The status of a refund. ${OPEN}`,
  {
    PENDING: "The refund is in progress, and its amount is reserved.",
    SUCCEEDED: "The processor has accepted the refund.",
    FAILED: "Nothing was refunded, and the amount may be refunded again.",
    REVERSED:
      "The refund had succeeded, but the money came back, for example because the card's account is closed. The amount may be refunded again.",
  },
);

export const IntentAction = enumOf<ActionName>(
  "IntentAction",
  `An action that can be requested on a payment intent. ${OPEN}`,
  {
    CONFIRM: "Confirm the payment with confirmPaymentIntent.",
    CAPTURE: "Capture the authorised amount with capturePaymentIntent.",
    CANCEL: "Cancel the payment with cancelPaymentIntent.",
    REFUND: "Refund the captured amount with refundPaymentIntent.",
    UPDATE: "Change the payment with updatePaymentIntent.",
  },
);

export const NextActionType = enumOf<"REDIRECT">(
  "NextActionType",
  `What the shopper must do next. ${OPEN}`,
  { REDIRECT: "Open redirectUrl and authenticate there; see RedirectToUrl." },
);

export const IdempotencyStatus = enumOf<"EXECUTED" | "REPLAYED">(
  "IdempotencyStatus",
  "Whether a request was the first with its idempotency key.",
  {
    EXECUTED: "This was the first request with the key, and it was executed.",
    REPLAYED: "The key was already known, and this is the original result.",
  },
);

export const OperationStatus = enumOf<"NOT_SEEN" | "IN_PROGRESS" | "SUCCEEDED" | "FAILED">(
  "OperationStatus",
  "What is known about an operation and its idempotency key.",
  {
    NOT_SEEN: "No request with this key has been committed, and none is executing.",
    IN_PROGRESS: "A request with this key is executing now.",
    SUCCEEDED: "The operation was executed, and there is a result.",
    FAILED: "The operation was refused, and the error is stored under the key.",
  },
);

export const LedgerAccountKind = enumOf<AccountKind>(
  "LedgerAccountKind",
  `What a ledger account records. Every merchant has one account of each kind in each currency that it uses. ${OPEN}`,
  {
    PROCESSOR_RECEIVABLE:
      "An asset: what the processor has captured but not yet paid out, minus refunds, lost disputes and fees.",
    MERCHANT_BALANCE:
      "A liability: what shoppers have paid the merchant, minus refunds, what is disputed and what is paid out.",
    PROCESSING_FEES: "An expense: the fees that the processor keeps.",
    DISPUTES:
      "A liability: what shoppers' banks have taken back, until it is decided whether the merchant gets it again.",
    PAYOUTS:
      "A liability: what the processor has sent to the merchant's bank, until it has arrived or failed.",
    SUSPENSE:
      "A liability: money that moved although no payment called for it, until it is returned. Pending: what attempts whose outcome is unknown may have moved, refunds being negative.",
  },
);

export const JournalSource = enumOf<entries.JournalSource>(
  "JournalSource",
  `What caused a journal to be posted. ${OPEN}`,
  {
    ATTEMPT: "The outcome of an attempt at a processor.",
    DISPUTE: "A dispute that was opened or decided.",
    PAYOUT: "A payout that was sent, has arrived or has failed.",
    RECONCILIATION_BREAK: "A break whose correction was approved.",
  },
);

export const PostingSide = enumOf<"DEBIT" | "CREDIT">(
  "PostingSide",
  "The side of an account that a posting is made on.",
  {
    DEBIT: "The account is debited.",
    CREDIT: "The account is credited.",
  },
);

export const DeliveryStatus = enumOf<DeliveryStatusName>(
  "DeliveryStatus",
  `The status of the delivery of one event to one endpoint. ${OPEN}`,
  {
    SCHEDULED: "Delivery has not been attempted yet.",
    IN_FLIGHT: "A worker is sending the event.",
    SUCCEEDED: "The endpoint answered with a 2xx status.",
    RETRYING: "The last attempt failed, and another one is scheduled.",
    PAUSED: "The delivery is held back because its endpoint is disabled.",
    DEAD: "All attempts failed, and no more are scheduled: the delivery is a dead letter.",
    DISCARDED: "Somebody decided that the event will not be delivered.",
  },
);

export const EndpointStatus = enumOf<EndpointStatusName>(
  "WebhookEndpointStatus",
  `Whether events are delivered to an endpoint. ${OPEN}`,
  {
    PENDING:
      "The endpoint has yet to echo a challenge. Until then it is sent nothing else, and its deliveries are held back.",
    ENABLED: "Events are delivered to the endpoint.",
    DISABLED: "Nothing is sent to the endpoint, and its deliveries are held back.",
    DELETED: "The endpoint was deleted. Only the answer to the deletion, and its repeats, show it.",
  },
);

export const Resolution = enumOf<ResolutionName>(
  "UnknownAttemptResolution",
  "What an operator found out about an attempt whose outcome was unknown.",
  {
    SUCCEEDED: "The processor carried out the operation in full.",
    FAILED: "The processor did not carry out the operation, and no money moved.",
  },
);

export const ErasureStatus = enumOf<ErasureStatusName>(
  "ErasureStatus",
  `The status of an erasure. ${OPEN}`,
  {
    RUNNING:
      "Payments are still to be erased, or what was recorded or is remembered about them elsewhere is still to be cleaned up.",
    FINISHED:
      "No payment that was created before the request shows anything of the customer any more.",
  },
);
