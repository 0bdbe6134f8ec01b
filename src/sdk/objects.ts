// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  ApiKeyKind,
  ApiKeyStatus,
  AttemptOperation,
  AttemptStatus,
  AuditAction,
  AuditActorKind,
  AuditOutcome,
  AuthorizationExpiryPolicy,
  CancellationReason,
  CaptureMethod,
  CaptureStatus,
  DeclineAdvice,
  DeliveryStatus,
  DisputeReason,
  DisputeStatus,
  ErasureStatus,
  ErrorCode,
  EventType,
  IdempotencyStatus,
  IntentAction,
  JournalSource,
  LedgerAccountKind,
  Mode,
  NextActionType,
  PaymentIntentStatus,
  PayoutLineKind,
  PayoutStatus,
  PostingSide,
  ProcessorAccountStatus,
  ReconciliationBreakKind,
  ReconciliationBreakResolution,
  ReconciliationBreakSource,
  ReconciliationBreakStatus,
  ReconciliationReportFailure,
  ReconciliationReportStatus,
  RefundReason,
  RefundStatus,
  RelayError,
  ReplayPlanStatus,
  WebhookEndpointStatus,
  WebhookErrorClass,
} from "./enums";

/** A single payment that a merchant wants to collect from a shopper. All its amounts are in the currency's minor unit. */
export interface PaymentIntent {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The status of the payment. */
  readonly status: PaymentIntentStatus;

  /** The amount of the payment. Once the payment is confirmed it changes no more, unless the card is declined and another one may be tried. */
  readonly amount: number;

  /** The currency of all amounts of the intent. */
  readonly currency: string;

  /** When the money is captured. */
  readonly captureMethod: CaptureMethod;

  /** The processor's token for the card. */
  readonly paymentMethod: string | null;

  /** The amount that the processor has authorised. */
  readonly amountAuthorized: number;

  /** The amount that can be captured now. */
  readonly amountCapturable: number;

  /** The amount that has been captured. */
  readonly amountCaptured: number;

  /** The amount that has been refunded. */
  readonly amountRefunded: number;

  /** The amount that can be refunded now. Refunds in progress and what is disputed are already deducted. */
  readonly amountRefundable: number;

  /** The amount in disputes that are open or lost. It cannot be refunded. */
  readonly amountDisputed: number;

  /** What the payment is for. */
  readonly description: string | null;

  /** The merchant's own identifier for the shopper. Hidden from publishable keys. */
  readonly customer: string | null;

  /** The merchant's own reference for the payment. Hidden from publishable keys. */
  readonly merchantReference: string | null;

  /** The merchant's own key-value pairs. Empty for publishable keys. */
  readonly metadata: Readonly<Record<string, string>> | null;

  /** Why the last attempt failed. Confirming the payment again clears it. */
  readonly lastPaymentError: PaymentError | null;

  /** What the shopper must do next. */
  readonly nextAction: NextAction | null;

  /** Why the payment was canceled, if a reason was given. */
  readonly cancellationReason: CancellationReason | null;

  /** When a cancellation was accepted that could not be completed at once: an attempt has to be answered first, or the processor has to let go of what it holds. On a payment that SUCCEEDED all the same, it says that the cancellation came too late. It becomes null again if the processor refuses to let go. */
  readonly cancellationRequestedAt: string | null;

  /** Until when the authorised amount is held, as the processor says; null if nothing has been authorised or the processor does not say. */
  readonly authorizationExpiresAt: string | null;

  /** When the authorisation expired; null unless it did with an amount that had not been captured. That amount was released. */
  readonly authorizationExpiredAt: string | null;

  /** What happens shortly before the authorisation expires; null where `captureMethod` is AUTOMATIC. */
  readonly authorizationExpiryPolicy: AuthorizationExpiryPolicy | null;

  /** Every action that can be requested on the intent, and whether the API key of this request may request it now. */
  readonly allowedActions: readonly AllowedAction[] | null;

  /** The secret that a browser needs, in addition to a publishable key, to confirm and follow this payment. Visible only to secret keys. */
  readonly clientSecret: string | null;

  /** The version of the intent, which increases by one with every change: 1, 2, 3 and so on. A replay shows the intent as it stood when the first request was executed, so a cache should keep whichever copy has the higher version. */
  readonly version: number;

  /** When the intent was created. */
  readonly createdAt: string;

  /** When the intent last changed. */
  readonly updatedAt: string;

