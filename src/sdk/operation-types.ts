// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
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

  /** Makes the payment: the intent is PROCESSING at once, and the processor's answer follows. A publishable key may confirm the intent whose client secret it sends. */
  readonly confirmPaymentIntent: {
    input: ConfirmPaymentIntentInput;
    payload: ConfirmPaymentIntentPayload;
  };

  /** Takes money that was authorised, all of it or a part. */
  readonly capturePaymentIntent: {
    input: CapturePaymentIntentInput;
    payload: CapturePaymentIntentPayload;
  };

  /** Ends a payment before any money is captured. */
  readonly cancelPaymentIntent: {
    input: CancelPaymentIntentInput;
    payload: CancelPaymentIntentPayload;
  };

  /** Gives captured money back, all of it or a part. */
  readonly refundPaymentIntent: {
    input: RefundPaymentIntentInput;
    payload: RefundPaymentIntentPayload;
  };

  /** Subscribes a URL to events, from now on. */
  readonly createWebhookEndpoint: {
    input: CreateWebhookEndpointInput;
    payload: CreateWebhookEndpointPayload;
  };

  /** Delivers an event to an endpoint once more: a new delivery of the same bytes with the same webhook-id. */
  readonly replayWebhookDelivery: {
    input: ReplayWebhookDeliveryInput;
    payload: ReplayWebhookDeliveryPayload;
  };

  /** Creates a merchant with its first API keys. It needs the scope merchants:write. */
  readonly createMerchant: { input: CreateMerchantInput; payload: CreateMerchantPayload };

  /** Settles an attempt whose outcome is unknown by an operator's word. Should the processor say otherwise later, money that moved is given back. */
  readonly resolveUnknownAttempt: {
    input: ResolveUnknownAttemptInput;
    payload: ResolveUnknownAttemptPayload;
  };
}

export interface Queries {
  /** One payment intent; null when this merchant has none with this id. A publishable key sees the one whose client secret it sends. */
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

  /** One refund; null when this merchant has none with this id. */
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

  /** The feed of events, oldest first. An event appears in it when a worker has relayed it, which is milliseconds after its commit. Go on from endCursor, also of an empty page: no event is ever skipped. After the database was restored to an earlier moment, a page may repeat events. */
  readonly events: {
    variables: {
      readonly filter?: EventFilter | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
    };
    result: EventConnection;
  };

  /** Every type of event, what it means, and what a webhook of it looks like. */
  readonly eventTypes: {
    variables: Record<string, never>;
    result: readonly EventTypeDescription[];
  };

  /** The merchant's endpoints, newest first. */
  readonly webhookEndpoints: {
    variables: {
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: WebhookEndpointConnection;
  };

  /** Deliveries, newest first. */
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

  /** Deliveries whose tries are used up and that wait for a person, newest first. */
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

  /** Attempts whose outcome is unknown, newest first. For operators. */
  readonly unknownAttempts: {
    variables: {
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: AttemptConnection;
  };

  /** One ledger account; null when this merchant has none with this id. */
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

  /** The merchant's ledger accounts, newest first. There are none in a currency until something is posted in it. */
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

  /** The sums of both sides of the merchant's books. */
  readonly trialBalance: { variables: Record<string, never>; result: TrialBalance };

  /** The merchant that the API key belongs to. */
  readonly merchant: { variables: Record<string, never>; result: Merchant };

  /** Any object by its id; null when this merchant has none with this id. */
  readonly node: { variables: { readonly id: string }; result: Node | null };

  /** Objects by their ids, in the order of the ids; null for each that this merchant does not have. */
  readonly nodes: {
    variables: { readonly ids: readonly string[] };
    result: readonly (Node | null)[];
  };

  /** Tells what became of a mutation, by its name and its idempotency key. It executes nothing, and shows no secret. A publishable key may ask for confirmations of the intent whose client secret it sends. */
  readonly operation: {
    variables: { readonly name: string; readonly idempotencyKey: string };
    result: Operation;
  };
}
