// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  CaptureMethod,
  ErrorCode,
  EventType,
  LedgerAccountKind,
  OperationStatus,
  PayoutStatus,
} from "./enums";
import type {
  ApiKey,
  Attempt,
  AuditEntry,
  Capture,
  Dispute,
  Erasure,
  Event,
  Evidence,
  Idempotency,
  LedgerAccount,
  LedgerEntry,
  Merchant,
  Node,
  PageInfo,
  PaymentIntent,
  Payout,
  PayoutLine,
  ProcessorAccount,
  ReconciliationBreak,
  ReconciliationReport,
  Refund,
  ReplayPlan,
  SetAsideMessage,
  WebhookDelivery,
  WebhookEndpoint,
} from "./objects";

/** The result of createPaymentIntent. */
export interface CreatePaymentIntentPayload {
  /** The payment intent as it stood when it was created. */
  readonly paymentIntent: PaymentIntent;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of confirmPaymentIntent. */
export interface ConfirmPaymentIntentPayload {
  /** The payment intent as it stood when it was confirmed. */
  readonly paymentIntent: PaymentIntent;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of capturePaymentIntent. */
export interface CapturePaymentIntentPayload {
  /** The payment intent as it stood when the capture was created. */
  readonly paymentIntent: PaymentIntent;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of cancelPaymentIntent. */
export interface CancelPaymentIntentPayload {
  /** The payment intent as it stood once the cancellation was accepted. It is PROCESSING if an authorisation has to be released first, or an attempt has to be answered: then `cancellationRequestedAt` is set, and an automatic charge that succeeds all the same makes the payment SUCCEEDED, with `cancellationRequestedAt` to tell that the cancellation came too late. */
  readonly paymentIntent: PaymentIntent;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of refundPaymentIntent. */
export interface RefundPaymentIntentPayload {
  /** The refund as it stood when it was created. */
  readonly refund: Refund;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of updatePaymentIntent. */
export interface UpdatePaymentIntentPayload {
  /** The payment intent as the update left it. */
  readonly paymentIntent: PaymentIntent;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of createWebhookEndpoint. */
export interface CreateWebhookEndpointPayload {
  /** The endpoint. */
  readonly webhookEndpoint: WebhookEndpoint;

  /** The secret that deliveries are signed with, in the form that Standard Webhooks specifies: whsec_…. Replays of the same idempotency key show it for 24 hours; after that it is null. */
  readonly secret: string | null;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of updateWebhookEndpoint. */
export interface UpdateWebhookEndpointPayload {
  /** The endpoint. */
  readonly webhookEndpoint: WebhookEndpoint;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of disableWebhookEndpoint. */
export interface DisableWebhookEndpointPayload {
  /** The endpoint. */
  readonly webhookEndpoint: WebhookEndpoint;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of enableWebhookEndpoint. */
export interface EnableWebhookEndpointPayload {
  /** The endpoint. */
  readonly webhookEndpoint: WebhookEndpoint;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of deleteWebhookEndpoint. */
export interface DeleteWebhookEndpointPayload {
  /** The endpoint. */
  readonly webhookEndpoint: WebhookEndpoint;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of rotateWebhookSecret. */
export interface RotateWebhookSecretPayload {
  /** The endpoint. */
  readonly webhookEndpoint: WebhookEndpoint;

  /** The new secret, in the form that Standard Webhooks specifies: whsec_…. Replays of the same idempotency key show it for 24 hours; after that it is null. */
  readonly secret: string | null;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of sendTestWebhook. */
export interface SendTestWebhookPayload {
  /** The delivery of the test, which says what comes of it. */
  readonly webhookDelivery: WebhookDelivery;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of replayWebhookDelivery. */
export interface ReplayWebhookDeliveryPayload {
  /** The new delivery. Its `replayOf` is the id of the original one. */
  readonly webhookDelivery: WebhookDelivery;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of discardWebhookDelivery. */
export interface DiscardWebhookDeliveryPayload {
  /** The delivery, now DISCARDED. */
  readonly webhookDelivery: WebhookDelivery;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of retryWebhookDeliveryNow. */
export interface RetryWebhookDeliveryNowPayload {
  /** The delivery, which is due now. */
  readonly webhookDelivery: WebhookDelivery;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of retryWebhookDeliveriesNow. */
export interface RetryWebhookDeliveriesNowPayload {
  /** How many deliveries are attempted; none may have matched. */
  readonly count: number;

