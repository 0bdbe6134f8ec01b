/** What merchants hear about. Adding a type is compatible; changing or removing one is not. */
const DESCRIPTIONS = {
  "payment_intent.created": "A payment intent was created.",
  "payment_intent.updated":
    "The amount, the description, the customer or the metadata of a payment intent was changed, before it was confirmed.",
  "payment_intent.processing":
    "A payment intent was confirmed, authenticated, captured or canceled, and the processor has yet to answer.",
  "payment_intent.requires_action":
    "The shopper must do something before the payment can continue.",
  "payment_intent.amount_capturable_updated":
    "The capturable amount has changed: the payment was authorised or partly captured, or could not be canceled.",
  "payment_intent.amount_disputed_updated":
    "The disputed amount has changed: a dispute was opened or won. What is disputed cannot be refunded.",
  "payment_intent.payment_failed":
    "The payment attempt failed, usually because the card was declined. The status says whether the payment can be tried again.",
  "payment_intent.succeeded": "The money for the payment has been captured.",
  "payment_intent.canceled": "The payment was canceled before any money was captured.",
  "authorization.expiring":
    "An authorisation is about to expire: what has not been captured by `authorizationExpiresAt` is released. Whether it is captured or voided before is for the intent's `authorizationExpiryPolicy` to say.",
  "capture.created": "A capture was requested, and its amount is reserved.",
  "capture.succeeded": "A capture succeeded: the money has been captured.",
  "capture.failed": "A capture failed, and its amount may be captured again.",
  "refund.created": "A refund was requested, and its amount is reserved.",
  "refund.succeeded": "A refund succeeded: the processor has accepted it.",
  "refund.failed":
    "A refund failed, or the money came back after it had succeeded, in which case its status is REVERSED. The amount may be refunded again.",
  "dispute.created":
    "A shopper's bank has taken back some or all of what was captured, and says why. It is not the merchant's until the dispute is won.",
  "dispute.won": "A dispute was decided in favour of the merchant, who has the amount again.",
  "dispute.lost": "A dispute was decided in favour of the shopper, and the amount is gone.",
  "payout.created":
    "The processor has sent money to the merchant's bank, and it has not arrived. The lines that it consists of are listed by `payout`.",
  "payout.paid": "A payout has arrived.",
  "payout.failed":
    "A payout has failed, or came back after it had arrived: the merchant has the amount again.",
  "reconciliation.break_found":
    "Something differs between the payments, the ledger and what the processor says it moved. It is looked into, and stays open until it is resolved.",
  "reconciliation.break_explained": "Somebody has written down what a difference comes from.",
  "reconciliation.break_resolved":
    "A difference is settled: `resolution` says whether it closed itself, was corrected, dismissed, or given back.",
  "webhook_endpoint.failing":
    "A webhook endpoint has answered nothing but failures for some time, and will be disabled if that goes on. It is told after 1, 24, 72 and 96 hours.",
  "webhook_endpoint.disabled":
    "A webhook endpoint was disabled; `disabledReason` says why. What is meant for it is kept.",
  "webhook_endpoint.test":
    "A test that sendTestWebhook has sent to one endpoint, whatever types of events it receives. It says what the endpoint is.",
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