  /** When `customer`, `description` and `metadata` were erased on the customer's behalf; null unless eraseCustomer did so. They are then blank, also in snapshots from before. */
  readonly personalDataErasedAt: string | null;
}

/** Why the last attempt to make a payment failed. A decline is data, not a GraphQL error. */
export interface PaymentError {
  /** The kind of failure, as a code for programs. */
  readonly code: string;

  /** The issuer's reason, if it gave one. */
  readonly declineCode: string | null;

  /** What may be done about the declined card; null where nobody says. */
  readonly adviceCode: DeclineAdvice | null;

  /** What the card's network answered, for example 51: a response code of ISO 8583 or the network's own; null where it is not known. */
  readonly networkDeclineCode: string | null;

  /** What happened, in words for people. */
  readonly message: string;

  /** Whether another confirmation may succeed. */
  readonly retryable: boolean;
}

/** The shopper must authenticate with the card's issuer on another page (3-D Secure). */
export interface RedirectToUrl {
  /** The kind of action that is required. */
  readonly type: NextActionType;

  /** Where to send the shopper. */
  readonly redirectUrl: string;

  /** When the action expires. */
  readonly expiresAt: string;
}

/** An action that can be requested on a payment intent, and whether it is allowed now. */
export interface AllowedAction {
  /** The action. */
  readonly action: IntentAction;

  /** Whether the state of the intent and the API key of this request allow the action. */
  readonly allowed: boolean;

  /** Why the action is not allowed, in words for people; null when it is allowed. */
  readonly because: string | null;
}

/** How the idempotency key affected this mutation. A replay returns the original result: the objects as they stood when the operation was executed, which may be older than what the caller has seen since. */
export interface Idempotency {
  /** Whether this request was the first with its idempotency key. */
  readonly status: IdempotencyStatus;

  /** When the first request with this key was executed, which tells how old the answer is. */
  readonly firstSeenAt: string;

  /** The version of the payment intent in the answer; null when there is none. A cache that stores objects by id must not let a replay overwrite newer data: of two copies of an intent, the one with the higher `version` wins. */
  readonly version: number | null;
}

/** A refund of some or all of the amount captured for a payment intent. */
export interface Refund {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The id of the payment intent that was refunded. */
  readonly paymentIntentId: string;

  /** The status of the refund. */
  readonly status: RefundStatus;

  /** The amount of the refund. */
  readonly amount: number;

  /** The currency of the amount. */
  readonly currency: string;

  /** The reason for the refund. */
  readonly reason: RefundReason | null;

  /** The reason for the refund in the merchant's own words. */
  readonly note: string | null;

  /** The merchant's own key-value pairs. */
  readonly metadata: Readonly<Record<string, string>>;

  /** Why the refund failed or was reversed, as a code. */
  readonly failureCode: string | null;

  /** When the refund was created. */
  readonly createdAt: string;

  /** When the refund last changed. */
  readonly updatedAt: string;

  /** When `note` and `metadata` were erased on the customer's behalf; null unless eraseCustomer did so. They are then blank, also in snapshots from before. */
  readonly personalDataErasedAt: string | null;
}

/** A URL where a merchant or partner receives events as signed HTTP requests. */
export interface WebhookEndpoint {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The URL that events are sent to. */
  readonly url: string;

  /** What the endpoint is for. */
  readonly description: string | null;

  /** The types of events that the endpoint receives. An empty list means all types. */
  readonly eventTypes: readonly EventType[];

  /** The merchant's own key-value pairs. */
  readonly metadata: Readonly<Record<string, string>>;

  /** The version of the event objects that the endpoint receives: the newest one when it was created. */
  readonly apiVersion: string;

  /** Whether events are delivered to the endpoint. */
  readonly status: WebhookEndpointStatus;

  /** Why the endpoint is disabled, where a reason was given. */
  readonly disabledReason: string | null;

  /** When the endpoint was disabled. */
  readonly disabledAt: string | null;

  /** How many deliveries the endpoint takes within any second, 1 to 10,000; null: as the installation has it, which is without a limit. */
  readonly ratePerSecond: number | null;

  /** How many milliseconds the endpoint may take to answer, 100 to 15,000; null: as the installation has it. */
  readonly timeoutMs: number | null;

  /** How many deliveries each worker sends at the same time, 1 to 256; null: as the installation has it, which follows from how quickly the endpoint answers. */
  readonly concurrency: number | null;

