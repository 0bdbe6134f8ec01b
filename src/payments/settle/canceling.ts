import { newId } from "../../ids";
import { bookAuthorization } from "../../ledger/journals";
import { type Charge, refOf } from "../attempt";
import type { IntentState } from "../payment-store";
import type { Approved, Declined } from "../../processors/processor";
import { type AttemptChange, type Change, type NewAttempt, changeIntent } from "../change";
import type { Consequence, SettlePolicy } from "./answer";
import { holdUntil } from "./hold";
import { declineOfCard } from "./declined";
import { type Heard, factOf, step } from "./steps";

/**
 * A cancellation was asked for while a charge or an authorisation was on its way: what its answer means now. What is
 * authorised is voided, what awaits the shopper is undone by its reference, what moved nothing ends the payment, and
 * nothing is tried again. Undefined: as for any other payment. Money that was captured is captured, so the cancellation
 * came too late; and what proves nothing is waited for.
 */
export function settleCanceled(heard: Heard, policy: SettlePolicy): Consequence | undefined {
  const { attempt, answer } = heard;
  const { outcome } = answer;
  const isWanted = attempt.operation === "charge" || attempt.operation === "authorize";
  if (!isWanted || attempt.intent.snapshot.cancellationRequestedAt === null) return undefined;
  switch (outcome.kind) {
    case "approved":
      return attempt.operation === "authorize"
        ? applied(giveBack(heard, outcome, policy))
        : undefined;
    case "declined":
      return applied(ended(heard, outcome));
    case "unsent":
    case "reversed":
      return applied(neverSent(heard));
    case "action_required":
      return applied(undo(heard));
    case "pending":
    case "unknown":
    case "not_found":
      return undefined;
  }
}

function applied(change: Change): Consequence {
  return { effect: "applied", changes: [change] };
}

function giveBack(heard: Heard, outcome: Approved, policy: SettlePolicy): Change {
  const { attempt } = heard;
  const hold = holdUntil(outcome.authorizationExpiresAt, policy.authorizationExpiringMs);
  const { processorChargeId } = outcome;
  const newAttempt = undoingAttempt(attempt.intent, { ...attempt, processorChargeId }, "void");
  return {
    attempt: {
      ...changeOf(heard),
      status: "SUCCEEDED",
      processorChargeId,
      fee: outcome.feeMinor,
    },
    intent: changeIntent(attempt.intent, { amountAuthorized: attempt.amount, ...hold }, [
      { ...step(heard, "payment_intent.processing", "PROCESSING"), attemptId: newAttempt.id },
    ]),
    newAttempt,
    journals: [bookAuthorization(factOf(attempt), attempt.amount)],
  };
}

function undo(heard: Heard): Change {
  const newAttempt = undoingAttempt(heard.attempt.intent, heard.attempt, "reverse");
  return {
    attempt: { ...changeOf(heard), status: "ABANDONED", message: CANCELED_FIRST },
    intent: changeIntent(heard.attempt.intent, {}, [
      { ...step(heard, "payment_intent.processing", "PROCESSING"), attemptId: newAttempt.id },
    ]),
    newAttempt,
  };
}

function ended(heard: Heard, outcome: Declined): Change {
  const { attempt, error } = declineOfCard(heard.attempt, outcome);
  const lastPaymentError = { ...error, retryable: false };
  return {
    attempt,
    intent: changeIntent(heard.attempt.intent, { lastPaymentError }, [canceled(heard)]),
  };
}

function neverSent(heard: Heard): Change {
  return {
    attempt: { ...changeOf(heard), status: "ABANDONED", message: CANCELED_FIRST },
    intent: changeIntent(heard.attempt.intent, {}, [canceled(heard)]),
  };
}

export const CANCELED_FIRST = "canceled before anything moved";

function canceled(heard: Heard) {
  return step(heard, "payment_intent.canceled", "CANCELED");
}

function changeOf({ attempt }: Heard): Omit<AttemptChange, "status"> {
  return { merchantId: attempt.merchantId, id: attempt.id, dueInMs: null };
}

/** The processor is to let go of what a charge holds, or may yet move. A step of the same change carries it to a worker. */
export function undoingAttempt(
  { merchantId, id: paymentIntentId, snapshot }: IntentState,
  charge: Charge,
  operation: "void" | "reverse",
): NewAttempt {
  return {
    merchantId,
    id: newId("attempt"),
    paymentIntentId,
    operation,
    processor: charge.processor,
    processorAccountId: charge.processorAccountId,
    amount: snapshot.amount,
    currency: snapshot.currency,
    targetAttemptId: charge.id,
    targetProcessorRef: refOf(charge),
    announce: false,
  };
}
