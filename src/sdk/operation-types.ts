// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  CancelPaymentIntentInput,
  CapturePaymentIntentInput,
  ConfirmPaymentIntentInput,
  CreateMerchantInput,
  CreatePaymentIntentInput,
  CreateWebhookEndpointInput,
  DeadLetterFilter,
  ErrorCode,
  Event,
  Idempotency,
  LedgerAccountKind,
  LedgerEntry,
  Merchant,
  Node,
  OperationStatus,
  PageInfo,
  PaymentIntent,
  PaymentIntentFilter,
  Refund,
  RefundPaymentIntentInput,
  ReplayWebhookDeliveryInput,
  WebhookDelivery,
  WebhookDeliveryFilter,
  WebhookEndpoint,
} from "./types";

/** What createPaymentIntent answers. */
export interface CreatePaymentIntentPayload {
  /** The intent as it stood when it was created. */
  readonly paymentIntent: PaymentIntent;

  /** What the idempotency key decided. */
  readonly idempotency: Idempotency;
}

/** What confirmPaymentIntent answers. */
export interface ConfirmPaymentIntentPayload {
  /** The intent as it stood when it was confirmed. */
  readonly paymentIntent: PaymentIntent;

  /** What the idempotency key decided. */
  readonly idempotency: Idempotency;
}

/** What capturePaymentIntent answers. */
export interface CapturePaymentIntentPayload {
  /** The intent as it stood when the capture was made. */
  readonly paymentIntent: PaymentIntent;

  /** What the idempotency key decided. */
  readonly idempotency: Idempotency;
}

/** What cancelPaymentIntent answers. */
export interface CancelPaymentIntentPayload {
  /** The intent as it stood when it was canceled: PROCESSING while an authorisation is released first. */
  readonly paymentIntent: PaymentIntent;

  /** What the idempotency key decided. */
  readonly idempotency: Idempotency;
}

/** What refundPaymentIntent answers. */
export interface RefundPaymentIntentPayload {
  /** The refund as it stood when it was made. */
  readonly refund: Refund;

  /** What the idempotency key decided. */
  readonly idempotency: Idempotency;
}

/** What createWebhookEndpoint answers. */
export interface CreateWebhookEndpointPayload {
  /** The endpoint. */
  readonly webhookEndpoint: WebhookEndpoint;

  /** What the deliveries are signed with, as Standard Webhooks wants it: whsec_…. */
  readonly secret: string;

  /** What the idempotency key decided. */
  readonly idempotency: Idempotency;
}

/** What replayWebhookDelivery answers. */
export interface ReplayWebhookDeliveryPayload {
  /** The new delivery; replayOf names the old one. */
  readonly webhookDelivery: WebhookDelivery;

  /** What the idempotency key decided. */
  readonly idempotency: Idempotency;
}

/** What createMerchant answers. */
export interface CreateMerchantPayload {
  /** The merchant. */
  readonly merchant: Merchant;

  /** Its backend's key. Shown in the answer to the first request and never again. */
  readonly secretKey: string | null;

  /** Its frontend's key. Shown in the answer to the first request and never again. */
  readonly publishableKey: string | null;

  /** Its operators' key. Shown in the answer to the first request and never again. */
  readonly operatorKey: string | null;

  /** What the idempotency key decided. */
  readonly idempotency: Idempotency;
}

/** A page of a list. */
export interface PaymentIntentConnection {
  /** The page's items with their cursors. */
  readonly edges: readonly {
    /** Where the item stands in the list; opaque. */
    readonly cursor: string;

    /** The item. */
    readonly node: PaymentIntent;
  }[];

  /** Where the page lies in the list. */
  readonly pageInfo: PageInfo;
}

/** A page of a list. */
export interface EventConnection {
  /** The page's items with their cursors. */
  readonly edges: readonly {
    /** Where the item stands in the list; opaque. */
    readonly cursor: string;

    /** The item. */
    readonly node: Event;
  }[];

  /** Where the page lies in the list. */
  readonly pageInfo: PageInfo;
}