  /** Whether each payment's events are sent in strict order: an event is not sent before all earlier ones about the same payment have been delivered, have become dead letters or were discarded. Replays are exempt, and so is what was there before the endpoint was ordered. Null in a replayed answer that is older than this field. */
  readonly ordered: boolean | null;

  /** When the endpoint echoed a challenge at its present URL; null when it has not, or was never asked to. */
  readonly verifiedAt: string | null;

  /** Why the endpoint did not echo the last challenge, while it is PENDING. */
  readonly verificationError: string | null;

  /** The end of the secret, to tell it from another; null for endpoints that are older than this field. */
  readonly secretHint: string | null;

  /** The end of the previous secret, while it still signs. */
  readonly previousSecretHint: string | null;

  /** Until when deliveries are signed with the previous secret as well; null when they are not. */
  readonly previousSecretExpiresAt: string | null;

  /** When the endpoint was created. */
  readonly createdAt: string;

  /** When the endpoint last changed. */
  readonly updatedAt: string;

  /** Since when the delivery to the endpoint is due that has waited longest; null when none is. One that is held until the endpoint can take it counts from when it was made. Of those that are not held, the newest and some of each age are looked at: the oldest may be up to twice as old. */
  readonly oldestDueAt: string | null;

  /** How the endpoint did in the last 24 hours, as of now. */
  readonly last24Hours: {
    /** From when on tries are counted: the full hour that is at most 24 hours ago. */
    readonly since: string;

    /** How many tries ended. */
    readonly attempts: number;

    /** How many of them delivered. */
    readonly succeeded: number;

    /** How many milliseconds 95 of 100 tries took at most, rounded up by a fifth at most; null when there was none. */
    readonly p95Ms: number | null;
  } | null;
}

/** The delivery of one event to one webhook endpoint. */
export interface WebhookDelivery {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The id of the merchant whose event is delivered; null in a replayed answer that is older than this field. */
  readonly merchantId: string | null;

  /** The id of the event that is delivered, which is sent as the webhook-id. */
  readonly eventId: string;

  /** The id of the endpoint that the event is delivered to. */
  readonly endpointId: string;

  /** The status of the delivery. */
  readonly status: DeliveryStatus;

  /** How many times delivery has been attempted. */
  readonly tries: number;

  /** When the next attempt is due; null when none is, and while the delivery waits until its endpoint can take it. */
  readonly nextAt: string | null;

  /** The HTTP status of the last answer. */
  readonly statusCode: number | null;

  /** Why the last attempt failed. */
  readonly error: string | null;

  /** The beginning of the body of the last answer. */
  readonly responseBody: string | null;

  /** How long the last attempt took, in milliseconds. */
  readonly durationMs: number | null;

  /** The id of the delivery that this one replays. */
  readonly replayOf: string | null;

  /** Why the last attempt of a dead letter failed; null unless it is one. */
  readonly cause: WebhookErrorClass | null;

  /** The id of the delivery that replays this one, the latest if there are several. */
  readonly replayedAs: string | null;

  /** Why somebody discarded the delivery. */
  readonly discardReason: string | null;

  /** When the delivery was created. */
  readonly createdAt: string;

  /** When the delivery last changed. */
  readonly updatedAt: string;
}

/** Dead letters that are replayed together. Which ones was decided when the plan was made: letters that die later are not in it. */
export interface ReplayPlan {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** How far the plan is. */
  readonly status: ReplayPlanStatus;

  /** Why it was made. */
  readonly reason: string;

  /** The filter that it was made with. */
  readonly filter: unknown;

  /** The newest of its letters. */
  readonly horizon: string | null;

  /** How many letters it has, at most 25,000. */
  readonly letters: number;

  /** How many of them tell of a state that is no longer the latest: the payment, the refund or the capture has changed since. */
  readonly superseded: number;

  /** Whether more letters matched, which another plan can take when this one is done. */
  readonly hasMore: boolean;

  /** Its letters by endpoint, the 10 with the most. */
  readonly endpoints: readonly {
    /** The endpoint's id. */
    readonly endpointId: string;

    /** How many of the plan's letters. */
    readonly letters: number;
  }[];

  /** Its letters by type of event, the 10 with the most. */
  readonly types: readonly {
    /** The type of event. */
    readonly type: EventType;

    /** How many of the plan's letters. */
    readonly letters: number;
  }[];

