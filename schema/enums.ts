import { registerEnumType } from "type-graphql";
import type { FailureCode } from "../src/failures";
import type { AccountKind } from "../src/ledger/accounts";
import type * as entries from "../src/ledger/entry-store";
import type {
  AttemptOperation as AttemptOperationName,
  AttemptStatus as AttemptStatusName,
} from "../src/payments/attempt";
import type * as intents from "../src/payments/payment-intent";
import type { Resolution as ResolutionName } from "../src/payments/resolve-unknown-attempt";
import type { DeliveryStatus as DeliveryStatusName } from "../src/webhooks/delivery";

type Descriptions = Readonly<Record<string, string>>;

/** Said of every enum that occurs in answers: clients are written for values that they do not know yet. */
const OPEN = "New values may be added.";

/** The compiler holds the values to the domain's own unions: a new one must be described here before it is shown. */
function enumOf<Value extends string>(
  name: string,
  description: string,
  values: Readonly<Record<Value, string>>,
): Readonly<Record<Value, Value>> {
  const keys = Object.keys(values) as Value[];
  const enumeration = Object.fromEntries(keys.map((key) => [key, key])) as Record<Value, Value>;
  registerEnumType(enumeration, {
    name,
    description,
    valuesConfig: Object.fromEntries(
      keys.map((key) => [key, { description: (values as Descriptions)[key] ?? "" }]),
    ) as Record<Value, { description: string }>,
  });
  return enumeration;
}

export const ErrorCode = enumOf<FailureCode>(
  "ErrorCode",
  "Why a request failed: `extensions.code` of every error. The list is closed; adding to it is announced.",
  {
    BAD_USER_INPUT:
      "The input is malformed or out of range. `details.field` is its path, for example `input.metadata.order`, or null when no one input is at fault. Nothing was stored and the key is unused.",
    UNAUTHENTICATED: "There is no API key, or it is not a live one.",
    FORBIDDEN: "The API key may not do this.",
    NOT_FOUND: "This merchant has no such object.",
    IDEMPOTENCY_KEY_IN_USE: "The first request with this key is still executing. Repeat it later.",
    INVALID_STATE:
      "The object's state forbids this. The details name the state and what it allows.",
    IDEMPOTENCY_KEY_REUSED: "This key was used with another input of the same operation.",
    AMOUNT_TOO_LARGE: "The amount is above what is left. The details say how much that is.",
    RATE_LIMITED: "The key is over its budget. Repeat the request later.",
    UNAVAILABLE: "A part of the service is away. Repeat the request later with the same key.",
    INTERNAL: "A bug. It is logged with the request's id; repeat the request with the same key.",
  },
);

export const PaymentIntentStatus = enumOf<intents.PaymentIntentStatus>(
  "PaymentIntentStatus",
  `Where a payment intent stands. ${OPEN}`,
  {
    REQUIRES_PAYMENT_METHOD: "There is no card yet, or the last one was declined softly.",
    REQUIRES_CONFIRMATION: "A card is there, and nobody has confirmed the payment.",
    REQUIRES_ACTION: "The shopper must authenticate; see nextAction.",
    PROCESSING: "Something is under way at the processor, whose answer decides.",
    REQUIRES_CAPTURE: "The amount is authorised, and all or a part of it may be captured.",
    SUCCEEDED: "The money is captured. Refunds change amounts, not the status.",
    FAILED: "The payment was declined for good, or its attempts are used up.",
    CANCELED: "The payment ended before any money was captured.",
  },
);

export const AttemptStatus = enumOf<AttemptStatusName>(
  "AttemptStatus",
  `Where one try at a processor stands. ${OPEN}`,
  {
    QUEUED: "It has not been sent yet.",
    SENT: "A worker has sent it, or died while it did.",
    UNKNOWN:
      "It was sent, and no answer proves anything yet. It is looked up until there is evidence.",
    REQUIRES_ACTION: "The shopper must authenticate.",
    SUCCEEDED: "The processor did it.",
    DECLINED: "The processor declined it.",
    ABANDONED: "It is proven to have moved nothing, and cannot move anything any more.",
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
    CHARGE: { description: "Take the money at once." },
    AUTHORIZE: { description: "Hold the money on the card." },
    CAPTURE: { description: "Take money that is held." },
    REFUND: { description: "Give captured money back." },
    VOID: { description: "Release money that is held." },
    REVERSE: { description: "Undo whatever another attempt holds or may yet move." },
    COMPENSATE: {
      description: "Give back what an attempt moved that had been taken for failed.",
    },
  },
});

export const CaptureMethod = enumOf<"AUTOMATIC" | "MANUAL">(
  "CaptureMethod",
  "When the money of a payment intent is taken.",
  { AUTOMATIC: "Together with the authorisation.", MANUAL: "Later, by capturePaymentIntent." },
);

/*
 * What a caller may give as a reason and what is shown as one are two enums each. The shown one keeps the plain name,
 * and the service may add reasons of its own to it, which nobody may then send; the other one ends in Input, like
 * everything else that only occurs in inputs.
 */
const CANCELLATION_REASONS: Readonly<Record<intents.CancellationReason, string>> = {
  ABANDONED: "The shopper gave up.",
  DUPLICATE: "It repeats another payment.",
  FRAUDULENT: "It is believed to be fraud.",
  REQUESTED_BY_CUSTOMER: "The customer asked for it.",
};