/** A page of a list. */
export interface WebhookEndpointConnection {
  /** The page's items with their cursors. */
  readonly edges: readonly {
    /** Where the item stands in the list; opaque. */
    readonly cursor: string;

    /** The item. */
    readonly node: WebhookEndpoint;
  }[];

  /** Where the page lies in the list. */
  readonly pageInfo: PageInfo;
}

/** A page of a list. */
export interface WebhookDeliveryConnection {
  /** The page's items with their cursors. */
  readonly edges: readonly {
    /** Where the item stands in the list; opaque. */
    readonly cursor: string;

    /** The item. */
    readonly node: WebhookDelivery;
  }[];

  /** Where the page lies in the list. */
  readonly pageInfo: PageInfo;
}

/** An account of the merchant's double-entry ledger, in one currency. */
export interface LedgerAccountResult {
  /** The object's id: opaque, prefixed by its kind, sorted by time. */
  readonly id: string;

  /** What the account holds. */
  readonly kind: LedgerAccountKind;

  /** The account's currency. */
  readonly currency: string;

  /** When the account was opened. */
  readonly createdAt: string;

  /** What the account holds, on the side that it grows on: assets and expenses by debits, liabilities by credits. */
  readonly balance: number;

  /** What is held and not posted: authorisations that are neither captured nor released. */
  readonly pendingBalance: number;

  /** Its entries, newest first. */
  readonly entries: {
    /** The page's items with their cursors. */
    readonly edges: readonly {
      /** Where the item stands in the list; opaque. */
      readonly cursor: string;

      /** The item. */
      readonly node: LedgerEntry;
    }[];

    /** Where the page lies in the list. */
    readonly pageInfo: PageInfo;
  };
}

/** Proof that the books balance, for each currency. Holds on cards are not in it. */
export interface TrialBalance {
  /** Whether every difference is zero. */
  readonly balanced: boolean;

  /** The sums, for each currency that was used. */
  readonly currencies: readonly {
    /** The currency. */
    readonly currency: string;

    /** The sum of all debits. */
    readonly debits: number;

    /** The sum of all credits. */
    readonly credits: number;

    /** Debits less credits: always zero. */
    readonly difference: number;
  }[];
}

/** What became of an operation: for a client that has lost the answer. */
export interface Operation {
  /** The mutation's name. */
  readonly name: string;

  /** The key that it was sent with. */
  readonly idempotencyKey: string;

  /** What is known about it. */
  readonly status: OperationStatus;

  /** When it was executed. */
  readonly firstSeenAt: string | null;

  /** The original result: a payment intent, a refund, an endpoint, a delivery or a merchant. */
  readonly result: Node | null;

  /** The original refusal. */
  readonly error: {
    /** Why it was refused. */
    readonly code: ErrorCode;

    /** The same for people. */
    readonly message: string;

    /** What helps to understand it. */
    readonly details: unknown;
  } | null;
}

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

  /** The feed of events, oldest first. Go on from endCursor, also of an empty page: no event is ever skipped, however late its commit. */
  readonly events: {
    variables: {
      readonly types?: readonly string[] | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
    };
    result: EventConnection;
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

  /** An account by its id, or by its kind and its currency; null while nothing was posted in that currency. */
  readonly ledgerAccount: {
    variables: {
      readonly id?: string | null | undefined;
      readonly kind?: LedgerAccountKind | null | undefined;
      readonly currency?: string | null | undefined;
      readonly asOf?: string | null | undefined;
      readonly first?: number | null | undefined;
      readonly after?: string | null | undefined;
      readonly last?: number | null | undefined;
      readonly before?: string | null | undefined;
    };
    result: LedgerAccountResult | null;
  };

  /** The sums of both sides of the merchant's books. */
  readonly trialBalance: { variables: Record<string, never>; result: TrialBalance };

  /** The merchant that the API key belongs to. */
  readonly merchant: { variables: Record<string, never>; result: Merchant };

  /** Any object by its id; null when this merchant has none with this id. */
  readonly node: { variables: { readonly id: string }; result: Node | null };

  /** Tells what became of a mutation, by its name and its idempotency key. It executes nothing. */
  readonly operation: {
    variables: { readonly name: string; readonly idempotencyKey: string };
    result: Operation;
  };
}