  /** Its letters by cause. */
  readonly causes: readonly {
    /** Why their last attempts failed. */
    readonly cause: WebhookErrorClass;

    /** How many of the plan's letters. */
    readonly letters: number;
  }[];

  /** The ids of its newest letters, at most 5. */
  readonly sampleIds: readonly string[];

  /** How many letters a second are replayed at most; null before it is started. */
  readonly perSecond: number | null;

  /** How many of its letters it has replayed. */
  readonly sent: number;

  /** How many of its letters it has left as they were: somebody else replayed or discarded them, or their endpoint is disabled. */
  readonly skipped: number;

  /** The id of the API key that made it. */
  readonly createdBy: string;

  /** When it was made. */
  readonly createdAt: string;

  /** When it was started. */
  readonly startedAt: string | null;

  /** When it was finished or canceled. */
  readonly finishedAt: string | null;

  /** When it last changed. */
  readonly updatedAt: string;
}

/** A tenant. Every object belongs to one merchant and is invisible to all others. */
export interface Merchant {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The merchant's name. */
  readonly name: string;

  /** Whether its payments move real money. */
  readonly mode: Mode;

  /** When the merchant was created. */
  readonly createdAt: string;
}

/** One operation requested from a card processor. It is sent at most once. */
export interface Attempt {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The id of the payment intent that the attempt belongs to. */
  readonly paymentIntentId: string;

  /** What the processor was asked to do. */
  readonly operation: AttemptOperation;

  /** The name of the processor that was asked. */
  readonly processor: string;

  /** The id of the merchant's account at the processor; null for the installation's own. */
  readonly processorAccountId: string | null;

  /** The status of the attempt. */
  readonly status: AttemptStatus;

  /** The amount requested. */
  readonly amount: number;

  /** The currency of the amount. */
  readonly currency: string;

  /** The processor's token for the card. */
  readonly paymentMethod: string | null;

  /** The processor's id for the charge. Hidden from publishable keys. */
  readonly processorChargeId: string | null;

  /** The processor's answer as a code, for programs; null when there is no answer. */
  readonly code: string | null;

  /** The issuer's reason for the decline. */
  readonly declineCode: string | null;

  /** What may be done about the declined card; null where nobody says. */
  readonly adviceCode: DeclineAdvice | null;

  /** What the card's network answered, for example 51: a response code of ISO 8583 or the network's own; null where it is not known. */
  readonly networkDeclineCode: string | null;

  /** The processor's answer in words, for people. Operators also see what is known about why there is no answer. */
  readonly message: string | null;

  /** When the attempt was sent to the processor. */
  readonly sentAt: string | null;

  /** When the outcome became unknown. */
  readonly unknownSince: string | null;

  /** How many times the processor has been asked for the outcome. */
  readonly lookups: number;

  /** When the processor will next be asked for the outcome; null unless the outcome is unknown or awaits the shopper. */
  readonly nextLookupAt: string | null;

  /** When the outcome became final. */
  readonly settledAt: string | null;

  /** When the attempt was queued. */
  readonly createdAt: string;
}

/** A report about an attempt other than the direct answer to the call: from a look-up, a processor's webhook or an operator, or an answer that came late. */
export interface Evidence {
  /** The source of the report: lookup, webhook, worker or the id of an API key. */
  readonly source: string;

  /** The outcome that was reported. */
  readonly outcome: string;

  /** What the report changed, for example applied, duplicate or contradiction; proposed where a second operator must say the same. */
  readonly effect: string;

  /** The reason that an operator gave. */
  readonly reason: string | null;

  /** When the report was received. */
  readonly at: string;
}

/** A difference between the payments, the ledger and what a processor says it moved. It stays open until it is resolved. */
export interface ReconciliationBreak {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The id of the merchant that it concerns; that of the installation itself when no merchant is known. */
  readonly merchantId: string;

  /** What differs. */
  readonly kind: ReconciliationBreakKind;

  /** How far it has come. */
  readonly status: ReconciliationBreakStatus;

  /** What noticed it. */
  readonly source: ReconciliationBreakSource;

  /** The name of the processor; null when the ledger alone is concerned. */
  readonly processor: string | null;

  /** The id of the merchant's account at the processor; null when it is the installation's own, or none. */
  readonly processorAccountId: string | null;

  /** The id of the report that it was found for; null when there is none. */
  readonly reportId: string | null;

  /** The id of what it is about: an attempt, a payment intent, a ledger account, or the reference that only the processor knows. */
  readonly subjectId: string;