export const CancellationReason = enumOf<intents.CancellationReason>(
  "CancellationReason",
  `Why a payment intent was canceled. ${OPEN}`,
  CANCELLATION_REASONS,
);

export const CancellationReasonInput = enumOf<intents.CancellationReason>(
  "CancellationReasonInput",
  "Why the caller cancels a payment intent.",
  CANCELLATION_REASONS,
);

const REFUND_REASONS: Readonly<Record<intents.RefundReason, string>> = {
  DUPLICATE: "The payment repeats another one.",
  FRAUDULENT: "The payment is believed to be fraud.",
  REQUESTED_BY_CUSTOMER: "The customer asked for it.",
};

export const RefundReason = enumOf<intents.RefundReason>(
  "RefundReason",
  `Why money was refunded. ${OPEN}`,
  REFUND_REASONS,
);

export const RefundReasonInput = enumOf<intents.RefundReason>(
  "RefundReasonInput",
  "Why the caller refunds money.",
  REFUND_REASONS,
);

export const CaptureStatus = enumOf<intents.CaptureStatus>(
  "CaptureStatus",
  `Where a capture stands. ${OPEN}`,
  {
    PENDING: "It is under way, and its amount is reserved.",
    SUCCEEDED: "The money has been captured.",
    FAILED: "Nothing was captured, and the amount is free again.",
  },
);

export const RefundStatus = enumOf<intents.RefundStatus>(
  "RefundStatus",
  `Where a refund stands. ${OPEN}`,
  {
    PENDING: "It is under way, and its amount is reserved.",
    SUCCEEDED: "The processor has accepted it.",
    FAILED: "Nothing was refunded, and the amount may be refunded again.",
    REVERSED:
      "It had succeeded and came back, because the card's account is closed, say. The amount may be refunded again.",
  },
);

export const IntentAction = enumOf<intents.IntentAction>(
  "IntentAction",
  `What can be asked of a payment intent. ${OPEN}`,
  {
    CONFIRM: "Confirm it: confirmPaymentIntent.",
    CAPTURE: "Capture what was authorised: capturePaymentIntent.",
    CANCEL: "Cancel it: cancelPaymentIntent.",
    REFUND: "Refund what was captured: refundPaymentIntent.",
  },
);

export const NextActionType = enumOf<"REDIRECT">(
  "NextActionType",
  `What the shopper must do next. ${OPEN}`,
  { REDIRECT: "Open redirectUrl and authenticate there: see RedirectToUrl." },
);

export const IdempotencyStatus = enumOf<"EXECUTED" | "REPLAYED">(
  "IdempotencyStatus",
  "Whether a request was the first with its key.",
  {
    EXECUTED: "It was the first, and was executed.",
    REPLAYED: "The key was known: this is the original result.",
  },
);

export const OperationStatus = enumOf<"NOT_SEEN" | "IN_PROGRESS" | "SUCCEEDED" | "FAILED">(
  "OperationStatus",
  "What is known about an operation and its idempotency key.",
  {
    NOT_SEEN: "No request with this key was committed, and none is executing.",
    IN_PROGRESS: "A request with this key is executing now.",
    SUCCEEDED: "It was executed, and there is a result.",
    FAILED: "It was refused, and the refusal is kept under the key.",
  },
);

export const LedgerAccountKind = enumOf<AccountKind>(
  "LedgerAccountKind",
  `What a ledger account holds. Every merchant has one of each kind in each currency that it uses. ${OPEN}`,
  {
    PROCESSOR_RECEIVABLE:
      "An asset: what the processor captured and has not paid out, less refunds and fees.",
    MERCHANT_BALANCE: "A liability: what shoppers paid the merchant, less refunds.",
    PROCESSING_FEES: "An expense: what the processor keeps for its work.",
    SUSPENSE:
      "A liability: money that moved although nothing asked for it, until it is given back.",
  },
);

export const JournalSource = enumOf<entries.JournalSource>(
  "JournalSource",
  `What kind of thing caused a journal. ${OPEN}`,
  { ATTEMPT: "The outcome of an attempt at a processor." },
);

export const PostingSide = enumOf<"DEBIT" | "CREDIT">("PostingSide", "The side of an account.", {
  DEBIT: "The account is debited.",
  CREDIT: "The account is credited.",
});

export const DeliveryStatus = enumOf<DeliveryStatusName>(
  "DeliveryStatus",
  `Where one event on its way to one endpoint stands. ${OPEN}`,
  {
    SCHEDULED: "It has not been tried yet.",
    IN_FLIGHT: "A worker is posting it.",
    SUCCEEDED: "The receiver answered with a 2xx status.",
    RETRYING: "The last try failed, and another is due.",
    PAUSED: "It is kept back because its endpoint is disabled.",
    DEAD: "Its tries are used up. It waits for a person.",
    DISCARDED: "A person decided that it will not be delivered.",
  },
);

export const EndpointStatus = enumOf<"ENABLED" | "DISABLED">(
  "WebhookEndpointStatus",
  `Whether an endpoint gets deliveries. ${OPEN}`,
  {
    ENABLED: "Events are delivered to it.",
    DISABLED: "Nothing is delivered to it, and its deliveries are kept back.",
  },
);

export const Resolution = enumOf<ResolutionName>(
  "UnknownAttemptResolution",
  "What an operator found out about an attempt whose outcome was unknown.",
  {
    SUCCEEDED: "The processor did what it was asked to do, in full.",
    FAILED: "It did not, and nothing moved.",
  },
);
