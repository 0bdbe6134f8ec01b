import { z } from "zod";
import {
  AUTHORIZATION_EXPIRED,
  AUTHORIZATION_EXPIRY_POLICIES,
  CANCELLATION_REASONS,
  PAYMENT_INTENT_STATUSES,
  REFUND_REASONS,
} from "../payments/payment-intent";
import {
  DECLINE_ADVICE,
  DISPUTE_REASONS,
  DISPUTE_STATUSES,
  PAYOUT_STATUSES,
} from "../processors/processor";
import { BREAK_KINDS, BREAK_SOURCES, BREAK_STATUSES } from "../reconciliation/break";
import type { EventType } from "./event-types";

/*
 * What receivers may rely on, as JSON Schema (2020-12). Fields and values may be added without another API version: so
 * an object may have more fields than are named, and words that are known by now are examples and no closed list.
 */

const moment = z.iso.datetime();
const minorUnits = z.int().nonnegative();
const currency = z.string().length(3);
const metadata = z.record(z.string(), z.string());
const word = (known: readonly string[]) => z.string().meta({ examples: [...known] });

const intent = z.looseObject({
  id: z.string(),
  object: z.literal("payment_intent"),
  status: word(PAYMENT_INTENT_STATUSES),
  amount: minorUnits,
  currency,
  captureMethod: word(["AUTOMATIC", "MANUAL"]),
  paymentMethod: z.string().nullable(),
  amountAuthorized: minorUnits,
  amountCapturable: minorUnits,
  amountCaptured: minorUnits,
  amountRefunded: minorUnits,
  amountRefundable: minorUnits,
  // This, and whatever else is optional, is absent in events from before there was such a thing.
  amountDisputed: minorUnits.optional(),
  description: z.string().nullable(),
  customer: z.string().nullable(),
  merchantReference: z.string().nullable(),
  metadata,
  lastPaymentError: z
    .looseObject({
      code: z.string(),
      declineCode: z.string().nullable(),
      message: z.string(),
      adviceCode: word(DECLINE_ADVICE).nullable().optional(),
      networkDeclineCode: z.string().nullable().optional(),
      retryable: z.boolean(),
      attempt: z.string(),
    })
    .nullable(),
  nextAction: z
    .looseObject({ type: word(["REDIRECT"]), redirectUrl: z.url(), expiresAt: moment })
    .nullable(),
  cancellationReason: word([...CANCELLATION_REASONS, AUTHORIZATION_EXPIRED]).nullable(),
  cancellationRequestedAt: moment.nullable().optional(),
  authorizationExpiresAt: moment.nullable().optional(),
  authorizationExpiredAt: moment.nullable().optional(),
  authorizationExpiryPolicy: word(AUTHORIZATION_EXPIRY_POLICIES).nullable().optional(),
  version: z.int().positive(),
  personalDataErasedAt: moment.nullable(),
  createdAt: moment,
  updatedAt: moment,
});

const capture = z.looseObject({
  id: z.string(),
  object: z.literal("capture"),
  paymentIntentId: z.string(),
  status: word(["PENDING", "SUCCEEDED", "FAILED"]),
  amount: minorUnits,
  currency,
  final: z.boolean(),
  failureCode: z.string().nullable(),
  createdAt: moment,
  updatedAt: moment,
});

const refund = z.looseObject({
  id: z.string(),
  object: z.literal("refund"),
  paymentIntentId: z.string(),
  status: word(["PENDING", "SUCCEEDED", "FAILED", "REVERSED"]),
  amount: minorUnits,
  currency,
  reason: word(REFUND_REASONS).nullable(),
  note: z.string().nullable().optional(),
  metadata,
  failureCode: z.string().nullable(),
  personalDataErasedAt: moment.nullable(),
  createdAt: moment,
  updatedAt: moment,
});

const dispute = z.looseObject({
  id: z.string(),
  object: z.literal("dispute"),
  paymentIntentId: z.string(),
  attemptId: z.string(),
  status: word(DISPUTE_STATUSES),
  reason: word(DISPUTE_REASONS),
  amount: minorUnits,
  currency,
  fee: minorUnits,
  processorDisputeId: z.string(),
  evidenceDueBy: moment.nullable(),
  openedAt: moment,
  closedAt: moment.nullable(),
  version: z.int().positive(),
  createdAt: moment,
  updatedAt: moment,
});

const payout = z.looseObject({
  id: z.string(),
  object: z.literal("payout"),
  status: word(PAYOUT_STATUSES),
  // Below zero where the merchant owed more than it was owed.
  amount: z.int(),
  currency,
  lineCount: z.int().positive(),
  processor: z.string(),
  processorAccountId: z.string().nullable().optional(),
  processorPayoutId: z.string(),
  arrivesAt: moment,
  changedAt: moment,
  version: z.int().positive(),
  createdAt: moment,
  updatedAt: moment,
});

const endpoint = z.looseObject({
  id: z.string(),
  object: z.literal("webhook_endpoint"),
  url: z.url(),
  description: z.string().nullable(),
  eventTypes: z.array(z.string()),
  metadata,
  apiVersion: z.string(),
  status: word(["PENDING", "ENABLED", "DISABLED"]),
  disabledReason: z.string().nullable().optional(),
  failures: z.int().nonnegative().optional(),
  failingSince: moment.nullable().optional(),
  disablesAt: moment.nullable().optional(),
  createdAt: moment,
  updatedAt: moment,
});

const side = z.looseObject({
  amount: minorUnits.nullable(),
  currency: z.string().nullable(),
  fee: minorUnits.nullable(),
  state: z.string().nullable(),
});

const reconciliationBreak = z.looseObject({
  id: z.string(),
  object: z.literal("reconciliation_break"),
  merchantId: z.string(),
  kind: word(BREAK_KINDS),
  status: word(BREAK_STATUSES),
  source: word(BREAK_SOURCES),
  processor: z.string().nullable(),
  processorAccountId: z.string().nullable().optional(),
  reportId: z.string().nullable(),
  subjectId: z.string(),
  paymentIntentId: z.string().nullable(),
  currency,
  detail: z.string(),
  ours: side.nullable(),
  theirs: side.nullable(),
  proposal: z
    .looseObject({
      corrects: z.string().nullable(),
      postings: z.array(
        z.looseObject({ debit: z.string(), credit: z.string(), amount: minorUnits }),
      ),
    })
    .nullable(),
  owner: z.string().nullable(),
  explanation: z.string().nullable(),
  resolution: z.string().nullable(),
  journalId: z.string().nullable(),
  foundAt: moment,
  explainedAt: moment.nullable(),
  resolvedAt: moment.nullable(),
});

// What an event is about is the first word of its type; an authorisation is shown by its intent.
const OBJECTS = {
  payment_intent: intent,
  authorization: intent,
  capture,
  refund,
  dispute,
  payout,
  reconciliation: reconciliationBreak,
  webhook_endpoint: endpoint,
};

/** The whole of a webhook's body of this type. */
export function bodyOf(type: EventType) {
  const subject = type.split(".")[0] as keyof typeof OBJECTS;
  return z.looseObject({
    id: z.string().meta({ description: "Equal to the header webhook-id." }),
    type: z.literal(type),
    apiVersion: z.string(),
    timestamp: moment,
    createdAt: moment,
    subjectId: z.string(),
    sequence: z.int().positive().nullable(),
    data: z.looseObject({ object: OBJECTS[subject] }),
  });
}

export function jsonSchemaOf(type: EventType): object {
  return z.toJSONSchema(bodyOf(type));
}
