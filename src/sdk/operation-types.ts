// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  AuditLogFilter,
  CancelPaymentIntentInput,
  CaptureFilter,
  CapturePaymentIntentInput,
  ConfirmPaymentIntentInput,
  CreateMerchantInput,
  CreatePaymentIntentInput,
  CreateWebhookEndpointInput,
  DeadLetterFilter,
  EventFilter,
  LedgerAccountFilter,
  PaymentIntentFilter,
  RefundFilter,
  RefundPaymentIntentInput,
  ReplayWebhookDeliveryInput,
  ResolveUnknownAttemptInput,
  WebhookDeliveryFilter,
} from "./inputs";
import type { Merchant, Node, PaymentIntent, Refund } from "./objects";
import type {
  AttemptConnection,
  AuditEntryConnection,
  CancelPaymentIntentPayload,
  CaptureConnection,
  CapturePaymentIntentPayload,
  ConfirmPaymentIntentPayload,
  CreateMerchantPayload,
  CreatePaymentIntentPayload,
  CreateWebhookEndpointPayload,
  EventConnection,
  EventTypeDescription,
  LedgerAccountConnection,
  LedgerAccountResult,
  Operation,
  PaymentIntentConnection,
  RefundConnection,
  RefundPaymentIntentPayload,
  ReplayWebhookDeliveryPayload,
  ResolveUnknownAttemptPayload,
  TrialBalance,
  WebhookDeliveryConnection,
  WebhookEndpointConnection,
} from "./results";

export interface Mutations {
  /** Creates a payment intent. No money moves until it is confirmed. */
  readonly createPaymentIntent: {
    input: CreatePaymentIntentInput;
    payload: CreatePaymentIntentPayload;
  };

  /** Makes the payment. The intent becomes PROCESSING immediately, and the processor's answer follows. A publishable key may confirm the intent whose client secret is sent with the request. */
  readonly confirmPaymentIntent: {
    input: ConfirmPaymentIntentInput;
    payload: ConfirmPaymentIntentPayload;
  };

  /** Captures all or part of the authorised amount. */
  readonly capturePaymentIntent: {
    input: CapturePaymentIntentInput;
    payload: CapturePaymentIntentPayload;
  };

  /** Cancels a payment before any money is captured. */
  readonly cancelPaymentIntent: {
    input: CancelPaymentIntentInput;
    payload: CancelPaymentIntentPayload;
  };

  /** Refunds all or part of the captured amount. */
  readonly refundPaymentIntent: {
    input: RefundPaymentIntentInput;
    payload: RefundPaymentIntentPayload;
  };

  /** Creates a webhook endpoint. It receives the events that occur from now on. */
  readonly createWebhookEndpoint: {
    input: CreateWebhookEndpointInput;
    payload: CreateWebhookEndpointPayload;
  };

  /** Delivers an event to its endpoint again: a new delivery sends the same bytes with the same webhook-id. */
  readonly replayWebhookDelivery: {
    input: ReplayWebhookDeliveryInput;
    payload: ReplayWebhookDeliveryPayload;
  };

  /** Creates a merchant together with its first API keys. Requires the scope merchants:write. */
  readonly createMerchant: { input: CreateMerchantInput; payload: CreateMerchantPayload };

  /** Settles an attempt whose outcome is unknown, on an operator's word. If the processor later contradicts it, any money that moved is returned. */
  readonly resolveUnknownAttempt: {
    input: ResolveUnknownAttemptInput;
    payload: ResolveUnknownAttemptPayload;
  };
}

export interface Queries {
  /** The payment intent with this id; null when the merchant has none. A publishable key sees only the intent whose client secret is sent with the request. */
  readonly paymentIntent: { variables: { readonly id: string }; result: PaymentIntent | null };

  /** Payment intents, newest first. */
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

  /** The refund with this id; null when the merchant has none. */
  readonly refund: { variables: { readonly id: string }; result: Refund | null };

  /** Refunds, newest first. */
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

  /** Captures, newest first. */
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

  /** The feed of events, oldest first. An event appears once a worker has relayed it, milliseconds after it was committed. Continue from `endCursor`, even after an empty page: no event is ever skipped. If the database has been restored to an earlier point in time, a page may repeat events. */
  readonly events: {
    variables: {
      readonly filter?: EventFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
    };
    result: EventConnection;
  };

  /** Every type of event, with its meaning and a sample webhook. */
  readonly eventTypes: {
    variables: Record<string, never>;
    result: readonly EventTypeDescription[];
  };

  /** The merchant's webhook endpoints, newest first. */
  readonly webhookEndpoints: {
    variables: {
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: WebhookEndpointConnection;
  };

  /** Webhook deliveries, newest first. */
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

  /** Dead letters: deliveries whose attempts have all failed and that somebody must look at, newest first. */
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

  /** The audit log, newest first: refusals, the first and last use of API keys, changes to keys and endpoints, and everything that operators read and write. For operators only. */
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

  /** Attempts whose outcome is unknown, newest first. For operators only. */
  readonly unknownAttempts: {
    variables: {
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: AttemptConnection;
  };

  /** The ledger account with this id; null when the merchant has none. */
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

  /** The merchant's ledger accounts, newest first. The accounts for a currency are opened when something is first posted in it. */
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

  /** The total debits and credits of the merchant's ledger. */
  readonly trialBalance: { variables: Record<string, never>; result: TrialBalance };

  /** The merchant that the API key belongs to. */
  readonly merchant: { variables: Record<string, never>; result: Merchant };

  /** The object with this id, whatever its type; null when the merchant has none. */
  readonly node: { variables: { readonly id: string }; result: Node | null };

  /** The objects with these ids, in the same order; null in place of each one that the merchant does not have. */
  readonly nodes: {
    variables: { readonly ids: readonly string[] };
    result: readonly (Node | null)[];
  };

  /** Looks up the outcome of a mutation by its name and idempotency key. It executes nothing and reveals no secrets. A publishable key may look up confirmations of the intent whose client secret is sent with the request. */
  readonly operation: {
    variables: { readonly name: string; readonly idempotencyKey: string };
    result: Operation;
  };
}
