import { newId } from "../../ids";
import { bookSuspense, bookSuspenseRelease } from "../../ledger/journals";
import type { Approved } from "../../processors/processor";
import { type AttemptOperation, isReversal } from "../attempt";
import type { LockedAttempt } from "../attempt-store";
import type { Change } from "../change";
import { returnRefund } from "./declined";
import type { Consequence } from "./answer";
import { foreignOf, keptOf } from "./fees";
import { type Heard, factOf } from "./steps";

export function movesMoney({ operation }: LockedAttempt): boolean {
  return operation !== "void" && !isReversal(operation);
}

/** Records of a settled attempt that its money moved after all and is being returned. */
const LATE_APPROVAL = "late_approval";

/**
 * A second answer about something already settled. The same answer again is a duplicate. But an approval of an attempt
 * that was treated as failed means that money moved unexpectedly, perhaps for the second time: it is posted to suspense
 * and returned, whatever has become of the payment. The processor keeps its fee.
 */
export function settleAgain(heard: Heard): Consequence {
  const { attempt } = heard;
  const { outcome } = heard.answer;
  if (
    outcome.kind === "declined" &&
    attempt.status === "SUCCEEDED" &&
    attempt.operation === "refund"
  ) {
    return { effect: "applied", changes: [returnRefund(heard, outcome)] };
  }
  // Money that was booked has not come after all: what becomes of its payment is for a person to say.
  const hasFailedSince =
    outcome.kind === "declined" &&
    outcome.processorChargeId !== undefined &&
    attempt.status === "SUCCEEDED" &&
    movesMoney(attempt);
  if (hasFailedSince) return { effect: "contradiction", changes: [] };
  const late = outcome.kind === "approved" && attempt.status !== "SUCCEEDED" && movesMoney(attempt);
  // An approval that has been heard before changes nothing, whatever has happened since: for example, that of a refund
  // that succeeded and was later returned, whose first webhook arrives last.
  const heardBefore = attempt.processorChargeId !== null;
  if (!late || heardBefore) return { effect: "duplicate", changes: [] };
  return { effect: "contradiction", changes: [giveBack(attempt, outcome)] };
}

const BOOKED = { charge: bookSuspense, capture: bookSuspense, refund: bookSuspenseRelease };

function isBooked(operation: AttemptOperation): operation is keyof typeof BOOKED {
  return operation in BOOKED;
}

function giveBack(attempt: LockedAttempt, outcome: Approved): Change {
  const { merchantId, paymentIntentId, processor, currency, operation } = attempt;
  const amount = outcome.amountMinor;
  const fact = factOf(attempt);
  // A line may have told it before.
  const isFeeNew = (operation === "charge" || operation === "capture") && attempt.fee === null;
  return {
    attempt: {
      merchantId,
      id: attempt.id,
      status: attempt.status,
      processorChargeId: outcome.processorChargeId,
      code: LATE_APPROVAL,
      ...(isFeeNew && { fee: outcome.feeMinor, feeCurrency: foreignOf(outcome, fact) }),
      dueInMs: null,
    },
    newAttempt: {
      merchantId,
      id: newId("attempt"),
      paymentIntentId,
      operation: "compensate",
      processor,
      processorAccountId: attempt.processorAccountId,
      amount,
      currency,
      // What it gives back, for the posting that records the return.
      captureId: attempt.captureId,
      refundId: attempt.refundId,
      targetAttemptId: attempt.id,
      targetProcessorRef: attempt.processorRef ?? outcome.processorChargeId,
      announce: true,
    },
    ...(isBooked(operation) && {
      journals: [BOOKED[operation](fact, amount), ...(isFeeNew ? keptOf(fact, outcome) : [])],
    }),
  };
}
