// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  ApiKeyFilter,
  AuditLogFilter,
  CaptureFilter,
  DeadLetterFilter,
  DisputeFilter,
  EventFilter,
  LedgerAccountFilter,
  PaymentIntentFilter,
  PayoutFilter,
  ReconciliationBreakFilter,
  RefundFilter,
  WebhookDeliveryFilter,
} from "./inputs";
import type { Dispute, Erasure, Merchant, Node, PaymentIntent, Refund } from "./objects";
import type {
  ApiKeyConnection,
  AttemptConnection,
  AuditEntryConnection,
  Backlog,
  CaptureConnection,
  CheckpointKey,
  DisputeConnection,
  EventConnection,
  EventTypeDescription,
  LedgerAccountConnection,
  LedgerAccountResult,
  Operation,
  PaymentIntentConnection,
  PayoutConnection,
  PayoutResult,
  ProcessorAccountConnection,
  ProcessorRoute,
  Receipt,
  ReconciliationBreakConnection,
  ReconciliationReportConnection,
  RefundConnection,
  ReplayPlanConnection,
  SetAsideMessageConnection,
  TrialBalance,
  WebhookDeliveryConnection,
  WebhookEndpointConnection,
} from "./results";

export interface Queries {
  /** The payment intent with this id; null when the merchant has none. A publishable key sees only the intent whose client secret is sent with the request. Requires the scope payments:read. A publishable key may ask for it as well, of the payment intent whose client secret is sent with the request. */
  readonly paymentIntent: { variables: { readonly id: string }; result: PaymentIntent | null };