  /** The id of the payment intent; null when it concerns none. */
  readonly paymentIntentId: string | null;

  /** The currency of the books that are concerned. */
  readonly currency: string;

  /** The difference, in a sentence for people. */
  readonly detail: string;

  /** What our books say. */
  readonly ours: ReconciliationSide | null;

  /** What the processor says. */
  readonly theirs: ReconciliationSide | null;

  /** The correction that is proposed; null when a person must decide what to do. */
  readonly proposal: {
    /** The id of the journal that it corrects; null when none was posted. */
    readonly corrects: string | null;

    /** What would be posted. */
    readonly postings: readonly {
      /** The account to debit. */
      readonly debit: LedgerAccountKind;

      /** The account to credit. */
      readonly credit: LedgerAccountKind;

      /** The amount, in the break's currency. */
      readonly amount: number;
    }[];
  } | null;

  /** Who sees to it; null while nobody does. */
  readonly owner: string | null;

  /** How it came about, or why it was resolved. */
  readonly explanation: string | null;

  /** How it was resolved; null while it is not. */
  readonly resolution: ReconciliationBreakResolution | null;

  /** The id of the correcting journal; null when none was posted. */
  readonly journalId: string | null;

  /** When it was found, which its age counts from. */
  readonly foundAt: string;

  /** When it was last explained. */
  readonly explainedAt: string | null;

  /** When it was resolved. */
  readonly resolvedAt: string | null;
}

/** What one side of a break says. */
export interface ReconciliationSide {
  /** The amount; null when it says none. */
  readonly amount: number | null;

  /** The currency of the amount and the fee, as this side writes it. */
  readonly currency: string | null;

  /** The fee; null when it says none. */
  readonly fee: number | null;

  /** The status of the attempt here, or what kind of movement it was there. */
  readonly state: string | null;
}

/** An API key, without its text, which is shown only when the key is made. */
export interface ApiKey {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** Who holds the key. */
  readonly kind: ApiKeyKind;

  /** What the key is for, in the words of whoever made it. */
  readonly name: string;

  /** Whether what is done with the key moves real money; the key's text says it too. */
  readonly mode: Mode;

  /** What the key permits its holder to do. */
  readonly scopes: readonly string[];

  /** The beginning of the key's text and its last four characters. */
  readonly hint: string;

  /** The addresses that the key may be used from, as CIDR ranges. An empty list means all addresses. */
  readonly allowedAddresses: readonly string[];

  /** Whether the key can be used. */
  readonly status: ApiKeyStatus;

  /** The id of the key that it was rolled from. */
  readonly rolledFrom: string | null;

  /** The id of the key that made it; null when it was made on the command line or together with its merchant. */
  readonly createdBy: string | null;

  /** When the key was made. */
  readonly createdAt: string;

  /** When the key was first used. */
  readonly firstUsedAt: string | null;

  /** When the key was last used; at most a minute behind. */
  readonly lastUsedAt: string | null;

  /** From when on the key cannot be used; null when it does not expire. */
  readonly expiresAt: string | null;

  /** When the key was revoked. */
  readonly revokedAt: string | null;
}

/** A merchant's account at a card processor, without its credentials and secrets, which are never shown. */
export interface ProcessorAccount {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The name of the processor. */
  readonly processor: string;

  /** Whether what is done there moves real money. */
  readonly mode: Mode;

  /** The processor's own id for the account. */
  readonly externalAccountId: string;

  /** Whether it gets new payments. */
  readonly status: ProcessorAccountStatus;

  /** Why the account is disabled, where a reason was given. */
  readonly disabledReason: string | null;

  /** When the account was disabled. */
  readonly disabledAt: string | null;

  /** The version of the processor's API that is used; null where it has none. */
  readonly apiVersion: string | null;

  /** The account's settings, as its processor needs them. */
  readonly settings: Readonly<Record<string, string>>;

  /** The end of the credentials, to tell them from others. */
  readonly credentialsHint: string;

  /** Since when the account has its present credentials. */
  readonly credentialsChangedAt: string;

  /** The path, on the API's address, that the processor is to send its webhooks to. */
  readonly webhookPath: string;

  /** The end of the secret that the account's webhooks are verified with; null when there is none, and all are refused. */
  readonly webhookSecretHint: string | null;

  /** Until when webhooks signed with the previous secret are accepted as well; null when they are not. */
  readonly previousWebhookSecretExpiresAt: string | null;

