import type { Fact } from "../../ledger/journals";
import type { Attempt } from "../attempt";
import type { LockedAttempt } from "../attempt-store";
import type { StepInput } from "../change";
import type { PaymentIntentStatus } from "../payment-intent";
import type { Answer, LookupPolicy } from "./answer";

/** An answer together with the attempt it is about: what its consequence is decided on. */
export interface Heard {
  readonly attempt: LockedAttempt;
  readonly answer: Answer;
}

export function factOf(
  attempt: Pick<Attempt, "merchantId" | "id" | "paymentIntentId" | "currency">,
): Fact {
  return {
    merchantId: attempt.merchantId,
    paymentIntentId: attempt.paymentIntentId,
    sourceId: attempt.id,
    currency: attempt.currency,
  };
}

/** How long until the next look-up, from now. */
export function lookupDelayMs(attempt: LockedAttempt, { lookupScheduleMs }: LookupPolicy): number {
  const waitMs = lookupScheduleMs[Math.min(attempt.lookups, lookupScheduleMs.length - 1)] ?? 0;
  if (attempt.lookups > 0 || !attempt.sentAt) return waitMs;
  // The first wait counts from the sending: after a time-out it is over already.
  return Math.max(0, waitMs - Math.max(0, Date.now() - attempt.sentAt.getTime()));
}

/** A step of the intent itself. */
export function step(
  { attempt, answer }: Heard,
  type: StepInput["type"],
  to: PaymentIntentStatus,
): StepInput {
  const cause = `${attempt.operation}.${answer.outcome.kind}`;
  return { type, to, actor: answer.source, cause, amount: attempt.amount };
}

/** A step about a capture or a refund; the intent stays in the status it has. */
export function partStep(heard: Heard, type: StepInput["type"]): StepInput {
  const { attempt } = heard;
  const objectId = attempt.captureId ?? attempt.refundId ?? attempt.paymentIntentId;
  return { ...step(heard, type, attempt.intent.snapshot.status), objectId };
}

/** What becomes of the capture or refund that an attempt is for. */
export function partOf<Status extends string>(
  attempt: LockedAttempt,
  status: Status,
  failureCode: string | null = null,
): { merchantId: string; id: string; status: Status; failureCode: string | null } {
  const id = attempt.captureId ?? attempt.refundId;
  if (id === null) throw new Error(`attempt ${attempt.id} is for no capture and no refund`);
  return { merchantId: attempt.merchantId, id, status, failureCode };
}