  /** Whether more of them match than are attempted at once, which is 10,000. */
  readonly hasMore: boolean;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of createReplayPlan. */
export interface CreateReplayPlanPayload {
  /** The plan, which is READY: nothing has been sent. */
  readonly replayPlan: ReplayPlan;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of startReplayPlan. */
export interface StartReplayPlanPayload {
  /** The plan. */
  readonly replayPlan: ReplayPlan;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of pauseReplayPlan. */
export interface PauseReplayPlanPayload {
  /** The plan. */
  readonly replayPlan: ReplayPlan;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of resumeReplayPlan. */
export interface ResumeReplayPlanPayload {
  /** The plan. */
  readonly replayPlan: ReplayPlan;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of cancelReplayPlan. */
export interface CancelReplayPlanPayload {
  /** The plan. */
  readonly replayPlan: ReplayPlan;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of createMerchant. */
export interface CreateMerchantPayload {
  /** The merchant. */
  readonly merchant: Merchant;

  /** The API key for the merchant's backend. Replays of the same idempotency key show it for 24 hours; after that it is null. */
  readonly secretKey: string | null;

  /** The API key for the merchant's frontend. Replays of the same idempotency key show it for 24 hours; after that it is null. */
  readonly publishableKey: string | null;

  /** The API key for the merchant's operators. Replays of the same idempotency key show it for 24 hours; after that it is null. */
  readonly operatorKey: string | null;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of lookUpAttempt. */
export interface LookUpAttemptPayload {
  /** The attempt, as it was then: once its `lookups` exceeds this, the processor has been asked. */
  readonly attempt: Attempt;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of resolveUnknownAttempt. */
export interface ResolveUnknownAttemptPayload {
  /** The payment intent as it stood when the attempt was resolved. */
  readonly paymentIntent: PaymentIntent;

  /** What the attempt's evidence says about this request where two platform operators must say the same and this is the first; nothing is settled then. Null when the attempt was settled. */
  readonly proposal: Evidence | null;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of releaseSetAsideMessages. */
export interface ReleaseSetAsideMessagesPayload {
  /** How many messages were released; a message that has been relayed meanwhile is not among them. */
  readonly count: number;

  /** Whether more are set aside than are released at once, which is 10,000. */
  readonly hasMore: boolean;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of resolveReconciliationBreak. */
export interface ResolveReconciliationBreakPayload {
  /** The break as it stands now. */
  readonly reconciliationBreak: ReconciliationBreak;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of createApiKey. */
export interface CreateApiKeyPayload {
  /** The API key. */
  readonly apiKey: ApiKey;

  /** The key's text, which is sent with requests. Replays of the same idempotency key show it for 24 hours; after that it is null. */
  readonly secret: string | null;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of rollApiKey. */
export interface RollApiKeyPayload {
  /** The new API key. */
  readonly apiKey: ApiKey;

  /** The old API key, which now expires. Replays show it until the idempotency key's record has expired. */
  readonly oldApiKey: ApiKey | null;