  /** How often the account has changed, counted from 1. */
  readonly version: number;

  /** When the account was connected. */
  readonly createdAt: string;

  /** When the account last changed. */
  readonly updatedAt: string;
}

/** The erasure of a customer's personal data. It does not say whose. */
export interface Erasure {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** How far the erasure is. */
  readonly status: ErasureStatus;

  /** How many payment intents have been erased so far. */
  readonly paymentIntents: number;

  /** How many events still show the erased values, because they were stored before events were sealed. Only the operator of the service can blank these; 0 in an installation without such events. */
  readonly eventsInClear: number;

  /** When the erasure was requested. */
  readonly requestedAt: string;

  /** When the erasure was finished; null while it is running. */
  readonly finishedAt: string | null;
}

/** The position of a page within its list. */
export interface PageInfo {
  /** Whether more items follow this page. */
  readonly hasNextPage: boolean;

  /** Whether items precede this page. */
  readonly hasPreviousPage: boolean;

  /** The cursor of the first item on the page. Pass it as `before` to read the previous page. */
  readonly startCursor: string | null;

  /** The cursor of the last item on the page. Pass it as `after` to read the next page. */
  readonly endCursor: string | null;
}

/** A shopper's bank has taken back some or all of the amount captured for a payment intent, and it is decided whether the merchant gets it again. */
export interface Dispute {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The id of the payment intent that is disputed. */
  readonly paymentIntentId: string;

  /** The id of the attempt that charged the card, or authorised what was captured. */
  readonly attemptId: string;

  /** The status of the dispute. */
  readonly status: DisputeStatus;

  /** The bank's reason. */
  readonly reason: DisputeReason;

  /** The amount in dispute. It never changes. */
  readonly amount: number;

  /** The currency of the amount and the fee. */
  readonly currency: string;

  /** The fee that the processor charges for the dispute, whoever wins. */
  readonly fee: number;

  /** The processor's id for the dispute. */
  readonly processorDisputeId: string;

  /** Until when the processor accepts evidence; null when it names no time. */
  readonly evidenceDueBy: string | null;

  /** When the bank opened the dispute. */
  readonly openedAt: string;

  /** When the dispute was decided; null while it is open. */
  readonly closedAt: string | null;

  /** The version of the dispute: 1 when it is opened, 2 when it is decided. */
  readonly version: number;

  /** When the dispute became known here. */
  readonly createdAt: string;

  /** When the dispute last changed here. */
  readonly updatedAt: string;
}

/** One of the movements that a payout consists of. It never changes. */
export interface PayoutLine {
  /** The line's place in the payout, from 1. */
  readonly line: number;

  /** What the line is about. */
  readonly kind: PayoutLineKind;

  /** By how much the line changes what is paid out, in the payout's currency: below zero for what is taken from it. */
  readonly amount: string;

  /** The id of the attempt that moved it, which is the reference at the processor; of a dispute and its fee, of the charge that is disputed. */
  readonly attemptId: string;

  /** The id of the payment intent that the line concerns. */
  readonly paymentIntentId: string;

  /** The processor's id for the movement. */
  readonly movementId: string;
}

/** Money that a processor has sent to the merchant's bank, as its settlement file has it, or its list of the merchant's account. */
export interface Payout {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The status of the payout. */
  readonly status: PayoutStatus;

  /** The sum of the lines. It never changes, and is below zero where the merchant owed the processor more than it was owed. */
  readonly amount: string;

  /** The currency of the amount and the lines. */
  readonly currency: string;

  /** How many lines the payout has. */
  readonly lineCount: number;

  /** The name of the processor. */
  readonly processor: string;

  /** The id of the merchant's account at the processor; null when it is the installation's own. */
  readonly processorAccountId: string | null;

  /** The processor's id for the payout. Merchants who are paid by one transfer have it in common. */
  readonly processorPayoutId: string;

  /** When the processor says that the payout arrives. */
  readonly arrivesAt: string;

  /** Since when the payout has had its status there. */
  readonly changedAt: string;

  /** The version of the payout, which grows by 1 with each of its events. */
  readonly version: number;

  /** When the payout became known here. */
  readonly createdAt: string;

  /** When the payout last changed here. */
  readonly updatedAt: string;
}

/** A capture of some or all of the amount authorised for a payment intent. */
export interface Capture {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The id of the payment intent that was captured. */
  readonly paymentIntentId: string;

