import type {
  ProcessorAttempt,
  ProcessorOperation,
  ProcessorRequest,
} from "../processors/processor";
import { type Attempt, isReversal, refOf } from "./attempt";

/** An attempt in the words that processors are spoken to with. */

export type AttemptToSend = Attempt & { readonly operation: ProcessorOperation };

/** A reversal is no request of its own: it is about another attempt. */
export function isToSend(attempt: Attempt): attempt is AttemptToSend {
  return !isReversal(attempt.operation);
}

/** As it is asked about: the attempt itself, or for a reversal the one that it undoes. */
export function asAttempt(attempt: Attempt): ProcessorAttempt {
  const { amount: amountMinor, currency } = attempt;
  if (isToSend(attempt)) {
    const { id: reference, operation, targetProcessorRef, sentAt } = attempt;
    const processorRef = refOf(attempt);
    return {
      ...{ reference, operation, processorRef, targetProcessorRef },
      ...{ amountMinor, currency, sentAt },
    };
  }
  return {
    reference: attempt.targetAttemptId ?? attempt.id,
    operation: operationUndoneBy(attempt),
    processorRef: attempt.targetProcessorRef,
    targetProcessorRef: null,
    amountMinor,
    currency,
    sentAt: null,
  };
}

/** A charge stands for an authorisation, too: of both all that is left is undone. */
export function operationUndoneBy(attempt: Attempt): ProcessorOperation {
  if (attempt.refundId !== null) return "refund";
  return attempt.captureId !== null ? "capture" : "charge";
}

/** As it is sent for the first time. */
export function requestOf(attempt: AttemptToSend): ProcessorRequest {
  return {
    ...asAttempt(attempt),
    sentAt: null,
    ...(attempt.paymentMethod !== null && { paymentMethod: attempt.paymentMethod }),
    ...(attempt.targetAttemptId !== null && { targetReference: attempt.targetAttemptId }),
    ...(attempt.final !== null && { final: attempt.final }),
    ...(attempt.returnUrl !== null && { returnUrl: attempt.returnUrl }),
  };
}
