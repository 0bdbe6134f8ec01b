// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  AttemptOperation,
  AttemptStatus,
  CancellationReason,
  CaptureMethod,
  CaptureStatus,
  DeliveryStatus,
  EventType,
  IdempotencyStatus,
  IntentAction,
  JournalSource,
  LedgerAccountKind,
  NextActionType,
  PaymentIntentStatus,
  PostingSide,
  RefundReason,
  RefundStatus,
  WebhookEndpointStatus,
} from "./enums";

/** A payment that a merchant wants from one shopper, made once. Its amounts are in the currency's minor unit. */
export interface PaymentIntent {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** Where the payment stands. */
  readonly status: PaymentIntentStatus;

  /** The amount of the payment. It never changes. */
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

  /** The merchant's own number for the payment. Hidden from publishable keys. */
  readonly merchantReference: string | null;

  /** The merchant's own pairs. Empty for publishable keys. */
  readonly metadata: Readonly<Record<string, string>> | null;

  /** The decline of the last attempt. Confirming again clears it. */
  readonly lastPaymentError: PaymentError | null;

  /** What the shopper must do next. */
  readonly nextAction: NextAction | null;

  /** Why the payment was canceled, when that is known. */
  readonly cancellationReason: CancellationReason | null;

  /** Each thing that can be asked of the intent, and whether the API key of this request may ask it now. */
  readonly allowedActions: readonly AllowedAction[] | null;

  /** What a browser needs, beside a publishable key, to confirm and watch this payment. Only secret keys see it. */
  readonly clientSecret: string | null;

  /** One more with every change: 1, 2, 3 without gaps. A replay shows the intent as it stood when the first request was executed, so a cache keeps whichever object has the higher version. */
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

/** The shopper must authenticate at the bank, on another page (3-D Secure). */
export interface RedirectToUrl {
  /** The kind of action. */
  readonly type: NextActionType;

  /** Where to send the shopper. */
  readonly redirectUrl: string;

  /** When it is too late. */
  readonly expiresAt: string;
}

/** Something that can be asked of a payment intent, and whether it is allowed now. */
export interface AllowedAction {
  /** What can be asked. */
  readonly action: IntentAction;

  /** Whether the intent's state and the API key of this request allow it. */
  readonly allowed: boolean;

  /** Why it is not allowed, for people; null when it is. */
  readonly because: string | null;
}

/** What the idempotency key decided about a mutation. A replay answers with the original result: the objects as they stood when the operation was executed, which may be older than what the caller has seen since. */
export interface Idempotency {
  /** Whether this request was the first with its key. */
  readonly status: IdempotencyStatus;

  /** When the first request with this key was executed, and so how old the answer is. */
  readonly firstSeenAt: string;

  /** Which version of the payment intent the answer shows; null when it shows none. A cache that keeps objects by their ids must not let a replay overwrite what is newer: of two copies of an intent, the one with the higher `version` wins. */
  readonly version: number | null;
}

/** Captured money of a payment intent that is given back. */
export interface Refund {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** The id of the payment intent that it belongs to. */
  readonly paymentIntentId: string;

  /** Where the refund stands. */
  readonly status: RefundStatus;

  /** The amount that is refunded. */
  readonly amount: number;

  /** The amount's currency. */
  readonly currency: string;

  /** Why it is refunded. */
  readonly reason: RefundReason | null;

  /** The merchant's own pairs. */
  readonly metadata: Readonly<Record<string, string>>;

  /** Why it failed or was reversed. */
  readonly failureCode: string | null;

  /** When the refund was created. */
  readonly createdAt: string;

  /** When the refund last changed. */
  readonly updatedAt: string;
}

/** Where a merchant or a partner receives events as signed HTTP requests. */
export interface WebhookEndpoint {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** Where events are posted to. */
  readonly url: string;

  /** What it is for. */
  readonly description: string | null;

  /** The types that it receives; empty: all of them. */
  readonly eventTypes: readonly EventType[];

  /** Whether it gets deliveries. */
  readonly status: WebhookEndpointStatus;

  /** When it was created. */
  readonly createdAt: string;

  /** When it last changed. */
  readonly updatedAt: string;
}

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** The event that is delivered: its id is the webhook-id. */
  readonly eventId: string;

  /** The endpoint that it goes to. */
  readonly endpointId: string;

  /** Where the delivery stands. */
  readonly status: DeliveryStatus;

  /** How often it has been tried. */
  readonly tries: number;

  /** When the next try is due. */
  readonly nextAt: string | null;

  /** The HTTP status of the last answer. */
  readonly statusCode: number | null;

  /** Why the last try failed. */
  readonly error: string | null;

  /** The beginning of the last answer. */
  readonly responseBody: string | null;

  /** How long the last answer took. */
  readonly durationMs: number | null;

  /** The delivery that this one repeats. */
  readonly replayOf: string | null;

  /** When it was planned. */
  readonly createdAt: string;

  /** When it last changed. */
  readonly updatedAt: string;
}

/** A tenant: everything belongs to one, and sees nothing of another. */
export interface Merchant {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** Its name. */
  readonly name: string;

