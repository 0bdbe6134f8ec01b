// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  ApiKeyFilter,
  AuditLogFilter,
  CancelPaymentIntentInput,
  CancelReplayPlanInput,
  CaptureFilter,
  CapturePaymentIntentInput,
  ConfirmPaymentIntentInput,
  CreateApiKeyInput,
  CreateMerchantInput,
  CreatePaymentIntentInput,
  CreateReplayPlanInput,
  CreateWebhookEndpointInput,
  DeadLetterFilter,
  DeleteWebhookEndpointInput,
  DisableWebhookEndpointInput,
  DiscardWebhookDeliveryInput,
  EnableWebhookEndpointInput,
  EraseCustomerInput,
  EventFilter,
  LedgerAccountFilter,
  LookUpAttemptInput,
  PauseReplayPlanInput,
  PaymentIntentFilter,
  RefundFilter,
  RefundPaymentIntentInput,
  ReplayWebhookDeliveryInput,
  ResolveUnknownAttemptInput,
  ResumeReplayPlanInput,
  RetryWebhookDeliveriesNowInput,
  RetryWebhookDeliveryNowInput,
  RevokeApiKeyInput,
  RollApiKeyInput,
  RotateWebhookSecretInput,
  SendTestWebhookInput,
  StartReplayPlanInput,
  UpdateWebhookEndpointInput,
  WebhookDeliveryFilter,
} from "./inputs";
import type { Erasure, Merchant, Node, PaymentIntent, Refund } from "./objects";
import type {
  ApiKeyConnection,
  AttemptConnection,
  AuditEntryConnection,
  CancelPaymentIntentPayload,
  CancelReplayPlanPayload,
  CaptureConnection,
  CapturePaymentIntentPayload,
  ConfirmPaymentIntentPayload,
  CreateApiKeyPayload,
  CreateMerchantPayload,
  CreatePaymentIntentPayload,
  CreateReplayPlanPayload,
  CreateWebhookEndpointPayload,
  DeleteWebhookEndpointPayload,
  DisableWebhookEndpointPayload,
  DiscardWebhookDeliveryPayload,
  EnableWebhookEndpointPayload,
  EraseCustomerPayload,
  EventConnection,
  EventTypeDescription,
  LedgerAccountConnection,
  LedgerAccountResult,
  LookUpAttemptPayload,
  Operation,
  PauseReplayPlanPayload,
  PaymentIntentConnection,
  RefundConnection,
  RefundPaymentIntentPayload,
  ReplayPlanConnection,
  ReplayWebhookDeliveryPayload,
  ResolveUnknownAttemptPayload,
  ResumeReplayPlanPayload,
  RetryWebhookDeliveriesNowPayload,
  RetryWebhookDeliveryNowPayload,
  RevokeApiKeyPayload,
  RollApiKeyPayload,
  RotateWebhookSecretPayload,
  SendTestWebhookPayload,
  StartReplayPlanPayload,
  TrialBalance,
  UpdateWebhookEndpointPayload,
  WebhookDeliveryConnection,
  WebhookEndpointConnection,
} from "./results";

export interface Mutations {
  /** Creates a payment intent. No money moves until it is confirmed. Requires the scope payments:write. */
  readonly createPaymentIntent: {
    input: CreatePaymentIntentInput;
    payload: CreatePaymentIntentPayload;
  };

  /** Makes the payment. The intent becomes PROCESSING immediately, and the processor's answer follows. Requires the scope payments:confirm. A publishable key may ask for it as well, of the payment intent whose client secret is sent with the request. */
  readonly confirmPaymentIntent: {
    input: ConfirmPaymentIntentInput;
    payload: ConfirmPaymentIntentPayload;
  };

  /** Captures all or part of the authorised amount. Requires the scope payments:write. */
  readonly capturePaymentIntent: {
    input: CapturePaymentIntentInput;
    payload: CapturePaymentIntentPayload;
  };

  /** Cancels a payment before any money is captured. Requires the scope payments:write. */
  readonly cancelPaymentIntent: {
    input: CancelPaymentIntentInput;
    payload: CancelPaymentIntentPayload;
  };

  /** Refunds all or part of the captured amount. Requires the scope payments:write. */
  readonly refundPaymentIntent: {
    input: RefundPaymentIntentInput;
    payload: RefundPaymentIntentPayload;
  };

