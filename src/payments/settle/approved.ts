import {
  type Fact,
  type Journal,
  bookAuthorization,
  bookCapture,
  bookRefund,
  bookRelease,
  bookSuspense,
  bookSuspenseRelease,
} from "../../ledger/journals";
import type { Approved } from "../../processors/processor";
import type { LockedAttempt } from "../attempt-store";
import { type AttemptChange, type Change, changeIntent } from "../change";
import { heldOf, holdUntil, withoutHold } from "./hold";
import type { SettlePolicy } from "./answer";
import { feeOf, foreignOf } from "./fees";
import { type Heard, factOf, partOf, partStep, step } from "./steps";

/** The processor did what it was asked to do. */
export function approve(heard: Heard, outcome: Approved, policy: SettlePolicy): Change {
  const { attempt } = heard;
  const { intent, amount } = attempt;
  const fact = factOf(attempt);
  const settled: AttemptChange = {
    merchantId: attempt.merchantId,
    id: attempt.id,
    status: "SUCCEEDED",
    processorChargeId: outcome.processorChargeId,
    fee: outcome.feeMinor,
    feeCurrency: foreignOf(outcome, fact),
    dueInMs: null,
  };
  switch (attempt.operation) {
    case "charge":
      return {
        attempt: settled,
        intent: changeIntent(
          intent,
          {
            amountAuthorized: amount,
            amountCaptured: amount,
            nextAction: null,
            // Whoever asked for one meanwhile was too late; that they did is still to be seen.
            cancellationReason: null,
          },
          [step(heard, "payment_intent.succeeded", "SUCCEEDED")],
        ),
        journals: bookMoney(fact, { captured: amount, held: 0 }, outcome),
      };
    case "authorize":
      return {
        attempt: settled,
        intent: changeIntent(
          intent,
          {
            amountAuthorized: amount,
            nextAction: null,
            ...holdUntil(outcome.authorizationExpiresAt, policy.authorizationExpiringMs),
          },
          [step(heard, "payment_intent.amount_capturable_updated", "REQUIRES_CAPTURE")],
        ),
        journals: [bookAuthorization(fact, amount)],
      };
    case "capture":
      return approveCapture(heard, outcome, settled);
    case "refund":
      return {
        attempt: settled,
        refund: partOf(attempt, "SUCCEEDED"),
        intent: changeIntent(
          intent,
          {
            amountRefunding: intent.amountRefunding - amount,
            amountRefunded: intent.snapshot.amountRefunded + amount,
          },
          [partStep(heard, "refund.succeeded")],
        ),
        journals: [bookRefund(fact, amount)],
      };
    case "compensate":
      return { attempt: settled, journals: bookCompensation(attempt) };
    case "void":
    case "reverse":
      return { attempt: settled, ...letGo(heard) };
  }
}

/** What was posted to suspense when the money moved is posted back now that the money has been returned. */
function bookCompensation(attempt: LockedAttempt): Journal[] {
  const fact = factOf(attempt);
  if (attempt.refundId !== null) return [bookSuspense(fact, attempt.amount)];
  const onlyHeld = attempt.captureId === null && attempt.intent.captureMethod === "MANUAL";
  return onlyHeld ? [] : [bookSuspenseRelease(fact, attempt.amount)];
}

/** Nothing is held any more; nor, where the shopper was to authenticate, ever was. */
function letGo(heard: Heard): Pick<Change, "intent" | "journals"> {
  const { intent } = heard.attempt;
  const held = heldOf(intent);
  const { type, to } = withoutHold(intent);
  // Of a payment that was captured in part only the rest is let go of: that is no cancellation.
  const kept = { cancellationRequested: false, cancellationReason: null };
  const set = { nextAction: null, ...(to === "SUCCEEDED" && kept) };
  return {
    intent: changeIntent(intent, set, [
      { ...step(heard, type, to), ...(held > 0 && { amount: held }) },
    ]),
    journals: held > 0 ? [bookRelease(factOf(heard.attempt), held)] : [],
  };
}

/** The capture, and its fee where that is a journal of its own. */
function bookMoney(
  fact: Fact,
  amounts: { readonly captured: number; readonly held: number },
  outcome: Approved,
): Journal[] {
  const fee = feeOf(fact, outcome);
  return [bookCapture(fact, { ...amounts, fee: fee.own }), ...fee.journals];
}

function approveCapture(heard: Heard, outcome: Approved, settled: AttemptChange): Change {
  const { attempt } = heard;
  const { intent, amount } = attempt;
  const captured = intent.snapshot.amountCaptured + amount;
  const left = intent.snapshot.amountAuthorized - captured;
  const done = attempt.final === true || left === 0;
  const journals = bookMoney(factOf(attempt), { captured: amount, held: amount }, outcome);
  if (done && left > 0) journals.push(bookRelease(factOf(attempt), left));
  const next = done
    ? step(heard, "payment_intent.succeeded", "SUCCEEDED")
    : step(heard, "payment_intent.amount_capturable_updated", "REQUIRES_CAPTURE");
  return {
    attempt: settled,
    capture: partOf(attempt, "SUCCEEDED"),
    intent: changeIntent(
      intent,
      { amountCapturing: intent.amountCapturing - amount, amountCaptured: captured },
      [partStep(heard, "capture.succeeded"), next],
    ),
    journals,
  };
}