  /** The status of the capture. */
  readonly status: CaptureStatus;

  /** The amount of the capture. */
  readonly amount: number;

  /** The currency of the amount. */
  readonly currency: string;

  /** Whether this is the last capture, so that the rest of the authorisation is released. */
  readonly final: boolean;

  /** Why the capture failed, as a code. */
  readonly failureCode: string | null;

  /** When the capture was created. */
  readonly createdAt: string;

  /** When the capture last changed. */
  readonly updatedAt: string;
}

/** A record of something that happened, stored in the same transaction as the change it announces. It never changes. */
export interface Event {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** What the event announces. */
  readonly type: EventType;

  /** The API version that determines the shape of `data.object`. */
  readonly apiVersion: string;

  /** When the event occurred. */
  readonly createdAt: string;

  /** The id of the object whose events `sequence` numbers. For an event about a payment, a capture or a refund it is the id of the payment intent; for one about a dispute, that of the dispute. */
  readonly subjectId: string;

  /** The event's position among the events of its subject. For a payment intent or a dispute it is the version that the event announces: 1, 2, 3 and so on, without gaps. Null when the subject has no versions. */
  readonly sequence: number | null;

  /** `{ object }`: the object as it stood when the event occurred. */
  readonly data: unknown;
}

/** An entry of the audit log: who did what, or was refused. It never changes. What happens often is counted together: reads and refusals within a minute, the uses of a key within a day. */
export interface AuditEntry {
  /** The entry's id, which sorts by the time at which it was recorded. */
  readonly id: string;

  /** The kind of thing that happened. */
  readonly action: AuditAction;

  /** The mutation, the query field, the command, or `consoleSignIn` and `consoleSignOut`; null where several count together. */
  readonly operation: string | null;

  /** What became of it. */
  readonly outcome: AuditOutcome;

  /** Why it was refused. */
  readonly errorCode: ErrorCode | null;

  /** The kind of caller. */
  readonly actorKind: AuditActorKind;

  /** The id of the caller's API key. */
  readonly actorId: string | null;

  /** The prefix and the last four characters of the API key that was sent. */
  readonly actorHint: string | null;

  /** The IP address that the request came from; the first one where several count together. */
  readonly address: string | null;

  /** The id of the request; the first one where several count together. */
  readonly requestId: string | null;

  /** The type of the object that it was about, for example PaymentIntent. */
  readonly subjectType: string | null;

  /** The object that it was about. */
  readonly subjectId: string | null;

  /** The idempotency key of a write. */
  readonly idempotencyKey: string | null;

  /** How often it happened. */
  readonly count: number;

  /** When it happened first. */
  readonly at: string;

  /** When it happened last. */
  readonly lastAt: string;

  /** What else there is to say, for example the ids of the first objects that were read, or the scope that was lacking. */
  readonly details: unknown;
}

/** Something committed that has yet to be announced, and that relays died over: it is passed over, so that everything else is announced. */
export interface SetAsideMessage {
  /** What releaseSetAsideMessages calls it by; `node` does not find it. */
  readonly id: string;

  /** The id of the merchant that it belongs to. */
  readonly merchantId: string;

  /** The id of the event that is announced; null when it is something else. */
  readonly eventId: string | null;

  /** The type of the event. */
  readonly eventType: EventType | null;

  /** The id of the attempt that is to be sent to a processor, where there is one. */
  readonly attemptId: string | null;

  /** The id of the webhook delivery that was created on its own, where there is one. */
  readonly deliveryId: string | null;

  /** How many relays began with it and did not finish. */
  readonly tries: number;

  /** How the last attempt to relay it ended. */
  readonly lastError: RelayError;

  /** Since when it is set aside. */
  readonly setAsideAt: string;

  /** When it is attempted again; null when it is not until somebody releases it. */
  readonly nextTryAt: string | null;

  /** When it was committed. */
  readonly createdAt: string;
}

/** A comparison with what a processor says: with a settlement file, or with its list. */
export interface ReconciliationReport {
  /** Its id, which breaks name; `node` does not find it. */
  readonly id: string;

  /** What was compared with. */
  readonly source: ReconciliationBreakSource;

  /** The name of the processor. */
  readonly processor: string;

  /** The id of the merchant whose account it is; null when it is the installation's own. */
  readonly merchantId: string | null;

  /** The id of the account; null when it is the installation's own. */
  readonly processorAccountId: string | null;

  /** What the processor calls the statement. */
  readonly statement: string;