  /** Creates a webhook endpoint. It receives the events that occur from now on. Requires the scope webhooks:write. */
  readonly createWebhookEndpoint: {
    input: CreateWebhookEndpointInput;
    payload: CreateWebhookEndpointPayload;
  };

  /** Changes a webhook endpoint. Its secret, its status and its deliveries stay as they are. Requires the scope webhooks:write. */
  readonly updateWebhookEndpoint: {
    input: UpdateWebhookEndpointInput;
    payload: UpdateWebhookEndpointPayload;
  };

  /** Stops deliveries to a webhook endpoint. What is meant for it is held back (PAUSED) until it is enabled. Requires the scope webhooks:write. */
  readonly disableWebhookEndpoint: {
    input: DisableWebhookEndpointInput;
    payload: DisableWebhookEndpointPayload;
  };

  /** Resumes deliveries to a webhook endpoint that is disabled, whoever disabled it, and catches it up with what was held back. Requires the scope webhooks:write. */
  readonly enableWebhookEndpoint: {
    input: EnableWebhookEndpointInput;
    payload: EnableWebhookEndpointPayload;
  };

  /** Deletes a webhook endpoint for good, and its secret. What still waits for it is discarded; the record of its deliveries stays. Requires the scope webhooks:write. */
  readonly deleteWebhookEndpoint: {
    input: DeleteWebhookEndpointInput;
    payload: DeleteWebhookEndpointPayload;
  };

  /** Gives a webhook endpoint a new secret. During the overlap each delivery has two signatures, so receivers can be changed over at any time of it. While one overlap lasts, only a rotation with an overlap of 0 is possible. Requires the scope webhooks:write. */
  readonly rotateWebhookSecret: {
    input: RotateWebhookSecretInput;
    payload: RotateWebhookSecretPayload;
  };

  /** Sends an event of the type webhook_endpoint.test to a webhook endpoint, signed and delivered like any other event, and to no other endpoint. Requires the scope webhooks:write. */
  readonly sendTestWebhook: { input: SendTestWebhookInput; payload: SendTestWebhookPayload };

  /** Delivers an event to its endpoint again: a new delivery sends the same bytes with the same webhook-id. Refused while the endpoint is disabled. Requires the scope webhooks:replay. */
  readonly replayWebhookDelivery: {
    input: ReplayWebhookDeliveryInput;
    payload: ReplayWebhookDeliveryPayload;
  };

  /** Decides that a delivery will not be attempted any more: a dead letter, or one that is waiting. It can still be replayed. Requires the scope webhooks:replay. */
  readonly discardWebhookDelivery: {
    input: DiscardWebhookDeliveryInput;
    payload: DiscardWebhookDeliveryPayload;
  };

  /** Attempts a delivery that is RETRYING now rather than when its next attempt is due. It remains the same delivery, and its later attempts remain as scheduled. Requires the scope webhooks:replay. */
  readonly retryWebhookDeliveryNow: {
    input: RetryWebhookDeliveryNowInput;
    payload: RetryWebhookDeliveryNowPayload;
  };

  /** Attempts all deliveries that are RETRYING and match the filter, the oldest first and as fast as their endpoints take them, rather than when their next attempts are due. They remain the same deliveries, and their later attempts remain as scheduled. Requires the scope webhooks:replay. */
  readonly retryWebhookDeliveriesNow: {
    input: RetryWebhookDeliveriesNowInput;
    payload: RetryWebhookDeliveriesNowPayload;
  };

  /** Writes down which dead letters match the filter now, the oldest first and 25,000 at most, and counts them. Nothing is sent until the plan is started. Requires the scope webhooks:replay. */
  readonly createReplayPlan: { input: CreateReplayPlanInput; payload: CreateReplayPlanPayload };

  /** Starts a replay plan that is READY: its letters are replayed, the oldest first, at most so many a second. Each is replayed once, whatever other plans it is in. Requires the scope webhooks:replay. */
  readonly startReplayPlan: { input: StartReplayPlanInput; payload: StartReplayPlanPayload };

  /** Pauses a replay plan that is RUNNING. What it has replayed is on its way; no other letter of it is replayed until it is resumed. Requires the scope webhooks:replay. */
  readonly pauseReplayPlan: { input: PauseReplayPlanInput; payload: PauseReplayPlanPayload };

