import { newId } from "../../ids";
import type { Approved, Declined } from "../../processors/processor";
import type { Answer, Consequence, SettlePolicy } from "./answer";
import { GENERATIONS_MAX, isSettled } from "../attempt";
import type { LockedAttempt } from "../attempt-store";
import { type AttemptChange, type Change, changeIntent } from "../change";
import { movesMoney, settleAgain } from "./late-answer";
import { approve } from "./approved";
import { settleCanceled } from "./canceling";
import { challengeDelayMs, endChallenge, requireAction } from "./challenge";
import { decline } from "./declined";
import { lookupDelayMs, step } from "./steps";
import { withSuspense } from "./suspense";

const UNSENT_BACKOFF_MS = { base: 500, cap: 15_000 };

/**
 * What an answer means for its payment, decided on rows that the caller has locked, and returned for the caller to
 * write: it reads nothing, and takes from outside only the time of day, new ids and random numbers. This is the only
 * place where a processor's words become state.
 */
export function settle(attempt: LockedAttempt, answer: Answer, policy: SettlePolicy): Consequence {
  return withSuspense(attempt, decide(attempt, answer, policy));
}

function decide(attempt: LockedAttempt, answer: Answer, policy: SettlePolicy): Consequence {
  const { outcome } = answer;
  if (isSettled(attempt.status)) return settleAgain({ attempt, answer });
  if (isStale(attempt, answer)) return { effect: "duplicate", changes: [] };
  if (attempt.reversing && outcome.kind !== "reversed" && !isOperators(answer)) {
    return waiting(attempt, "the reversal has not been acknowledged yet", policy);
  }
  if (movedAnotherAmount(attempt, outcome)) {
    return waiting(
      attempt,
      "the processor moved a different amount from the one requested",
      policy,
    );
  }
  const canceled = settleCanceled({ attempt, answer }, policy);
  if (canceled) return canceled;
  switch (outcome.kind) {
    case "unknown":
    case "not_found":
      return waiting(attempt, outcome.kind === "unknown" ? outcome.reason : "not found", policy);
    case "unsent":
      return requeue(attempt, outcome.afterMs);
    case "pending":
      return attempt.status === "REQUIRES_ACTION"
        ? { effect: "applied", changes: [authenticated(attempt, answer, policy)] }
        : waiting(attempt, "the processor has not decided yet", policy);
    case "action_required":
      return attempt.status === "REQUIRES_ACTION"
        ? waiting(attempt, "the shopper has not authenticated yet", policy)
        : requireAction({ attempt, answer }, outcome, policy);
    case "reversed":
      return neverHappened(attempt, answer, policy);
    case "approved":
    case "declined":
      return final(attempt, answer, { ...policy, outcome });
  }
}

const PROVES: ReadonlySet<Answer["outcome"]["kind"]> = new Set([
  "approved",
  "action_required",
  "reversed",
]);

/**
 * The attempt was proven never to have been sent, and is to be sent again, or has been: from a worker that had it before
 * only what shows that it was sent after all counts. Taken for the later sending's, "unsent" would have it sent twice.
 */
function isStale(attempt: LockedAttempt, { outcome, sends }: Answer): boolean {
  const isOfThisSending = sends === attempt.sends && attempt.status !== "QUEUED";
  return sends !== undefined && !isOfThisSending && !PROVES.has(outcome.kind);
}

/** An operator's word, which comes with a reason, counts even where the processor will never acknowledge anything. */
function isOperators(answer: Answer): boolean {
  return answer.reason !== undefined;
}

/** Something moved, and it is not what was requested: a person must look at it. */
function movedAnotherAmount(attempt: LockedAttempt, outcome: Answer["outcome"]): boolean {
  return (
    outcome.kind === "approved" && movesMoney(attempt) && outcome.amountMinor !== attempt.amount
  );
}

function waiting(attempt: LockedAttempt, message: string, policy: SettlePolicy): Consequence {
  // A shopper who has not authenticated yet is not an unknown outcome: the processor said so.
  const awaitsShopper = attempt.status === "REQUIRES_ACTION";
  const change: AttemptChange = {
    merchantId: attempt.merchantId,
    id: attempt.id,
    status: awaitsShopper ? "REQUIRES_ACTION" : "UNKNOWN",
    message,
    dueInMs: awaitsShopper ? challengeDelayMs(attempt, policy) : lookupDelayMs(attempt, policy),
  };
  return { effect: "waiting", changes: [{ attempt: change }] };
}

