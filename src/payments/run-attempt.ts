import { failpoint } from "../failpoints";
import type { Log } from "../observability/log";
import { claims } from "../observability/metrics";
import type { SendOutcome } from "../processors/processor";
import type { Attempt, AttemptKey } from "./attempt";
import type { Claimant } from "./claimant";
import { type AttemptSender, sendAttempt } from "./send-attempt";
import type { Settled } from "./settle/settle-attempts";
import { type AnswerSettler, settleSurely } from "./settle/settle-surely";
import { tracedAttempt } from "./trace-attempt";

/*
 * Guarantees: an attempt is sent by one worker, once. Claiming it is a commit of its own, so that a crash at any later
 * point leaves it SENT, and then it is looked up, never sent again. No transaction is open during the call.
 */

/** What running attempts needs. */
export interface AttemptRunner extends AnswerSettler, AttemptSender {
  readonly log: Log;
}

export interface Ran extends Settled {
  readonly key: AttemptKey;
}

/** Claims those of these attempts that have yet to be sent, sends them all at once, and settles what comes back. */
export async function runAttempts(
  runner: AttemptRunner,
  claimant: Claimant,
  keys: readonly AttemptKey[],
): Promise<Ran[]> {
  return (await beginAttempts(runner, claimant, keys)).ran;
}

/** The same, over when they are claimed: what becomes of them is for the caller to wait for, or to catch. */
export async function beginAttempts(
  runner: AttemptRunner,
  claimant: Claimant,
  keys: readonly AttemptKey[],
): Promise<{ readonly ran: Promise<Ran[]> }> {
  const startedAtMs = Date.now();
  const attempts = await claimant.claim(runner.db, keys);
  claims.inc({ what: "attempt", outcome: "claimed" }, attempts.length);
  claims.inc({ what: "attempt", outcome: "lost" }, keys.length - attempts.length);
  return { ran: runClaimed(runner, attempts, startedAtMs) };
}

async function runClaimed(
  runner: AttemptRunner,
  attempts: readonly Attempt[],
  startedAtMs: number,
): Promise<Ran[]> {
  const fired = failpoint("charge.after_claim");
  if (fired) await fired;
  return Promise.all(
    attempts.map(async (claimed) => {
      const { merchantId, id } = claimed;
      const settled = await tracedAttempt(
        { name: "run attempt", attempt: claimed, startedAtMs },
        (attempt) => sendAndSettle(runner, attempt),
        ({ effect }) => ({ attributes: { "oncepay.outcome": effect } }),
      );
      return { ...settled, key: { merchantId, id } };
    }),
  );
}

async function sendAndSettle(runner: AttemptRunner, attempt: Attempt): Promise<Settled> {
  const outcome = await sendSafely(runner, attempt);
  if (outcome.kind === "unknown") {
    runner.log.warn({ attemptId: attempt.id, reason: outcome.reason }, "outcome unknown");
  }
  await failpoint("charge.before_settle");
  const settled = await settleSurely(runner, attempt, { outcome, source: "worker" });
  await failpoint("charge.after_settle");
  return settled;
}

/** Whatever is thrown from here on, the request may have been sent: the outcome is unknown, and it is never retried. */
async function sendSafely(runner: AttemptRunner, attempt: Attempt): Promise<SendOutcome> {
  try {
    await failpoint("charge.before_call");
    const outcome = await sendAttempt(runner, attempt);
    await failpoint("charge.after_call");
    return outcome;
  } catch (error) {
    runner.log.error({ attemptId: attempt.id, error }, "sending an attempt failed");
    return { kind: "unknown", reason: "the worker failed while it was sending" };
  }
}