  /** Resumes a replay plan that is PAUSED, where it stopped. Requires the scope webhooks:replay. */
  readonly resumeReplayPlan: { input: ResumeReplayPlanInput; payload: ResumeReplayPlanPayload };

  /** Cancels a replay plan that is not finished. The letters that it has not replayed stay dead letters. Requires the scope webhooks:replay. */
  readonly cancelReplayPlan: { input: CancelReplayPlanInput; payload: CancelReplayPlanPayload };

  /** Creates a merchant together with its first API keys. For platform operators only. Requires the scope merchants:write. */
  readonly createMerchant: { input: CreateMerchantInput; payload: CreateMerchantPayload };

  /** Has the processor asked for the outcome of an attempt now rather than when its next look-up is due, on behalf of a platform operator, who acts for the merchant with the header oncepay-merchant. For attempts whose outcome is unknown, and for those that an operator resolved and the processor has yet to confirm. The answer does not wait for the processor. Requires the scope operations:write. */
  readonly lookUpAttempt: { input: LookUpAttemptInput; payload: LookUpAttemptPayload };

  /** Settles an attempt whose outcome is unknown, on a platform operator's word, who acts for the merchant with the header oncepay-merchant. Where the installation requires four eyes, the first operator's word is a proposal, and a second operator's request with the same resolution settles it. The processor goes on being asked; if it contradicts the operator, any money that moved is returned, and the attempt's evidence says so. Requires the scope operations:write. */
  readonly resolveUnknownAttempt: {
    input: ResolveUnknownAttemptInput;
    payload: ResolveUnknownAttemptPayload;
  };

  /** Creates an API key. A key can give another one only what it has itself: no further scope, no later expiry, no other address. Requires the scope keys:write. */
  readonly createApiKey: { input: CreateApiKeyInput; payload: CreateApiKeyPayload };

  /** Replaces an API key by a new one that may do the same, and lets the old one live on for a while. A key cannot roll one that may do more than itself, and a key that was itself made by rolling can be rolled when its predecessor has ended. Requires the scope keys:write. */
  readonly rollApiKey: { input: RollApiKeyInput; payload: RollApiKeyPayload };

  /** Revokes an API key for good. Within a second of the answer it is refused everywhere. Requires the scope keys:write. */
  readonly revokeApiKey: { input: RevokeApiKeyInput; payload: RevokeApiKeyPayload };

  /** Erases `customer`, `description` and `metadata` of all payment intents that the customer has now, and the `metadata` of their refunds: in the objects, in every event about them, in webhooks still to be sent and in the results kept for idempotency keys. Amounts, statuses, the ledger and the order of events stay as they are. It cannot be undone. Payments that are created later for the same customer are not affected. Requires the scope customers:erase. */
  readonly eraseCustomer: { input: EraseCustomerInput; payload: EraseCustomerPayload };
}

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

  /** Dead letters: deliveries whose attempts have all failed and that somebody must look at, newest first. Those that have been replayed are left out unless `replayState` asks for them. Requires the scope webhooks:read. */
  readonly deadLetters: {
    variables: {
      readonly filter?: DeadLetterFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: WebhookDeliveryConnection;
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

  /** Looks up the outcome of a mutation by its name and idempotency key. It executes nothing and reveals no secrets. A publishable key may look up confirmations of the payment intent whose client secret is sent with the request. Requires the scope to read what the mutation is about: payments:read for createPaymentIntent, confirmPaymentIntent, capturePaymentIntent, cancelPaymentIntent, refundPaymentIntent; webhooks:read for createWebhookEndpoint, updateWebhookEndpoint, disableWebhookEndpoint, enableWebhookEndpoint, deleteWebhookEndpoint, rotateWebhookSecret, sendTestWebhook, replayWebhookDelivery, discardWebhookDelivery, retryWebhookDeliveryNow, retryWebhookDeliveriesNow, createReplayPlan, startReplayPlan, pauseReplayPlan, resumeReplayPlan, cancelReplayPlan; merchants:write for createMerchant; operations:read for lookUpAttempt, resolveUnknownAttempt; keys:read for createApiKey, rollApiKey, revokeApiKey; customers:erase for eraseCustomer. */
  readonly operation: {
    variables: { readonly name: string; readonly idempotencyKey: string };
    result: Operation;
  };
}
