import type { Db } from "../db/db";
import { failpoint } from "../failpoints";
import type { Log } from "../observability/log";
import { processorCalls, processorSeconds } from "../observability/metrics";
import type {
  PrepareOutcome,
  Processor,
  ProcessorRequest,
  SendOutcome,
} from "../processors/processor";
import { isText } from "../processors/sound-outcome";
import type { Attempt } from "./attempt";
import { keepProcessorRef } from "./attempt-store";
import { type AttemptToSend, asAttempt, isToSend, requestOf } from "./processor-request";
import { tracedCall } from "./trace-attempt";

/*
 * The call to the processor for an attempt that this worker has claimed. What the processor prepares takes two: it is
 * prepared, which moves nothing; the processor's name of it is committed; and only then is it sent. So an attempt
 * without that name was never sent, whoever died where, and one with it is looked up by it.
 *
 * Cost: of two phases one more call and one more commit; of one phase nothing but the call.
 */

/** Which processor an attempt is, or was, sent to: the installation's own, or that of an account. */
export interface ProcessorFinder {
  /** Calls nobody. Throws when it is not known here, or its account's secrets cannot be opened. */
  readonly processorOf: (attempt: AttemptToCall) => Promise<Processor>;
}

export type AttemptToCall = Pick<
  Attempt,
  "merchantId" | "processor" | "processorAccountId" | "accountVersion"
>;

/** What sending needs. */
export interface AttemptSender extends ProcessorFinder {
  readonly db: Db;
  readonly log: Pick<Log, "error">;
}

export async function sendAttempt(sender: AttemptSender, attempt: Attempt): Promise<SendOutcome> {
  const processor = await sender.processorOf(attempt).catch((error: unknown) => {
    sender.log.error({ attemptId: attempt.id, err: error }, "an attempt's processor is not known");
    return undefined;
  });
  // Nobody has been called.
  if (!processor) return unsent("its processor is not known here");
  const labels = { processor: processor.name, operation: attempt.operation };
  const stop = processorSeconds.startTimer(labels);
  const outcome = isToSend(attempt)
    ? await send(sender, processor, attempt)
    : await reverse(processor, attempt);
  stop();
  processorCalls.inc({ ...labels, outcome: outcome.kind });
  return outcome;
}

/** It has to be prepared first, and that has not been done, or its outcome is lost: then it has not been sent. */
export function isUnprepared({ capabilities }: Processor, attempt: AttemptToSend): boolean {
  return capabilities.prepares.includes(attempt.operation) && attempt.processorRef === null;
}

async function send(
  { db }: AttemptSender,
  processor: Processor,
  attempt: AttemptToSend,
): Promise<SendOutcome> {
  const request = requestOf(attempt);
  const labels = { processor: processor.name, operation: attempt.operation };
  const sendIt = (sent: ProcessorRequest): Promise<SendOutcome> =>
    tracedCall(labels, attempt, (traceparent) => processor.send({ ...sent, traceparent }));
  if (!isUnprepared(processor, attempt)) return sendIt(request);
  const prepared = await prepare(processor, attempt);
  const fired = failpoint("prepare.after_call");
  if (fired) await fired;
  if (prepared.kind !== "prepared") return prepared;
  const { processorRef } = prepared;
  // Somebody has taken this worker for dead: the attempt is theirs, and sending it now would be a second time.
  if (!(await keepProcessorRef(db, attempt, processorRef)))
    return unsent("taken by another worker");
  const firedAfter = failpoint("prepare.after_commit");
  if (firedAfter) await firedAfter;
  return sendIt({ ...request, processorRef });
}

async function prepare(processor: Processor, attempt: AttemptToSend): Promise<PrepareOutcome> {
  const { name, prepare: call } = processor;
  if (!call) throw new Error(`${name} says that it prepares, and cannot`);
  const prepared = await tracedCall(
    { processor: name, operation: "prepare" },
    attempt,
    (traceparent) => call({ ...requestOf(attempt), traceparent }),
  );
  const isMalformed = prepared.kind === "prepared" && !isText(prepared.processorRef);
  return isMalformed ? unsent("what was prepared has a malformed name") : prepared;
}

function unsent(reason: string): SendOutcome & { readonly kind: "unsent" } {
  return { kind: "unsent", reason };
}

/** Reversing is harmless to repeat: an attempt to reverse that has no answer is simply sent again. */
export async function reverse(processor: Processor, attempt: Attempt): Promise<SendOutcome> {
  const target = asAttempt(attempt);
  if (!processor.capabilities.reverses.includes(target.operation)) {
    // Not declined: what moved has moved, and a person has to give it back.
    return { kind: "unknown", reason: `a ${target.operation} cannot be undone by its reference` };
  }
  const outcome = await tracedCall(
    { processor: processor.name, operation: "reverse" },
    attempt,
    (traceparent) => processor.reverse({ ...target, traceparent }),
  );
  if (outcome.kind === "unknown") return outcome;
  const processorChargeId = attempt.processorChargeId ?? "";
  return { kind: "approved", processorChargeId, amountMinor: attempt.amount, feeMinor: 0 };
}
