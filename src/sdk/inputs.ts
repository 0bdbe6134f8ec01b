// Printed from schema/schema.graphql and documents.ts; a test fails when it is stale.
import type {
  CancellationReasonInput,
  CaptureMethod,
  CaptureStatus,
  DeliveryStatus,
  EventType,
  LedgerAccountKind,
  PaymentIntentStatus,
  RefundReasonInput,
  RefundStatus,
  UnknownAttemptResolution,
} from "./enums";

/** Which payment to end. */
export interface CancelPaymentIntentInput {
  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** Why it is canceled. */
  readonly reason?: CancellationReasonInput | null | undefined;
}

/** Which captures to list: those that every given field holds for. */
export interface CaptureFilter {
  /** Created at this moment or later. */
  readonly createdAfter?: string | null | undefined;

  /** Created before this moment. */
  readonly createdBefore?: string | null | undefined;

  /** Of this payment intent. */
  readonly paymentIntentId?: string | null | undefined;

  /** In one of these statuses. No index serves it: combine it with another field. */
  readonly statuses?: readonly CaptureStatus[] | null | undefined;
}

/** How much of what was authorised to take. */
export interface CapturePaymentIntentInput {
  /** The amount to take, at least 1; all that may be captured when absent. */
  readonly amount?: number | null | undefined;

  /** Whether what this leaves of the authorisation is released. */
  readonly final?: boolean | null | undefined;

  /** The payment intent's id. */
  readonly paymentIntentId: string;
}

/** Which payment to make, and with what. */
export interface ConfirmPaymentIntentInput {
  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** A processor's token, in place of the intent's own. Card numbers are refused. */
  readonly paymentMethod?: string | null | undefined;

  /** Where the shopper comes back to after authenticating. */
  readonly returnUrl?: string | null | undefined;
}

/** The merchant to create. */
export interface CreateMerchantInput {
  /** Its name, 1 to 200 characters. */
  readonly name: string;
}

/** What a merchant wants to be paid. */
export interface CreatePaymentIntentInput {
  /** The amount in the currency's minor unit, at least 1. */
  readonly amount: number;

  /** When the money is taken. */
  readonly captureMethod?: CaptureMethod | null | undefined;

  /** The amount's currency. */
  readonly currency: string;

  /** The merchant's name for the shopper, at most 255 characters. */
  readonly customer?: string | null | undefined;

  /** What the payment is for, at most 1000 characters. */
  readonly description?: string | null | undefined;

  /** The merchant's own number of the payment, at most 255 characters. */
  readonly merchantReference?: string | null | undefined;

  /** The merchant's own pairs. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;

  /** A processor's token, at most 255 characters. Card numbers are refused. */
  readonly paymentMethod?: string | null | undefined;
}

/** Where to post events, and which. */
export interface CreateWebhookEndpointInput {
  /** What the endpoint is for, at most 1000 characters. */
  readonly description?: string | null | undefined;

  /** Which types to post; all of them when absent or empty. */
  readonly eventTypes?: readonly EventType[] | null | undefined;

  /** Where to post: https, at a public address. */
  readonly url: string;
}

/** Which dead letters to list. */
export interface DeadLetterFilter {
  /** On their way to this endpoint. */
  readonly endpointId?: string | null | undefined;

  /** Of this event. */
  readonly eventId?: string | null | undefined;
}

/** Which events to list. */
export interface EventFilter {
  /** Of one of these types. */
  readonly types?: readonly EventType[] | null | undefined;
}

/** Which ledger accounts to list: those that every given field holds for. */
export interface LedgerAccountFilter {
  /** In one of these currencies. */
  readonly currencies?: readonly string[] | null | undefined;

  /** Of one of these kinds. */
  readonly kinds?: readonly LedgerAccountKind[] | null | undefined;
}

/** A pair of a payment intent's metadata. */
export interface MetadataFilter {
  /** Its key. */
  readonly key: string;

  /** Its value. */
  readonly value: string;
}

/** Which payment intents to list: those that every given field holds for. No index serves amount, metadata and updatedAfter: combine them with another field. */
export interface PaymentIntentFilter {
  /** Of exactly this amount. */
  readonly amount?: number | null | undefined;

  /** Created at this moment or later. */
  readonly createdAfter?: string | null | undefined;

  /** Created before this moment. */
  readonly createdBefore?: string | null | undefined;

  /** Of this customer. */
  readonly customer?: string | null | undefined;

  /** With this number of the merchant's own. */
  readonly merchantReference?: string | null | undefined;

  /** With this pair in its metadata. */
  readonly metadata?: MetadataFilter | null | undefined;

  /** In one of these statuses. */
  readonly statuses?: readonly PaymentIntentStatus[] | null | undefined;

  /** Last changed at this moment or later. */
  readonly updatedAfter?: string | null | undefined;
}

/** Which refunds to list: those that every given field holds for. */
export interface RefundFilter {
  /** Created at this moment or later. */
  readonly createdAfter?: string | null | undefined;

  /** Created before this moment. */
  readonly createdBefore?: string | null | undefined;

  /** Of this payment intent. */
  readonly paymentIntentId?: string | null | undefined;

  /** In one of these statuses. No index serves it: combine it with another field. */
  readonly statuses?: readonly RefundStatus[] | null | undefined;
}

/** How much of what was captured to give back. */
export interface RefundPaymentIntentInput {
  /** The amount to give back, at least 1; all that may be refunded when absent. */
  readonly amount?: number | null | undefined;

  /** The merchant's own pairs. */
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;

  /** The payment intent's id. */
  readonly paymentIntentId: string;

  /** Why it is refunded. */
  readonly reason?: RefundReasonInput | null | undefined;
}

/** Which delivery to repeat. */
export interface ReplayWebhookDeliveryInput {
  /** The delivery's id. */
  readonly deliveryId: string;
}

/** What an operator found out about an attempt. */
export interface ResolveUnknownAttemptInput {
  /** The attempt's id. */
  readonly attemptId: string;

  /** The processor's id of the charge. */
  readonly processorChargeId?: string | null | undefined;

  /** How that is known; kept as evidence for ever. */
  readonly reason: string;

  /** What happened at the processor. */
  readonly resolution: UnknownAttemptResolution;
}

/** Which deliveries to list: those that every given field holds for. */
export interface WebhookDeliveryFilter {
  /** On their way to this endpoint. */
  readonly endpointId?: string | null | undefined;

  /** Of this event. */
  readonly eventId?: string | null | undefined;

  /** In one of these statuses. */
  readonly statuses?: readonly DeliveryStatus[] | null | undefined;
}
