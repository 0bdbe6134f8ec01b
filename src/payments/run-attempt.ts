import type { App } from "../app";
import { isDatabaseAway, isLockTimeout } from "../db/errors";
import { failpoint } from "../failpoints";
import { processorCalls, processorSeconds } from "../observability/metrics";
import type { Processor, ProcessorRequest, SendOutcome } from "../processors/processor";
import { type Attempt, type AttemptKey, isReversal } from "./attempt";
import { claimAttempts } from "./attempt-store";
import { fullJitter } from "../retry";
import type { Settled } from "./settle/settle-attempts";
import type { Answer } from "./settle/answer";

/*
 * Guarantees: an attempt is sent by one worker, once. Claiming it is a commit of its own, so that a crash at any
 * later point leaves it SENT: it is looked up then, never sent again. No transaction is open during the call.
 */

export interface Ran extends Settled {
  readonly key: AttemptKey;
}

/** Claims those of these attempts that are still to be sent, sends them all at once, and settles what comes back. */
export async function runAttempts(
  app: App,
  workerId: string,
  keys: readonly AttemptKey[],
): Promise<Ran[]> {
  const attempts = await claimAttempts(app.db, workerId, keys);
  const fired = failpoint("charge.after_claim");
  if (fired) await fired;
  return Promise.all(
    attempts.map(async (attempt) => {
      const { merchantId, id } = attempt;
      return { ...(await sendAndSettle(app, attempt)), key: { merchantId, id } };
    }),
  );
}

async function sendAndSettle(app: App, attempt: Attempt): Promise<Settled> {
  const outcome = await sendSafely(app, attempt);
  if (outcome.kind === "unknown") {
    app.log.warn({ attemptId: attempt.id, reason: outcome.reason }, "outcome unknown");
  }
  await failpoint("charge.before_settle");
  const settled = await settleSurely(app, attempt, { outcome, source: "worker" });
  await failpoint("charge.after_settle");
  return settled;
}

/** Whatever is thrown from here on, the request may have been sent: the outcome is unknown, never a retry. */
async function sendSafely(app: App, attempt: Attempt): Promise<SendOutcome> {
  try {
    await failpoint("charge.before_call");
    const outcome = await send(app, attempt);
    await failpoint("charge.after_call");
    return outcome;
  } catch (error) {
    app.log.error({ attemptId: attempt.id, error }, "sending an attempt failed");
    return { kind: "unknown", reason: "the worker failed while it was sending" };
  }
}

// With a second between tries, about as long as a database needs to be restarted. After that the answer is let go:
// the attempt is still SENT, and the sweeper has it looked up.
const SETTLE_TRIES_MAX = 30;

/** Settles an answer, also through a short absence of the database: it is the only copy of the answer. */
export async function settleSurely(
  app: App,
  attempt: Pick<Attempt, "merchantId" | "id" | "paymentIntentId">,
  heard: Pick<Answer, "outcome" | "source">,
): Promise<Settled> {
  const { merchantId, id, paymentIntentId } = attempt;
  for (let tries = 1; ; tries += 1) {
    try {
      return await app.settleAttempt({ merchantId, attemptId: id, paymentIntentId, ...heard });
    } catch (error) {
      if (tries >= SETTLE_TRIES_MAX || !(isDatabaseAway(error) || isLockTimeout(error)))
        throw error;
      const waitMs = 100 + fullJitter({ baseMs: 200, attempt: tries, capMs: 2_000 });
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

async function send(app: App, attempt: Attempt): Promise<SendOutcome> {
  const processor = processorOf(app, attempt);
  const labels = { processor: processor.name, operation: attempt.operation };
  const stop = processorSeconds.startTimer(labels);
  const outcome = isReversal(attempt.operation)
    ? await reverse(processor, attempt)
    : await processor.send(requestOf(attempt, attempt.operation));
  stop();
  processorCalls.inc({ ...labels, outcome: outcome.kind });
  return outcome;
}

export function processorOf(app: App, attempt: Attempt): Processor {
  const processor = app.processors.get(attempt.processor);
  if (!processor) throw new Error(`no processor is called ${attempt.processor}`);
  return processor;
}

/** Reversing is harmless to repeat: an attempt to reverse that has no answer is simply sent again. */
export async function reverse(processor: Processor, attempt: Attempt): Promise<SendOutcome> {
  const outcome = await processor.reverse(attempt.targetAttemptId ?? attempt.id);
  if (outcome.kind === "unknown") return outcome;
  const processorChargeId = attempt.processorChargeId ?? "";
  return { kind: "approved", processorChargeId, amountMinor: attempt.amount, feeMinor: 0 };
}

export function requestOf(
  attempt: Attempt,
  operation: ProcessorRequest["operation"],
): ProcessorRequest {
  return {
    reference: attempt.id,
    operation,
    amountMinor: attempt.amount,
    currency: attempt.currency,
    ...(attempt.paymentMethod !== null && { paymentMethod: attempt.paymentMethod }),
    ...(attempt.targetAttemptId !== null && { targetReference: attempt.targetAttemptId }),
    ...(attempt.final !== null && { final: attempt.final }),
    ...(attempt.returnUrl !== null && { returnUrl: attempt.returnUrl }),
  };
}