  /** The new key's text, which is sent with requests. Replays of the same idempotency key show it for 24 hours; after that it is null. */
  readonly secret: string | null;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of revokeApiKey. */
export interface RevokeApiKeyPayload {
  /** The API key. */
  readonly apiKey: ApiKey;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of connectProcessorAccount. */
export interface ConnectProcessorAccountPayload {
  /** The account. */
  readonly processorAccount: ProcessorAccount;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of rotateProcessorCredentials. */
export interface RotateProcessorCredentialsPayload {
  /** The account. */
  readonly processorAccount: ProcessorAccount;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of rotateProcessorWebhookSecret. */
export interface RotateProcessorWebhookSecretPayload {
  /** The account. */
  readonly processorAccount: ProcessorAccount;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of disableProcessorAccount. */
export interface DisableProcessorAccountPayload {
  /** The account. */
  readonly processorAccount: ProcessorAccount;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of enableProcessorAccount. */
export interface EnableProcessorAccountPayload {
  /** The account. */
  readonly processorAccount: ProcessorAccount;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of replaceProcessorRoutes. */
export interface ReplaceProcessorRoutesPayload {
  /** The rules in the order in which they count. */
  readonly processorRoutes: readonly {
    /** Payments in this currency; null for all. */
    readonly currency: string | null;

    /** Payments of this amount or more; null for all. */
    readonly minAmount: number | null;

    /** Payments of this amount or less; null for all. */
    readonly maxAmount: number | null;

    /** Payments that are captured in this way; null for all. */
    readonly captureMethod: CaptureMethod | null;

    /** The id of the processor account that they go to; null for the installation's own processor. */
    readonly processorAccountId: string | null;
  }[];

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** The result of eraseCustomer. */
export interface EraseCustomerPayload {
  /** The erasure as it stood when the request was executed. Query `erasure` for how far it is now. */
  readonly erasure: Erasure;

  /** Whether this request was executed or replayed. */
  readonly idempotency: Idempotency;
}

/** One page of a list. */
export interface PaymentIntentConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: PaymentIntent;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface RefundConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: Refund;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface DisputeConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: Dispute;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** Money that a processor has sent to the merchant's bank, as its settlement file has it, or its list of the merchant's account. */
export interface PayoutResult {
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

  /** What the payout consists of, in the processor's order. */
  readonly lines: {
    /** The items on the page, each with its cursor. */
    readonly edges: readonly {
      /** The item's position in the list, as an opaque string. */
      readonly cursor: string;

      /** The item. */
      readonly node: PayoutLine;
    }[];

    /** The page's position in the list. */
    readonly pageInfo: PageInfo;
  } | null;
}

/** One page of a list. */
export interface PayoutConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: Payout;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface CaptureConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: Capture;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface EventConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: Event;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** A type of event, with a sample. */
export interface EventTypeDescription {
  /** The name of the type. */
  readonly type: EventType;

  /** What events of this type announce. */
  readonly description: string;

  /** The JSON Schema (2020-12) of such an event as an endpoint receives it. Fields may be added to it, and words to those that it gives as examples. */
  readonly schema: unknown;

  /** A sample event of this type, as an endpoint receives it. */
  readonly sample: unknown;
}

/** One page of a list. */
export interface WebhookEndpointConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: WebhookEndpoint;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface WebhookDeliveryConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: WebhookDelivery;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** A rule of a merchant's routing. A payment goes where the first rule says that it meets and whose account is not disabled. */
export interface ProcessorRoute {
  /** Payments in this currency; null for all. */
  readonly currency: string | null;

  /** Payments of this amount or more; null for all. */
  readonly minAmount: number | null;

  /** Payments of this amount or less; null for all. */
  readonly maxAmount: number | null;

  /** Payments that are captured in this way; null for all. */
  readonly captureMethod: CaptureMethod | null;

  /** The id of the processor account that they go to; null for the installation's own processor. */
  readonly processorAccountId: string | null;
}

/** One page of a list. */
export interface ProcessorAccountConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: ProcessorAccount;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface ReplayPlanConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: ReplayPlan;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface AuditEntryConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: AuditEntry;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface AttemptConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: Attempt;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** How far behind the work is that comes after each commit. What is seconds old is on its way. */
export interface Backlog {
  /** Since when the oldest event waits to be published, to the feed and to webhooks; null when none does. For all merchants: the oldest message of the outbox; those that are set aside do not count. */
  readonly oldestUnpublishedAt: string | null;

  /** Since when the webhook delivery is due that has waited longest; null when none is. One that is held until its endpoint can take it counts from when it was made. Of those that are not held, the newest and some of each age are looked at: the oldest may be up to twice as old. For all merchants: those that are held do not count. */
  readonly oldestDueAt: string | null;
}

/** One page of a list. */
export interface SetAsideMessageConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: SetAsideMessage;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface ReconciliationBreakConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: ReconciliationBreak;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** One page of a list. */
export interface ReconciliationReportConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: ReconciliationReport;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** An account of the merchant's double-entry ledger, in one currency. */
export interface LedgerAccountResult {
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