/** It never left this machine, so it may be sent later: not too soon, and not all at once. */
function requeue(attempt: LockedAttempt, afterMs: number | undefined): Consequence {
  const ceiling = Math.min(
    UNSENT_BACKOFF_MS.cap,
    UNSENT_BACKOFF_MS.base * 2 ** Math.min(attempt.sends, 10),
  );
  const dueInMs = afterMs ?? UNSENT_BACKOFF_MS.base + Math.random() * ceiling;
  const change: AttemptChange = {
    merchantId: attempt.merchantId,
    id: attempt.id,
    status: "QUEUED",
    dueInMs,
  };
  return { effect: "requeued", dueInMs, changes: [{ attempt: change }] };
}

/** REQUIRES_ACTION back to PROCESSING: the shopper has done their part. */
function authenticated(attempt: LockedAttempt, answer: Answer, policy: SettlePolicy): Change {
  return {
    attempt: {
      merchantId: attempt.merchantId,
      id: attempt.id,
      status: "UNKNOWN",
      dueInMs: lookupDelayMs(attempt, policy),
    },
    intent: changeIntent(attempt.intent, { nextAction: null }, [
      step({ attempt, answer }, "payment_intent.processing", "PROCESSING"),
    ]),
  };
}

/** The same attempt as it stands after `authenticated` is written: what comes next is decided on it. */
function afterAuthentication(attempt: LockedAttempt): LockedAttempt {
  const { intent } = attempt;
  return {
    ...attempt,
    status: "UNKNOWN",
    intent: {
      ...intent,
      version: intent.version + 1,
      snapshot: { ...intent.snapshot, status: "PROCESSING", nextAction: null },
    },
  };
}

/** Proven to have moved nothing, and no longer able to: a fresh attempt takes its place. */
function neverHappened(attempt: LockedAttempt, answer: Answer, policy: SettlePolicy): Consequence {
  const abandoned: AttemptChange = {
    merchantId: attempt.merchantId,
    id: attempt.id,
    status: "ABANDONED",
    message: "proven to have moved nothing",
    dueInMs: null,
  };
  const awaitsShopper = attempt.status === "REQUIRES_ACTION";
  if (awaitsShopper && attempt.challengeExpired) return endChallenge({ attempt, answer }, policy);
  if (attempt.generation >= GENERATIONS_MAX || awaitsShopper) {
    const outcome: Declined = {
      kind: "declined",
      code: "processor_unavailable",
      message:
        "The card processor did not take the payment. Nothing was charged, and the payment may be tried again.",
      hard: false,
    };
    const consequence = final(attempt, answer, { ...policy, outcome });
    return {
      effect: "applied",
      changes: consequence.changes.map((change) =>
        change.attempt ? { ...change, attempt: { ...abandoned, code: outcome.code } } : change,
      ),
    };
  }
  const id = newId("attempt");
  return {
    effect: "replaced",
    changes: [
      {
        attempt: abandoned,
        newAttempt: {
          merchantId: attempt.merchantId,
          id,
          paymentIntentId: attempt.paymentIntentId,
          operation: attempt.operation,
          processor: attempt.processor,
          processorAccountId: attempt.processorAccountId,
          amount: attempt.amount,
          currency: attempt.currency,
          paymentMethod: attempt.paymentMethod,
          returnUrl: attempt.returnUrl,
          final: attempt.final,
          captureId: attempt.captureId,
          refundId: attempt.refundId,
          targetAttemptId: attempt.targetAttemptId,
          targetProcessorRef: attempt.targetProcessorRef,
          replacesAttemptId: attempt.id,
          generation: attempt.generation + 1,
          announce: true,
        },
      },
    ],
  };
}

function final(
  attempt: LockedAttempt,
  answer: Answer,
  given: SettlePolicy & { readonly outcome: Approved | Declined },
): Consequence {
  const { outcome } = given;
  const first = attempt.status === "REQUIRES_ACTION" ? [authenticated(attempt, answer, given)] : [];
  const heard = { attempt: first.length > 0 ? afterAuthentication(attempt) : attempt, answer };
  const change =
    outcome.kind === "approved" ? approve(heard, outcome, given) : decline(heard, outcome, given);
  return { effect: "applied", changes: [...first, change] };
}
