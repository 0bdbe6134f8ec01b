import type { EventType } from "../events/event-types";
import type { PersonalData } from "../events/personal-data";
import { newId } from "../ids";
import type { Journal } from "../ledger/journals";
import type { AttemptOperation, AttemptStatus } from "./attempt";
import {
  type Capture,
  type NextAction,
  type PaymentError,
  type PaymentIntentStatus,
  type Refund,
  isTerminal,
} from "./payment-intent";
import type { HeardAnswer } from "./evidence-store";
import type { IntentState } from "./payment-store";

/**
 * What a use case decides, as data: decided without touching the database, written by change-store.ts in one
 * transaction. Each step is one version of the intent, with its audit row and its event.
 */
export interface Change {
  readonly intent?: IntentChange;
  readonly attempt?: AttemptChange;
  readonly newAttempt?: NewAttempt;
  readonly capture?: PartChange<Capture>;
  readonly newCapture?: NewCapture;
  readonly refund?: PartChange<Refund>;
  readonly newRefund?: NewRefund;
  readonly journals?: readonly Journal[];
  readonly evidence?: readonly HeardAnswer[];
  /** Of the trace that it is a part of: what it puts into the outbox carries it on. */
  readonly traceparent?: string | null | undefined;
}

export interface IntentChange {
  readonly merchantId: string;
  readonly id: string;
  /** The version this was decided on; the row is locked, so any other version is a bug. */
  readonly fromVersion: number;
  readonly set: IntentFields;
  readonly steps: readonly Step[];
  /** What it gets unless it has one; absent or null when there is nothing new to seal. */
  readonly personalKey?: Buffer | null;
  /** Of an update: what else is written. */
  readonly rewrite?: Rewrite;
}

/** What an update writes beside the new version: what was asked for before anybody confirmed it. */
export interface Rewrite extends PersonalData {
  /** Minor units. */
  readonly amount: number;
  /** The sealed form of the three, for the intent's events; null when there is nothing personal. */
  readonly personal: Buffer | null;
  /** Whose the intent was until now, where it becomes somebody else's or nobody's. */
  readonly formerCustomer: string | null;
  readonly key: string;
  /** Hex SHA-256 of what was asked for. */
  readonly fingerprint: string;
}

export interface IntentFields {
  readonly status: PaymentIntentStatus;
  readonly amountAuthorized: number;
  readonly amountCapturing: number;
  readonly amountCaptured: number;
  readonly amountRefunding: number;
  readonly amountRefunded: number;
  readonly amountDisputed: number;
  readonly paymentMethod: string | null;
  readonly lastPaymentError: PaymentError | null;
  readonly nextAction: NextAction | null;
  readonly cancellationReason: string | null;
  /** Whether, and the database says when: at the first change that has it so. */
  readonly cancellationRequested: boolean;
  readonly authorizationExpired: boolean;
  readonly authorizationExpiresAt: string | null;
  readonly authorizationDueAt: string | null;
}

export interface Step {
  readonly eventId: string;
  readonly type: EventType;
  /** The object whose snapshot the event carries. */
  readonly objectId: string;
  readonly from: PaymentIntentStatus;
  readonly to: PaymentIntentStatus;
  readonly actor: string;
  readonly cause: string;
  readonly amount: number | null;
  readonly terminal: boolean;
  /** The attempt that a worker must send once this is committed. */
  readonly attemptId?: string;
}

export interface AttemptChange {
  readonly merchantId: string;
  readonly id: string;
  readonly status: AttemptStatus;
  readonly processorChargeId?: string | null;
  readonly code?: string | null;
  readonly declineCode?: string | null;
  readonly adviceCode?: string | null;
  readonly networkDeclineCode?: string | null;
  readonly message?: string | null;
  readonly fee?: number | null;
  /** Null where it is the payment's. */
  readonly feeCurrency?: string | null;
  /** REQUIRES_ACTION: until when the shopper may authenticate. */
  readonly challengeExpiresAt?: string;
  /** Milliseconds from the database's now until it is due again; null: never. */
  readonly dueInMs: number | null;
}

export interface NewAttempt {
  readonly merchantId: string;
  readonly id: string;
  readonly paymentIntentId: string;
  readonly operation: AttemptOperation;
  readonly processor: string;
  readonly processorAccountId: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly paymentMethod?: string | null;
  readonly returnUrl?: string | null;
  readonly final?: boolean | null;
  readonly captureId?: string | null;
  readonly refundId?: string | null;
  readonly targetAttemptId?: string | null;
  readonly targetProcessorRef?: string | null;
  readonly replacesAttemptId?: string | null;
  readonly generation?: number;
  /** False when a step of the same change carries it to the worker. */
  readonly announce: boolean;
}

export interface PartChange<Part extends { status: string }> {
  readonly merchantId: string;
  readonly id: string;
  readonly status: Part["status"];
  readonly failureCode: string | null;
}

export interface NewCapture {
  readonly merchantId: string;
  readonly id: string;
  readonly paymentIntentId: string;
  readonly amount: number;
  readonly currency: string;
  readonly final: boolean;
  readonly key: string;
}

export interface NewRefund {
  readonly merchantId: string;
  readonly id: string;
  readonly paymentIntentId: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason: string | null;
  readonly note: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** The intent's, which seals the note and the metadata; null when there is nothing to seal. */
  readonly personalKey: Buffer | null;
  readonly key: string;
}

export function fieldsOf(state: IntentState): IntentFields {
  const intent = state.snapshot;
  return {
    status: intent.status,
    amountAuthorized: intent.amountAuthorized,
    amountCapturing: state.amountCapturing,
    amountCaptured: intent.amountCaptured,
    amountRefunding: state.amountRefunding,
    amountRefunded: intent.amountRefunded,
    amountDisputed: intent.amountDisputed,
    paymentMethod: intent.paymentMethod,
    lastPaymentError: intent.lastPaymentError,
    nextAction: intent.nextAction,
    cancellationReason: intent.cancellationReason,
    cancellationRequested: intent.cancellationRequestedAt !== null,
    authorizationExpired: intent.authorizationExpiredAt !== null,
    authorizationExpiresAt: intent.authorizationExpiresAt,
    authorizationDueAt: state.authorizationDueAt,
  };
}

export interface StepInput {
  readonly type: EventType;
  readonly to: PaymentIntentStatus;
  readonly actor: string;
  readonly cause: string;
  readonly amount?: number | null;
  readonly objectId?: string;
  readonly attemptId?: string;
}

/** The change of an intent that goes through these steps, one version each; the last one's status is its new one. */
export function changeIntent(
  state: IntentState,
  set: Partial<IntentFields>,
  inputs: readonly StepInput[],
): IntentChange {
  let from = state.snapshot.status;
  const steps = inputs.map((input): Step => {
    const step: Step = {
      eventId: newId("event"),
      type: input.type,
      objectId: input.objectId ?? state.id,
      from,
      to: input.to,
      actor: input.actor,
      cause: input.cause,
      amount: input.amount ?? null,
      terminal: isTerminal(input.to),
      ...(input.attemptId === undefined ? {} : { attemptId: input.attemptId }),
    };
    from = input.to;
    return step;
  });
  return {
    merchantId: state.merchantId,
    id: state.id,
    fromVersion: state.version,
    set: { ...fieldsOf(state), ...set, status: from },
    steps,
  };
}
