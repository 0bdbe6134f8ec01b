/** What merchants hear about. Adding a type is compatible; changing or removing one is not. */
export const EVENT_TYPES = [
  "payment_intent.created",
  "payment_intent.processing",
  "payment_intent.requires_action",
  "payment_intent.amount_capturable_updated",
  "payment_intent.payment_failed",
  "payment_intent.succeeded",
  "payment_intent.canceled",
  "capture.created",
  "capture.succeeded",
  "capture.failed",
  "refund.created",
  "refund.succeeded",
  "refund.failed",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** The version of the shapes in data.object. */
export const API_VERSION = "2026-11-20";

export function isEventType(value: string): value is EventType {
  return (EVENT_TYPES as readonly string[]).includes(value);
}
