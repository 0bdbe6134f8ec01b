// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type { ErrorCode, EventType, LedgerAccountKind, OperationStatus } from "./enums";
import type {
  Attempt,
  Capture,
  Event,
  Idempotency,
  LedgerAccount,
  LedgerEntry,
  Merchant,
  Node,
  PageInfo,
  PaymentIntent,
  Refund,
  WebhookDelivery,
  WebhookEndpoint,
} from "./objects";

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

  /** What the deliveries are signed with, as Standard Webhooks wants it: whsec_…. Shown for 24 hours to the same idempotency key, and null after that. */
  readonly secret: string | null;

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

  /** Its backend's key. Shown for 24 hours to the same idempotency key, and null after that. */
  readonly secretKey: string | null;

  /** Its frontend's key. Shown for 24 hours to the same idempotency key, and null after that. */
  readonly publishableKey: string | null;

  /** Its operators' key. Shown for 24 hours to the same idempotency key, and null after that. */
  readonly operatorKey: string | null;

  /** What the idempotency key decided. */
  readonly idempotency: Idempotency;
}

/** What resolveUnknownAttempt answers. */
export interface ResolveUnknownAttemptPayload {
  /** The intent as the resolution left it. */
  readonly paymentIntent: PaymentIntent;

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
export interface RefundConnection {
  /** The page's items with their cursors. */
  readonly edges: readonly {
    /** Where the item stands in the list; opaque. */
    readonly cursor: string;

    /** The item. */
    readonly node: Refund;
  }[];

  /** Where the page lies in the list. */
  readonly pageInfo: PageInfo;
}

/** A page of a list. */
export interface CaptureConnection {
  /** The page's items with their cursors. */
  readonly edges: readonly {
    /** Where the item stands in the list; opaque. */
    readonly cursor: string;

    /** The item. */
    readonly node: Capture;
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

/** A type of event. */
export interface EventTypeDescription {
  /** The type's name. */
  readonly type: EventType;

  /** What an event of this type announces. */
  readonly description: string;

  /** An event of this type, as an endpoint receives it. */
  readonly sample: unknown;
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

/** A page of a list. */
export interface AttemptConnection {
  /** The page's items with their cursors. */
  readonly edges: readonly {
    /** Where the item stands in the list; opaque. */
    readonly cursor: string;

    /** The item. */
    readonly node: Attempt;
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
  readonly balance: string;

  /** What is held and not posted: authorisations that are neither captured nor released. */
  readonly pendingBalance: string;

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

/** A page of a list. */
export interface LedgerAccountConnection {
  /** The page's items with their cursors. */
  readonly edges: readonly {
    /** Where the item stands in the list; opaque. */
    readonly cursor: string;

    /** The item. */
    readonly node: LedgerAccount;
  }[];

  /** Where the page lies in the list. */
  readonly pageInfo: PageInfo;
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
    readonly debits: string;

    /** The sum of all credits. */
    readonly credits: string;

    /** Debits less credits: always zero. */
    readonly difference: string;
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
