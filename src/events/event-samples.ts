import type { Dispute } from "../payments/dispute";
import type { Capture, PaymentIntent, Refund } from "../payments/payment-intent";
import type { Payout } from "../payouts/payout";
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
  amountDisputed: 0,
  merchantReference: "order-1042",
  lastPaymentError: null,
  nextAction: null,
  cancellationReason: null,
  cancellationRequestedAt: null,
  authorizationExpiresAt: null,
  authorizationExpiredAt: null,
  authorizationExpiryPolicy: null,
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
  authorizationExpiresAt: "2026-11-27T10:30:00.000Z",
  authorizationExpiryPolicy: "NOTIFY",
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

const DISPUTE_ID = "dp_01kaex4m00n2c7rv5h8s3q6zwt";

const DISPUTE: Dispute = {
  id: DISPUTE_ID,
  object: "dispute",
  paymentIntentId: INTENT_ID,
  attemptId: "att_01kaex4m00a5m8rc6v2g9jz4nh",
  status: "OPEN",
  reason: "FRAUDULENT",
  amount: 2_500,
  currency: "USD",
  fee: 1_500,
  processorDisputeId: "dsp_01kaex4m00k4",
  evidenceDueBy: "2026-11-27T10:30:00.000Z",
  openedAt: AT,
  closedAt: null,
  version: 1,
  createdAt: AT,
  updatedAt: AT,
};

const CLOSED = { closedAt: "2026-12-01T10:30:00.000Z", version: 2 };

const PAYOUT_ID = "po_01kaex4m00y3d6tk8r5w2n9vbc";

const PAYOUT: Payout = {
  id: PAYOUT_ID,
  object: "payout",
  status: "IN_TRANSIT",
  amount: 2_397,
  currency: "USD",
  lineCount: 2,
  processor: "sandbox",
  processorAccountId: null,
  processorPayoutId: "pay_01kaex4m00t7",
  arrivesAt: "2026-11-22T00:00:00.000Z",
  changedAt: AT,
  version: 1,
  createdAt: AT,
  updatedAt: AT,
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

const BREAK_ID = "brk_01kaex4m00w7c2rk5d9t3v8nqh";

const BREAK = {
  id: BREAK_ID,
  object: "reconciliation_break",
  merchantId: "mer_01kaex4m00p3d8wk6r2t9v5nzc",
  kind: "FEE",
  status: "OPEN",
  source: "SETTLEMENT_FILE",
  processor: "sandbox",
  processorAccountId: null,
  reportId: "rec_01kaex4m00d2h6mk8w4t7v9nrs",
  subjectId: "att_01kaex4m00a5m8rc6v2g9jz4nh",
  paymentIntentId: INTENT_ID,
  currency: "USD",
  detail: "a fee of 103 USD there, and of 0 USD here",
  ours: { amount: 2_500, currency: "USD", fee: 0, state: "SUCCEEDED" },
  theirs: { amount: 2_500, currency: "USD", fee: 103, state: "capture" },
  proposal: {
    corrects: "jrn_01kaex4m00s5b9tk3w7d2v6nyg",
    postings: [{ debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: 103 }],
  },
  owner: null,
  explanation: null,
  resolution: null,
  journalId: null,
  foundAt: AT,
  explainedAt: null,
  resolvedAt: null,
};

const EXPLAINED = {
  status: "EXPLAINED",
  owner: "Ada",
  explanation: "the fee of the new contract",
  explainedAt: AT,
};

const OBJECTS: Readonly<
  Record<
    EventType,
    PaymentIntent | Capture | Refund | Dispute | Payout | Readonly<Record<string, unknown>>
  >
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
  "payment_intent.amount_disputed_updated": {
    ...INTENT,
    status: "SUCCEEDED",
    amountAuthorized: 2_500,
    amountCaptured: 2_500,
    amountDisputed: 2_500,
    version: 4,
  },
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
  "authorization.expiring": { ...INTENT, ...AUTHORISED, version: 4 },
  "capture.created": CAPTURE,
  "capture.succeeded": { ...CAPTURE, status: "SUCCEEDED" },
  "capture.failed": { ...CAPTURE, status: "FAILED", failureCode: "expired_authorization" },
  "refund.created": REFUND,
  "refund.succeeded": { ...REFUND, status: "SUCCEEDED" },
  "refund.failed": { ...REFUND, status: "FAILED", failureCode: "account_closed" },
  "dispute.created": DISPUTE,
  "dispute.won": { ...DISPUTE, ...CLOSED, status: "WON" },
  "dispute.lost": { ...DISPUTE, ...CLOSED, status: "LOST" },
  "payout.created": PAYOUT,
  "payout.paid": { ...PAYOUT, status: "PAID", version: 2 },
  "payout.failed": { ...PAYOUT, status: "FAILED", version: 3 },
  "reconciliation.break_found": BREAK,
  "reconciliation.break_explained": { ...BREAK, ...EXPLAINED },
  "reconciliation.break_resolved": {
    ...BREAK,
    ...EXPLAINED,
    status: "RESOLVED",
    resolution: "DISMISSED",
    resolvedAt: AT,
  },
  "webhook_endpoint.failing": FAILING_ENDPOINT,
  "webhook_endpoint.disabled": {
    ...FAILING_ENDPOINT,
    status: "DISABLED",
    disabledReason: "it did nothing but fail for 5 days",
    disablesAt: null,
  },
  "webhook_endpoint.test": ENDPOINT,
};

/** What an event is about, unless it is a payment intent: that is also what captures and refunds are part of. */
const SUBJECTS: Readonly<Record<string, string>> = {
  dispute: DISPUTE_ID,
  payout: PAYOUT_ID,
  reconciliation: BREAK_ID,
  webhook_endpoint: ENDPOINT_ID,
};

/** An event as an endpoint receives it; the same as what webhookBody() writes. */
export function sampleOf(type: EventType): Readonly<Record<string, unknown>> {
  const object = OBJECTS[type];
  const subjectId = SUBJECTS[type.slice(0, type.indexOf("."))] ?? INTENT_ID;
  return {
    id: "evt_01kaex4m00h4w7bd3t8y5nk2qs",
    type,
    apiVersion: API_VERSION,
    timestamp: AT,
    createdAt: AT,
    subjectId,
    sequence: [ENDPOINT_ID, BREAK_ID].includes(subjectId)
      ? null
      : "version" in object
        ? object.version
        : 4,
    data: { object },
  };
}