  /** Payment intents, newest first. Requires the scope payments:read. */
  readonly paymentIntents: {
    variables: {
      readonly filter?: PaymentIntentFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: PaymentIntentConnection;
  };

  /** The refund with this id; null when the merchant has none. Requires the scope payments:read. */
  readonly refund: { variables: { readonly id: string }; result: Refund | null };

  /** Refunds, newest first. Requires the scope payments:read. */
  readonly refunds: {
    variables: {
      readonly filter?: RefundFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: RefundConnection;
  };

  /** The dispute with this id; null when the merchant has none. Requires the scope payments:read. */
  readonly dispute: { variables: { readonly id: string }; result: Dispute | null };

  /** Disputes, newest first. Requires the scope payments:read. */
  readonly disputes: {
    variables: {
      readonly filter?: DisputeFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: DisputeConnection;
  };

  /** The payout with this id; null when the merchant has none. Requires the scope ledger:read. */
  readonly payout: {
    variables: {
      readonly id: string;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: PayoutResult | null;
  };

  /** What processors have sent to the merchant's bank, newest first. Requires the scope ledger:read. */
  readonly payouts: {
    variables: {
      readonly filter?: PayoutFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: PayoutConnection;
  };

  /** Captures, newest first. Requires the scope payments:read. */
  readonly captures: {
    variables: {
      readonly filter?: CaptureFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: CaptureConnection;
  };

  /** The feed of events, oldest first. An event appears once a worker has relayed it, milliseconds after it was committed. Continue from `endCursor`, even after an empty page: no event is ever skipped. If the database has been restored to an earlier point in time, a page may repeat events. Requires the scope events:read. */
  readonly events: {
    variables: {
      readonly filter?: EventFilter | null | undefined;
      readonly since?: string | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
    };
    result: EventConnection;
  };

  /** Every type of event, with its meaning, a sample webhook and its JSON Schema. Requires the scope events:read. */
  readonly eventTypes: {
    variables: Record<string, never>;
    result: readonly EventTypeDescription[];
  };

  /** The merchant's webhook endpoints, newest first. Requires the scope webhooks:read. */
  readonly webhookEndpoints: {
    variables: {
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: WebhookEndpointConnection;
  };

  /** Webhook deliveries, newest first. Requires the scope webhooks:read. */
  readonly webhookDeliveries: {
    variables: {
      readonly filter?: WebhookDeliveryFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: WebhookDeliveryConnection;
  };

  /** Dead letters: deliveries whose attempts have all failed and that somebody must look at, newest first. Those that have been replayed are left out unless `replayState` asks for them. A platform operator who acts for no merchant sees those of all merchants. Requires the scope webhooks:read. */
  readonly deadLetters: {
    variables: {
      readonly filter?: DeadLetterFilter | null | undefined;
      readonly merchantId?: string | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: WebhookDeliveryConnection;
  };

  /** The rules that say which processor account a payment goes to, in the order in which they count. None: every payment goes to the installation's own processor. Requires the scope processors:read. */
  readonly processorRoutes: { variables: Record<string, never>; result: readonly ProcessorRoute[] };

  /** The merchant's accounts at card processors, newest first. Requires the scope processors:read. */
  readonly processorAccounts: {
    variables: {
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: ProcessorAccountConnection;
  };

  /** The merchant's replay plans, newest first. Requires the scope webhooks:read. */
  readonly replayPlans: {
    variables: {
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: ReplayPlanConnection;
  };

  /** The audit log, newest first: refusals, the first and last use of API keys, changes to keys and endpoints, and everything that operators read and write. For operators only. Requires the scope audit:read. */
  readonly auditLog: {
    variables: {
      readonly filter?: AuditLogFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: AuditEntryConnection;
  };

  /** Attempts whose outcome is unknown, newest first. For operators only. Requires the scope operations:read. */
  readonly unknownAttempts: {
    variables: {
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: AttemptConnection;
  };

  /** How far behind publishing and webhooks are, for operators: of the merchant, or of all merchants for a platform operator who acts for none. Requires the scope operations:read. */
  readonly backlog: { variables: Record<string, never>; result: Backlog };

  /** Messages of the outbox that are set aside because relays died over them, newest first: of the merchant that a platform operator acts for, or of all merchants. They are attempted again by themselves, after longer and longer pauses, and in the end only when releaseSetAsideMessages says so. Requires the scope operations:write. */
  readonly setAsideMessages: {
    variables: {
      readonly merchantId?: string | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: SetAsideMessageConnection;
  };

  /** Differences between the payments, the ledger and what processors say they moved, newest first: of the merchant, or, for a platform operator who acts for none, of all merchants and of nobody. Requires the scope operations:read. */
  readonly reconciliationBreaks: {
    variables: {
      readonly filter?: ReconciliationBreakFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: ReconciliationBreakConnection;
  };

  /** Comparisons with what processors say, newest first: one for each settlement file, and one for each hour of a processor's list, or of an account's. They are about all merchants. Requires the scope operations:write. */
  readonly reconciliationReports: {
    variables: {
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: ReconciliationReportConnection;
  };

  /** The ledger account with this id; null when the merchant has none. Requires the scope ledger:read. */
  readonly ledgerAccount: {
    variables: {
      readonly id: string;
      readonly asOf?: string | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: LedgerAccountResult | null;
  };

  /** The merchant's ledger accounts, newest first. The accounts for a currency are opened when something is first posted in it. Requires the scope ledger:read. */
  readonly ledgerAccounts: {
    variables: {
      readonly filter?: LedgerAccountFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: LedgerAccountConnection;
  };

  /** The total debits and credits of the merchant's ledger. Requires the scope ledger:read. */
  readonly trialBalance: { variables: Record<string, never>; result: TrialBalance };

  /** Proof of what happened to a payment, to be checked offline. It answers NOT_FOUND when the merchant has no such payment. Requires the scope payments:read. */
  readonly receipt: { variables: { readonly paymentIntentId: string }; result: Receipt };

  /** The keys that sign checkpoints, newest first. Keep them: a receipt proves nothing to whoever learns the key with it. Requires the scope payments:read. */
  readonly checkpointKeys: { variables: Record<string, never>; result: readonly CheckpointKey[] };

  /** The merchant that the API key belongs to. Requires the scope payments:read. */
  readonly merchant: { variables: Record<string, never>; result: Merchant };

  /** The erasure with this id; null when the merchant has none. Requires the scope customers:erase. */
  readonly erasure: { variables: { readonly id: string }; result: Erasure | null };

  /** The merchant's API keys, newest first. Requires the scope keys:read. */
  readonly apiKeys: {
    variables: {
      readonly filter?: ApiKeyFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: ApiKeyConnection;
  };

  /** The object with this id, whatever its type; null when the merchant has none. Requires the scope to read objects of this type. */
  readonly node: { variables: { readonly id: string }; result: Node | null };

  /** The objects with these ids, in the same order; null in place of each one that the merchant does not have. Requires the scopes to read objects of these types. */
  readonly nodes: {
    variables: { readonly ids: readonly string[] };
    result: readonly (Node | null)[];
  };

  /** Looks up the outcome of a mutation by its name and idempotency key. It executes nothing and reveals no secrets. A publishable key may look up confirmations of the payment intent whose client secret is sent with the request. Requires the scope to read what the mutation is about: payments:read for createPaymentIntent, confirmPaymentIntent, capturePaymentIntent, cancelPaymentIntent, refundPaymentIntent, updatePaymentIntent; webhooks:read for createWebhookEndpoint, updateWebhookEndpoint, disableWebhookEndpoint, enableWebhookEndpoint, deleteWebhookEndpoint, rotateWebhookSecret, sendTestWebhook, replayWebhookDelivery, discardWebhookDelivery, retryWebhookDeliveryNow, retryWebhookDeliveriesNow, createReplayPlan, startReplayPlan, pauseReplayPlan, resumeReplayPlan, cancelReplayPlan; merchants:write for createMerchant; operations:read for lookUpAttempt, resolveUnknownAttempt, releaseSetAsideMessages, resolveReconciliationBreak; keys:read for createApiKey, rollApiKey, revokeApiKey; processors:read for connectProcessorAccount, rotateProcessorCredentials, rotateProcessorWebhookSecret, disableProcessorAccount, enableProcessorAccount, replaceProcessorRoutes; customers:erase for eraseCustomer. */
  readonly operation: {
    variables: { readonly name: string; readonly idempotencyKey: string };
    result: Operation;
  };
}