  /** The account's entries, newest first. */
  readonly entries: {
    /** The items on the page, each with its cursor. */
    readonly edges: readonly {
      /** The item's position in the list, as an opaque string. */
      readonly cursor: string;

      /** The item. */
      readonly node: LedgerEntry;
    }[];

    /** The page's position in the list. */
    readonly pageInfo: PageInfo;
  };
}

/** One page of a list. */
export interface LedgerAccountConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: LedgerAccount;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** Proof that the ledger balances, currency by currency. Holds on cards are not included. */
export interface TrialBalance {
  /** Whether debits equal credits in every currency. */
  readonly balanced: boolean;

  /** The totals, one entry for each currency used. */
  readonly currencies: readonly {
    /** The currency. */
    readonly currency: string;

    /** The sum of all debits. */
    readonly debits: string;

    /** The sum of all credits. */
    readonly credits: string;

    /** Debits minus credits: always zero. */
    readonly difference: string;
  }[];
}

/** Proof of what happened to a payment. The SDK's verifyReceipt checks it, offline, with a public key from checkpointKeys. */
export interface Receipt {
  /** The merchant's id. */
  readonly merchantId: string;

  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** The rows that are under seal. Requires the scope ledger:read. */
  readonly leaves: readonly {
    /** The number of the seal, whose checkpoint is in the receipt. */
    readonly seal: number;

    /** The leaf's place in the tree, from 0. */
    readonly index: number;

    /** The nodes that lead from the leaf to the root, from below, in hex. */
    readonly path: readonly string[];

    /** The row as JSON: an event, a transition, a journal or a posting. The leaf is the SHA-256 of a zero byte and exactly these bytes. */
    readonly content: string;
  }[];

  /** The signed checkpoints of the seals they are in. */
  readonly checkpoints: readonly {
    /** The seal's number: 1, 2, 3 and so on for each merchant. */
    readonly number: number;

    /** What was signed, in lines: the merchant, the number of leaves, the root, and the hash of the checkpoint before. */
    readonly text: string;

    /** The ed25519 signature of the text, by the key that it names, in base64. */
    readonly signature: string;
  }[];

  /** How many rows are not under seal yet. They will be within minutes. */
  readonly unsealed: number;

  /** Whether the payment has more rows than a receipt holds, which are not shown. */
  readonly hasMore: boolean;
}

/** A key that signs checkpoints. */
export interface CheckpointKey {
  /** The key's id, as checkpoints name it. */
  readonly id: string;

  /** The public key: the 32 bytes of ed25519 in base64. */
  readonly publicKey: string;

  /** When the key was made. */
  readonly createdAt: string;
}

/** One page of a list. */
export interface ApiKeyConnection {
  /** The items on the page, each with its cursor. */
  readonly edges: readonly {
    /** The item's position in the list, as an opaque string. */
    readonly cursor: string;

    /** The item. */
    readonly node: ApiKey;
  }[];

  /** The page's position in the list. */
  readonly pageInfo: PageInfo;
}

/** The outcome of a mutation, for a client that did not receive its answer. */
export interface Operation {
  /** The name of the mutation. */
  readonly name: string;

  /** The idempotency key that the mutation was sent with. */
  readonly idempotencyKey: string;

  /** What is known about the operation. */
  readonly status: OperationStatus;

  /** When the operation was executed. */
  readonly firstSeenAt: string | null;

  /** The original result: a payment intent, a refund, a webhook endpoint, a delivery, a replay plan, an attempt, a merchant, an API key, a processor account, a reconciliation break or an erasure; null where the mutation gives none of these. */
  readonly result: Node | null;

  /** The original error; null unless the status is FAILED. */
  readonly error: {
    /** Why the operation was refused, for programs. */
    readonly code: ErrorCode;

    /** Why the operation was refused, in words for people. */
    readonly message: string;

    /** Details that help to understand the error. */
    readonly details: unknown;
  } | null;
}
