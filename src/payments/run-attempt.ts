import type { Db } from "../db/db";
import { failpoint } from "../failpoints";
import type { Log } from "../observability/log";
import { claims, processorCalls, processorSeconds } from "../observability/metrics";
import type { Processor, ProcessorRequest, Processors, SendOutcome } from "../processors/processor";
import { type Attempt, type AttemptKey, isReversal } from "./attempt";
import { claimAttempts } from "./attempt-store";
import type { Settled } from "./settle/settle-attempts";
import { type AnswerSettler, settleSurely } from "./settle/settle-surely";
import { tracedAttempt, tracedCall } from "./trace-attempt";

/*
 * Guarantees: an attempt is sent by one worker, once. Claiming it is a commit of its own, so that a crash at any later
 * point leaves it SENT, and then it is looked up, never sent again. No transaction is open during the call.
 */

/** What running attempts needs. */
export interface AttemptRunner extends AnswerSettler {
  readonly db: Db;
  readonly log: Log;
  readonly processors: Processors;
}

export interface Ran extends Settled {
  readonly key: AttemptKey;
}

/** Claims those of these attempts that have yet to be sent, sends them all at once, and settles what comes back. */
export async function runAttempts(
  runner: AttemptRunner,
  workerId: string,
  keys: readonly AttemptKey[],
): Promise<Ran[]> {
  const startedAtMs = Date.now();
  const attempts = await claimAttempts(runner.db, workerId, keys);
  claims.inc({ what: "attempt", outcome: "claimed" }, attempts.length);
  claims.inc({ what: "attempt", outcome: "lost" }, keys.length - attempts.length);
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
    const outcome = await send(runner, attempt);
    await failpoint("charge.after_call");
    return outcome;
  } catch (error) {
    runner.log.error({ attemptId: attempt.id, error }, "sending an attempt failed");
    return { kind: "unknown", reason: "the worker failed while it was sending" };
  }
}

async function send(runner: AttemptRunner, attempt: Attempt): Promise<SendOutcome> {
  const processor = processorOf(runner, attempt);
  const labels = { processor: processor.name, operation: attempt.operation };
  const stop = processorSeconds.startTimer(labels);
  const outcome = isReversal(attempt.operation)
    ? await reverse(processor, attempt)
    : await sendRequest(processor, attempt, attempt.operation);
  stop();
  processorCalls.inc({ ...labels, outcome: outcome.kind });
  return outcome;
}

/** A request for the attempt, under its own reference. */
export function sendRequest(
  processor: Processor,
  attempt: Attempt,
  operation: ProcessorRequest["operation"],
): Promise<SendOutcome> {
  return tracedCall({ processor: processor.name, operation }, attempt, (traceparent) =>
    processor.send(requestOf(attempt, operation), traceparent),
  );
}

export function processorOf(runner: AttemptRunner, attempt: Attempt): Processor {
  const processor = runner.processors.get(attempt.processor);
  if (!processor) throw new Error(`no processor is called ${attempt.processor}`);
  return processor;
}

/** Reversing is harmless to repeat: an attempt to reverse that has no answer is simply sent again. */
export async function reverse(processor: Processor, attempt: Attempt): Promise<SendOutcome> {
  const outcome = await tracedCall(
    { processor: processor.name, operation: "reverse" },
    attempt,
    (traceparent) => processor.reverse(attempt.targetAttemptId ?? attempt.id, traceparent),
  );
  if (outcome.kind === "unknown") return outcome;
  const processorChargeId = attempt.processorChargeId ?? "";
  return { kind: "approved", processorChargeId, amountMinor: attempt.amount, feeMinor: 0 };
}

function requestOf(attempt: Attempt, operation: ProcessorRequest["operation"]): ProcessorRequest {
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
