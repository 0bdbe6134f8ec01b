// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  CancelPaymentIntentInput,
  CapturePaymentIntentInput,
  ConfirmPaymentIntentInput,
  CreatePaymentIntentInput,
  Idempotency,
  PageInfo,
  PaymentIntent,
  PaymentIntentFilter,
  Refund,
  RefundPaymentIntentInput,
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
}
