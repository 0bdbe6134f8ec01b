import type { DeclineAdvice } from "../processors/processor";
import type { ProcessorOperation } from "../processors/processor";

/**
 * An attempt is one try of one operation at a processor; its id is our reference there. It is sent at
 * most once. Its statuses:
 *
 * - QUEUED: not sent yet.
 * - SENT: a worker has claimed it and is calling the processor, or died while calling.
 * - UNKNOWN: sent, but no answer proves anything. It is looked up until there is evidence.
 * - REQUIRES_ACTION: the shopper must authenticate; the processor's webhook or a look-up tells how it went.
 * - SUCCEEDED, DECLINED: the processor's answer.
 * - ABANDONED: proven to have moved nothing (it never arrived, or was reversed), and no longer able to move anything.
 */
export const ATTEMPT_STATUSES = [
  "QUEUED",
  "SENT",
  "UNKNOWN",
  "REQUIRES_ACTION",
  "SUCCEEDED",
  "DECLINED",
  "ABANDONED",
] as const;
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number];

export function isSettled(status: AttemptStatus): boolean {
  return status === "SUCCEEDED" || status === "DECLINED" || status === "ABANDONED";
}

/**
 * Two operations exist besides those that a payment itself needs: "reverse" gives back what an attempt holds or may yet
 * move, to cancel its intent; "compensate" does the same for an attempt that was treated as failed and turns out to
 * have moved money after all, and leaves the intent alone.
 */
export type AttemptOperation = ProcessorOperation | "reverse" | "compensate";

export function isReversal(operation: AttemptOperation): operation is "reverse" | "compensate" {
  return operation === "reverse" || operation === "compensate";
}

/**
 * Which way each operation moves money. An authorisation only reserves some on the card, and a void lets go of it; what
 * "reverse" and "compensate" give back is in the books already, where it was posted when it moved.
 */
export const MOVES: Readonly<Record<AttemptOperation, "in" | "out" | null>> = {
  charge: "in",
  capture: "in",
  refund: "out",
  authorize: null,
  void: null,
  reverse: null,
  compensate: null,
};

export interface Attempt {
  readonly merchantId: string;
  readonly id: string;
  readonly paymentIntentId: string;
  readonly operation: AttemptOperation;
  readonly status: AttemptStatus;
  readonly processor: string;
  /** The merchant's account there; null: the installation's own. */
  readonly processorAccountId: string | null;
  /** The version of that account, where it was read to call it. */
  readonly accountVersion?: number | null;
  readonly amount: number;
  readonly currency: string;
  readonly paymentMethod: string | null;
  readonly returnUrl: string | null;
  readonly final: boolean | null;
  readonly captureId: string | null;
  readonly refundId: string | null;
  readonly targetAttemptId: string | null;
  /** The processor's name of what it has prepared, committed before it is sent: without one, it was never sent. */
  readonly processorRef: string | null;
  /** The processor's name of the attempt that this one acts on. */
  readonly targetProcessorRef: string | null;
  readonly replacesAttemptId: string | null;
  /** 1 for the first try; one more for each try that replaces one proven to have moved nothing. */
  readonly generation: number;
  readonly processorChargeId: string | null;
  readonly code: string | null;
  readonly declineCode: string | null;
  readonly adviceCode: DeclineAdvice | null;
  readonly networkDeclineCode: string | null;
  readonly message: string | null;
  readonly workerId: string | null;
  readonly sends: number;
  readonly lookups: number;
  /** It has been decided to undo it by its reference: from then on nothing but the acknowledgement settles it. */
  readonly reversing: boolean;
  readonly nextAt: Date | null;
  readonly sentAt: Date | null;
  readonly unknownSince: Date | null;
  readonly settledAt: Date | null;
  readonly createdAt: Date;
  /** The shopper's time to authenticate is over, by the database's clock. */
  readonly challengeExpired: boolean;
  /** Of the trace in which it was asked for. Only where it is claimed or locked: what is shown and kept has none. */
  readonly traceparent?: string | null;
}

/** What the books need to know of an attempt whose outcome is unknown. */
export type MayHaveMoved = Pick<
  Attempt,
  "merchantId" | "id" | "paymentIntentId" | "operation" | "amount" | "currency"
>;

/** What is captured, refunded, voided or undone: which attempt that is, and whose. */
export type Charge = Pick<
  Attempt,
  "id" | "processor" | "processorAccountId" | "processorRef" | "processorChargeId"
>;

/** What the processor calls an attempt: what it has prepared, or what it has answered with. */
export function refOf(attempt: Pick<Charge, "processorRef" | "processorChargeId">): string | null {
  return attempt.processorRef ?? (attempt.processorChargeId || null);
}

export interface AttemptKey {
  readonly merchantId: string;
  readonly id: string;
}

/** What an operator may do with an attempt, as refusals list it. One that is due already is asked about without them. */
export function allowedOnAttempt({
  status,
  reversing,
  nextAt,
}: Pick<Attempt, "status" | "reversing" | "nextAt">): string[] {
  const isAsked = status === "UNKNOWN" || status === "REQUIRES_ACTION";
  return [
    ...(isAsked && nextAt !== null && nextAt.getTime() > Date.now() ? ["LOOK_UP"] : []),
    ...(status === "UNKNOWN" && !reversing ? ["RESOLVE"] : []),
  ];
}

/** Why nobody need say, or may say, what came of an attempt. */
export const NOT_UNKNOWN: Readonly<Record<Exclude<AttemptStatus, "UNKNOWN">, string>> = {
  QUEUED: "It has yet to be sent.",
  SENT: "The processor's answer is awaited.",
  REQUIRES_ACTION: "The shopper has yet to authenticate.",
  SUCCEEDED: "Its outcome is known.",
  DECLINED: "Its outcome is known.",
  ABANDONED: "It has moved nothing, and cannot any more.",
};

/** What an operator can find out about an attempt whose outcome is unknown. */
export const RESOLUTIONS = ["SUCCEEDED", "FAILED"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/**
 * How many cards may be tried on one intent before it fails for good, unless the installation says otherwise. Five
 * bounds what a card tester can do with one intent, and is more than a shopper with two cards and a typing error needs.
 */
export const CARD_TRIES_MAX = 5;

/** How often an attempt that never arrived is replaced by a fresh one before the payment is told "try again". */
export const GENERATIONS_MAX = 4;

/**
 * When an UNKNOWN attempt is looked up, in seconds after it was sent; the last wait repeats. Most lost answers are
 * found within seconds, but a processor that is down for a day must still be asked afterwards.
 */
export const LOOKUP_SCHEDULE_S = [5, 30, 120, 600, 3_600, 21_600, 86_400] as const;