  /** When it was created. */
  readonly createdAt: string;
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

/** Money of a payment intent that is taken from what was authorised. */
export interface Capture {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** The id of the payment intent that it belongs to. */
  readonly paymentIntentId: string;

  /** Where the capture stands. */
  readonly status: CaptureStatus;

  /** The amount that is captured. */
  readonly amount: number;

  /** The amount's currency. */
  readonly currency: string;

  /** Whether the rest of the authorisation is released with it. */
  readonly final: boolean;

  /** Why it failed. */
  readonly failureCode: string | null;

  /** When the capture was created. */
  readonly createdAt: string;

  /** When the capture last changed. */
  readonly updatedAt: string;
}

/** A public fact, written by the commit that made it true. It is never changed. */
export interface Event {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** What it announces. */
  readonly type: EventType;

  /** The version of the shapes in data.object. */
  readonly apiVersion: string;

  /** When it happened. */
  readonly createdAt: string;

  /** The id of the object that it is about, whose sequence it carries: of every event of a payment, its captures and its refunds, the payment intent. */
  readonly subjectId: string;

  /** Where the event stands among those of its subject: for a payment intent the version that it announces, 1, 2, 3 without gaps. Null when the subject has no versions. */
  readonly sequence: number | null;

  /** `{ object }`: the object as it stood when the event happened. */
  readonly data: unknown;
}

/** One operation that a card processor was asked for. It is sent at most once. */
export interface Attempt {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** The payment intent that it is for. */
  readonly paymentIntentId: string;

  /** What the processor was asked to do. */
  readonly operation: AttemptOperation;

  /** The name of the processor that was asked. */
  readonly processor: string;

  /** Where the attempt stands. */
  readonly status: AttemptStatus;

  /** The amount that was asked for. */
  readonly amount: number;

  /** The amount's currency. */
  readonly currency: string;

  /** The processor's token of the card. */
  readonly paymentMethod: string | null;

  /** The processor's id of the charge. Hidden from publishable keys. */
  readonly processorChargeId: string | null;

  /** What kind of answer it was, for programs. */
  readonly code: string | null;

  /** The issuer's reason for a decline. */
  readonly declineCode: string | null;

  /** What the processor said, for people; what else is known of the reason is shown to operators. */
  readonly message: string | null;

  /** When it was sent to the processor. */
  readonly sentAt: string | null;

  /** Since when its outcome is unknown. */
  readonly unknownSince: string | null;

  /** How often the processor was asked what became of it. */
  readonly lookups: number;

  /** When the processor is asked next, while its outcome is unknown or awaited. */
  readonly nextLookupAt: string | null;

  /** When its outcome became known for good. */
  readonly settledAt: string | null;

  /** When the attempt was queued. */
  readonly createdAt: string;
}

/** One side of a posting, as the account that it stands in sees it. It is never changed. */
export interface LedgerEntry {
  /** The journal that groups the postings of one fact. */
  readonly journalId: string;

  /** The posting's place in its journal. */
  readonly line: number;

  /** What kind of fact was booked, for example capture or refund. */
  readonly kind: string;

  /** Whether it debits or credits this account. */
  readonly side: PostingSide;

  /** The amount in the currency's minor unit. */
  readonly amount: number;

  /** The amount's currency. */
  readonly currency: string;

  /** Whether it is a hold, which moves no money. */
  readonly pending: boolean;

  /** What kind of thing caused the journal. */
  readonly source: JournalSource;

  /** The id of what caused the journal. */
  readonly sourceId: string;

  /** The payment intent that it was booked for; null when it is about none. */
  readonly paymentIntentId: string | null;

  /** The attempt whose outcome was booked; null when the source is another one. */
  readonly attemptId: string | null;

  /** When it was booked. */
  readonly createdAt: string;
}

/** An account of the merchant's double-entry ledger, in one currency. */
export interface LedgerAccount {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** What the account holds. */
  readonly kind: LedgerAccountKind;

  /** The account's currency. */
  readonly currency: string;

  /** When the account was opened. */
  readonly createdAt: string;

  /** What the account holds, on the side that it grows on: assets and expenses by debits, liabilities by credits. */
  readonly balance: string;

  /** What is held and not posted: authorisations that are neither captured nor released. */
  readonly pendingBalance: string;
}

/** Anything with an id, which `node(id:)` finds again. */
export type Node =
  | ({ readonly __typename: "Attempt" } & Attempt)
  | ({ readonly __typename: "Capture" } & Capture)
  | ({ readonly __typename: "Event" } & Event)
  | ({ readonly __typename: "LedgerAccount" } & LedgerAccount)
  | ({ readonly __typename: "Merchant" } & Merchant)
  | ({ readonly __typename: "PaymentIntent" } & PaymentIntent)
  | ({ readonly __typename: "Refund" } & Refund)
  | ({ readonly __typename: "WebhookDelivery" } & WebhookDelivery)
  | ({ readonly __typename: "WebhookEndpoint" } & WebhookEndpoint);

/** What the shopper must do before the payment can go on. New kinds of actions may be added. */
export type NextAction = { readonly __typename: "RedirectToUrl" } & RedirectToUrl;