  /** The beginning of the period. */
  readonly periodFrom: string;

  /** The end of the period, which is not in it. */
  readonly periodTo: string;

  /** How far it has come. */
  readonly status: ReconciliationReportStatus;

  /** How many lines have been read. */
  readonly lines: number;

  /** How many references have been compared. */
  readonly compared: number;

  /** How many of them agree. */
  readonly matched: number;

  /** How many breaks were found that were not known before. */
  readonly breaksFound: number;

  /** How many breaks closed themselves because of it. */
  readonly breaksClosed: number;

  /** When it was begun. */
  readonly startedAt: string;

  /** When it was completed. */
  readonly finishedAt: string | null;

  /** Why the lines could not be read when they were last asked for; null when they could. They are asked for again, and nothing is missed in the meantime. */
  readonly failure: ReconciliationReportFailure | null;

  /** When the lines were last asked for in vain; null when they came. */
  readonly failedAt: string | null;
}

/** One side of a posting, as it appears in one account. It never changes. */
export interface LedgerEntry {
  /** The id of the journal, which groups the postings that belong together. */
  readonly journalId: string;

  /** The posting's line number in its journal. */
  readonly line: number;

  /** What was posted, for example capture or refund. */
  readonly kind: string;

  /** Whether the entry debits or credits this account. */
  readonly side: PostingSide;

  /** The amount in the currency's minor unit. */
  readonly amount: number;

  /** The currency of the amount. */
  readonly currency: string;

  /** Whether the entry is a hold, which moves no money. */
  readonly pending: boolean;

  /** The account's balance after this entry, on its normal side; a hold leaves it as it was. Of the last minute's entries it may yet change, because entries are ordered by when their posting began. */
  readonly balanceAfter: string;

  /** What caused the journal to be posted. */
  readonly source: JournalSource;

  /** The id of the object that caused the journal to be posted. */
  readonly sourceId: string;

  /** The id of the payment intent that the entry concerns; null when it concerns none. */
  readonly paymentIntentId: string | null;

  /** The id of the attempt whose outcome was posted; null when the journal has another source. */
  readonly attemptId: string | null;

  /** Of a correction, the id of the journal that was wrong; null when none was. */
  readonly correctsJournalId: string | null;

  /** When the entry was posted. */
  readonly createdAt: string;
}

/** An account of the merchant's double-entry ledger, in one currency. */
export interface LedgerAccount {
  /** The object's id: an opaque string that begins with a prefix for its type and sorts by creation time. */
  readonly id: string;

  /** The kind of account. */
  readonly kind: LedgerAccountKind;

  /** The account's currency. */
  readonly currency: string;

  /** When the account was opened. */
  readonly createdAt: string;

  /** The account's balance on its normal side: debits minus credits for assets and expenses, credits minus debits for liabilities. */
  readonly balance: string;

  /** The total of holds, which are not part of the balance: authorisations that have been neither captured nor released, and what attempts whose outcome is unknown may have moved. */
  readonly pendingBalance: string;
}

/** Any object with an id, which can be read again with `node(id:)`. */
export type Node =
  | ({ readonly __typename: "ApiKey" } & ApiKey)
  | ({ readonly __typename: "Attempt" } & Attempt)
  | ({ readonly __typename: "Capture" } & Capture)
  | ({ readonly __typename: "Dispute" } & Dispute)
  | ({ readonly __typename: "Erasure" } & Erasure)
  | ({ readonly __typename: "Event" } & Event)
  | ({ readonly __typename: "LedgerAccount" } & LedgerAccount)
  | ({ readonly __typename: "Merchant" } & Merchant)
  | ({ readonly __typename: "PaymentIntent" } & PaymentIntent)
  | ({ readonly __typename: "Payout" } & Payout)
  | ({ readonly __typename: "ProcessorAccount" } & ProcessorAccount)
  | ({ readonly __typename: "ReconciliationBreak" } & ReconciliationBreak)
  | ({ readonly __typename: "Refund" } & Refund)
  | ({ readonly __typename: "ReplayPlan" } & ReplayPlan)
  | ({ readonly __typename: "WebhookDelivery" } & WebhookDelivery)
  | ({ readonly __typename: "WebhookEndpoint" } & WebhookEndpoint);

/** What the shopper must do before the payment can continue. New kinds of action may be added. */
export type NextAction = { readonly __typename: "RedirectToUrl" } & RedirectToUrl;
