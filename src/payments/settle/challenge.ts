import type { Declined } from "../../processors/processor";
import type { LockedAttempt } from "../attempt-store";
import { type Change, changeIntent } from "../change";
import type { Consequence, SettlePolicy } from "./answer";
import { decline } from "./declined";
import { type Heard, lookupDelayMs, step } from "./steps";

/**
 * 3-D Secure. What counts is the processor's word and never the browser's. The shopper's time counts from the entry
 * into the state: as long as the processor allows, and never longer than our own setting. When it is over, the processor
 * is asked once more, and then told to forget the attempt (look-up-attempts.ts): once it has acknowledged that,
 * nothing can be authenticated any more, and the challenge has ended.
 */

/** The processor wants the shopper to authenticate. */
export function requireAction(
  heard: Heard,
  action: { readonly redirectUrl: string; readonly expiresAt: string },
  policy: SettlePolicy,
): Consequence {
  const { attempt } = heard;
  const latestMs = attempt.lockedAt.getTime() + policy.authenticationMaxMs;
  const expiresAt = new Date(Math.min(Date.parse(action.expiresAt), latestMs)).toISOString();
  const waiting = { ...attempt, challengeExpiresAt: new Date(expiresAt) };
  const change: Change = {
    attempt: {
      merchantId: attempt.merchantId,
      id: attempt.id,
      status: "REQUIRES_ACTION",
      challengeExpiresAt: expiresAt,
      dueInMs: challengeDelayMs(waiting, policy),
    },
    intent: changeIntent(
      attempt.intent,
      { nextAction: { type: "REDIRECT", redirectUrl: action.redirectUrl, expiresAt } },
      [step(heard, "payment_intent.requires_action", "REQUIRES_ACTION")],
    ),
  };
  return { effect: "applied", changes: [change] };
}

/** When a challenge is looked up next: by the schedule, and when its time is over. */
export function challengeDelayMs(attempt: LockedAttempt, policy: SettlePolicy): number {
  const delayMs = lookupDelayMs(attempt, policy);
  const leftMs = (attempt.challengeExpiresAt?.getTime() ?? Infinity) - attempt.lockedAt.getTime();
  // Not a moment too early, or it would not be over.
  return leftMs > 0 ? Math.min(delayMs, Math.ceil(leftMs)) : delayMs;
}

const NOT_IN_TIME: Declined = {
  kind: "declined",
  code: "authentication_expired",
  message:
    "The shopper did not authenticate in time. Nothing was charged, and the payment may be tried again.",
  hard: false,
};

/** The time was over, and the processor has acknowledged that nothing can come of it any more. */
export function endChallenge(heard: Heard, policy: SettlePolicy): Consequence {
  const { merchantId, id } = heard.attempt;
  const attempt = {
    merchantId,
    id,
    status: "ABANDONED" as const,
    code: NOT_IN_TIME.code,
    message: "the shopper did not authenticate in time",
    dueInMs: null,
  };
  const { intent, ...others } = decline(heard, NOT_IN_TIME, policy);
  const steps = (intent?.steps ?? []).map((made) => ({ ...made, cause: "authentication.expired" }));
  const change: Change = { ...others, attempt, ...(intent && { intent: { ...intent, steps } }) };
  return { effect: "applied", changes: [change] };
}
