import type { Capture, PaymentIntent, Refund } from "../payments/payment-intent";
import { API_VERSION, type EventType } from "./event-types";

/** What an event of each type may look like, for whoever writes a receiver. A test holds them to real events. */
const AT = "2026-11-20T10:30:00.000Z";
const INTENT_ID = "pi_01kaex4m00s3v8qk2n7d5hw6rt";

const INTENT: PaymentIntent = {
  id: INTENT_ID,
  object: "payment_intent",
  status: "REQUIRES_CONFIRMATION",
  amount: 2_500,
  currency: "USD",
  captureMethod: "AUTOMATIC",
  paymentMethod: "pm_card_visa",
  amountAuthorized: 0,
  amountCapturable: 0,
  amountCaptured: 0,
  amountRefunded: 0,
  amountRefundable: 0,
  merchantReference: "order-1042",
  lastPaymentError: null,
  nextAction: null,
  cancellationReason: null,
  version: 1,
  createdAt: AT,
  updatedAt: AT,
  description: null,
  customer: "customer-7",
  metadata: { basket: "b-77" },
  personalDataErasedAt: null,
};

const AUTHORISED: Partial<PaymentIntent> = {
  status: "REQUIRES_CAPTURE",
  captureMethod: "MANUAL",
  amountAuthorized: 2_500,
  amountCapturable: 2_500,
  version: 3,
};

const CAPTURE: Capture = {
  id: "cap_01kaex4m00c1f9tz4y6b3js8gm",
  object: "capture",
  paymentIntentId: INTENT_ID,
  status: "PENDING",
  amount: 2_500,
  currency: "USD",
  final: true,
  failureCode: null,
  createdAt: AT,
  updatedAt: AT,
};

const REFUND: Refund = {
  id: "re_01kaex4m00e7p2xw5n9q4kd3vb",
  object: "refund",
  paymentIntentId: INTENT_ID,
  status: "PENDING",
  amount: 500,
  currency: "USD",
  reason: "REQUESTED_BY_CUSTOMER",
  failureCode: null,
  createdAt: AT,
  updatedAt: AT,
  metadata: {},
  note: "one of two chairs came back",
  personalDataErasedAt: null,
};

const ENDPOINT_ID = "we_01kaex4m00b6t3kd9w8q2v5nyr";

const ENDPOINT = {
  id: ENDPOINT_ID,
  object: "webhook_endpoint",
  url: "https://shop.example/webhooks",
  description: null,
  eventTypes: ["payment_intent.succeeded"],
  metadata: {},
  apiVersion: API_VERSION,
  status: "ENABLED",
  createdAt: AT,
  updatedAt: AT,
};

const FAILING_ENDPOINT = {
  ...ENDPOINT,
  disabledReason: null,
  failures: 112,
  failingSince: AT,
  disablesAt: "2026-11-25T10:30:00.000Z",
};

const OBJECTS: Readonly<
  Record<EventType, PaymentIntent | Capture | Refund | Readonly<Record<string, unknown>>>
> = {
  "payment_intent.created": INTENT,
  "payment_intent.updated": { ...INTENT, amount: 2_700, version: 2 },
  "payment_intent.processing": { ...INTENT, status: "PROCESSING", version: 2 },
  "payment_intent.requires_action": {
    ...INTENT,
    status: "REQUIRES_ACTION",
    version: 3,
    nextAction: {
      type: "REDIRECT",
      redirectUrl: "https://bank.example/authenticate/7f3a",
      expiresAt: "2026-11-20T11:30:00.000Z",
    },
  },
  "payment_intent.amount_capturable_updated": { ...INTENT, ...AUTHORISED },
  "payment_intent.payment_failed": {
    ...INTENT,
    status: "REQUIRES_PAYMENT_METHOD",
    paymentMethod: null,
    version: 3,
    lastPaymentError: {
      code: "card_declined",
      declineCode: "insufficient_funds",
      message: "The card has insufficient funds.",
      retryable: true,
      attempt: "att_01kaex4m00a5m8rc6v2g9jz4nh",
      adviceCode: "TRY_AGAIN_LATER",
      networkDeclineCode: "51",
    },
  },
  "payment_intent.succeeded": {
    ...INTENT,
    status: "SUCCEEDED",
    amountAuthorized: 2_500,
    amountCaptured: 2_500,
    amountRefundable: 2_500,
    version: 3,
  },
  "payment_intent.canceled": {
    ...INTENT,
    status: "CANCELED",
    cancellationReason: "ABANDONED",
    version: 2,
  },
  "capture.created": CAPTURE,
  "capture.succeeded": { ...CAPTURE, status: "SUCCEEDED" },
  "capture.failed": { ...CAPTURE, status: "FAILED", failureCode: "expired_authorization" },
  "refund.created": REFUND,
  "refund.succeeded": { ...REFUND, status: "SUCCEEDED" },
  "refund.failed": { ...REFUND, status: "FAILED", failureCode: "account_closed" },
  "webhook_endpoint.failing": FAILING_ENDPOINT,
  "webhook_endpoint.disabled": {
    ...FAILING_ENDPOINT,
    status: "DISABLED",
    disabledReason: "it did nothing but fail for 5 days",
    disablesAt: null,
  },
  "webhook_endpoint.test": ENDPOINT,
};

/** An event as an endpoint receives it; the same as what webhookBody() writes. */
export function sampleOf(type: EventType): Readonly<Record<string, unknown>> {
  const object = OBJECTS[type];
  const isOfIntent = !type.startsWith("webhook_endpoint.");
  return {
    id: "evt_01kaex4m00h4w7bd3t8y5nk2qs",
    type,
    apiVersion: API_VERSION,
    timestamp: AT,
    createdAt: AT,
    subjectId: isOfIntent ? INTENT_ID : ENDPOINT_ID,
    sequence: !isOfIntent ? null : "version" in object ? object.version : 4,
    data: { object },
  };
}
