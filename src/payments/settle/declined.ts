import { bookRefundReversal } from "../../ledger/journals";
import type { Declined } from "../../processors/processor";
import { codesOf } from "../../processors/declines";
import type { LockedAttempt } from "../attempt-store";
import { type AttemptChange, type Change, type StepInput, changeIntent } from "../change";
import { type Expiry, expireHold } from "./hold";
import type { PaymentError, PaymentIntentStatus } from "../payment-intent";
import type { SettlePolicy } from "./answer";
import { type Heard, factOf, partOf, partStep, step } from "./steps";

/** The processor refused, and nothing moved. */
export function decline(heard: Heard, outcome: Declined, policy: SettlePolicy): Change {
  const { attempt } = heard;
  const { intent, amount } = attempt;
  const settled = settledAs(attempt, outcome);
  switch (attempt.operation) {
    case "charge":
    case "authorize": {
      const ended = outcome.hard || intent.attemptsMade >= policy.attemptsPerIntentMax;
      const to: PaymentIntentStatus = ended ? "FAILED" : "REQUIRES_PAYMENT_METHOD";
      const declined = declineOfCard(attempt, outcome);
      return {
        attempt: declined.attempt,
        intent: changeIntent(
          intent,
          {
            lastPaymentError: { ...declined.error, retryable: !ended },
            nextAction: null,
            paymentMethod: ended ? intent.snapshot.paymentMethod : null,
          },
          [step(heard, "payment_intent.payment_failed", to)],
        ),
      };
    }
    case "capture":
      return { attempt: settled, ...notCaptured(heard, outcome) };
    case "refund":
      return {
        attempt: settled,
        refund: partOf(attempt, "FAILED", outcome.code),
        intent: changeIntent(intent, { amountRefunding: intent.amountRefunding - amount }, [
          partStep(heard, "refund.failed"),
        ]),
      };
    case "compensate":
      return { attempt: settled };
    case "void":
    case "reverse":
      return { attempt: settled, ...notLetGo(heard, outcome) };
  }
}

function settledAs(attempt: LockedAttempt, outcome: Declined): AttemptChange {
  return {
    merchantId: attempt.merchantId,
    id: attempt.id,
    status: "DECLINED",
    code: outcome.code,
    declineCode: outcome.declineCode ?? null,
    message: outcome.message,
    ...(outcome.processorChargeId !== undefined && {
      processorChargeId: outcome.processorChargeId,
    }),
    dueInMs: null,
  };
}

/** What a declined charge or authorisation says, of itself and on its payment, with the codes of the card's network. */
export function declineOfCard(
  attempt: LockedAttempt,
  outcome: Declined,
): { readonly attempt: AttemptChange; readonly error: PaymentError } {
  const codes = codesOf(outcome);
  return {
    attempt: { ...settledAs(attempt, outcome), ...codes },
    error: { ...errorOf(attempt, outcome), ...codes },
  };
}

function notCaptured(heard: Heard, outcome: Declined): Change {
  const { attempt } = heard;
  const amountCapturing = attempt.intent.amountCapturing - attempt.amount;
  const set = { amountCapturing, lastPaymentError: errorOf(attempt, outcome) };
  const failed: StepInput = { ...partStep(heard, "capture.failed"), to: "REQUIRES_CAPTURE" };
  const capture = partOf(attempt, "FAILED", outcome.code);
  const expiry = expiryOf(heard, outcome);
  if (!expiry) return { capture, intent: changeIntent(attempt.intent, set, [failed]) };
  const steps = [failed, expiry.step];
  const intent = changeIntent(attempt.intent, { ...set, ...expiry.set }, steps);
  return { capture, intent, journals: expiry.journals };
}

function notLetGo(heard: Heard, outcome: Declined): Change {
  const { intent } = heard.attempt;
  const expiry = expiryOf(heard, outcome);
  if (expiry) {
    return { intent: changeIntent(intent, expiry.set, [expiry.step]), journals: expiry.journals };
  }
  const lastPaymentError = errorOf(heard.attempt, outcome);
  const set = { lastPaymentError, cancellationReason: null, cancellationRequested: false };
  return {
    intent: changeIntent(intent, set, [
      step(heard, "payment_intent.amount_capturable_updated", "REQUIRES_CAPTURE"),
    ]),
  };
}

/** Where the processor says that the hold is gone, the intent ends here: there is nothing to capture or void any more. */
function expiryOf({ attempt, answer }: Heard, outcome: Declined): Expiry | undefined {
  if (outcome.authorizationExpired !== true) return undefined;
  return expireHold(attempt.intent, { actor: answer.source, fact: factOf(attempt) });
}

/**
 * Refunds may fail after they were accepted (a closed account, for example): the money then belongs to the merchant
 * again.
 */
export function returnRefund(heard: Heard, outcome: Declined): Change {
  const { attempt } = heard;
  const { intent, amount } = attempt;
  return {
    attempt: {
      merchantId: attempt.merchantId,
      id: attempt.id,
      status: "DECLINED",
      code: outcome.code,
      message: outcome.message,
      dueInMs: null,
    },
    refund: partOf(attempt, "REVERSED", outcome.code),
    intent: changeIntent(intent, { amountRefunded: intent.snapshot.amountRefunded - amount }, [
      partStep(heard, "refund.failed"),
    ]),
    journals: [bookRefundReversal(factOf(attempt), amount)],
  };
}

function errorOf(attempt: LockedAttempt, outcome: Declined): PaymentError {
  return {
    code: outcome.code,
    declineCode: outcome.declineCode ?? null,
    message: outcome.message,
    retryable: !outcome.hard,
    attempt: attempt.id,
  };
}
