/** What merchants hear about. Adding a type is compatible; changing or removing one is not. */
const DESCRIPTIONS = {
  "payment_intent.created": "A payment intent was created.",
  "payment_intent.processing":
    "The payment was confirmed, authenticated, captured or canceled, and the processor has yet to answer.",
  "payment_intent.requires_action": "The shopper must do something before the payment can go on.",
  "payment_intent.amount_capturable_updated":
    "What may be captured has changed: the payment was authorised, a part of it was captured, or it could not be canceled.",
  "payment_intent.payment_failed":
    "The card was declined. The status says whether another try is possible.",
  "payment_intent.succeeded": "The money of the payment has been captured.",
  "payment_intent.canceled": "The payment ended before any money was captured.",
  "capture.created": "A capture was asked for, and its amount is reserved.",
  "capture.succeeded": "The money of a capture has been captured.",
  "capture.failed": "A capture failed, and its amount may be captured again.",
  "refund.created": "A refund was asked for, and its amount is reserved.",
  "refund.succeeded": "The processor has accepted a refund.",
  "refund.failed":
    "A refund failed, or came back after it had succeeded: then its status is REVERSED. Its amount may be refunded again.",
} as const;

export type EventType = keyof typeof DESCRIPTIONS;

export const EVENT_TYPES = Object.keys(DESCRIPTIONS) as readonly EventType[];

/** The version of the shapes in data.object. */
export const API_VERSION = "2026-11-20";

export function isEventType(value: string): value is EventType {
  return Object.hasOwn(DESCRIPTIONS, value);
}

export function describeEventType(type: EventType): string {
  return DESCRIPTIONS[type];
}
