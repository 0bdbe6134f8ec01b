import { failpoint } from "../failpoints";
import { processorCalls } from "../observability/metrics";
import type {
  LookupOutcome,
  Processor,
  ProcessorOperation,
  ResolvedBy,
  ReverseOutcome,
  SendOutcome,
} from "../processors/processor";
import type { Attempt } from "./attempt";
import { type DueAttempt, beginReversal, takeDueAttempts } from "./attempt-store";
import { type AttemptToSend, asAttempt, isToSend, requestOf } from "./processor-request";
import type { AttemptRunner } from "./run-attempt";
import { isUnprepared, reverse } from "./send-attempt";
import type { Settled } from "./settle/settle-attempts";
import { settleSurely } from "./settle/settle-surely";
import { tracedAttempt, tracedCall } from "./trace-attempt";

/*
 * Guarantees: an outcome that is unknown becomes known by evidence, never by guessing and never by trying again.
 * Looking up changes nothing, and reversing by reference is harmless to repeat, so a crash here costs one more look-up.
 */

/** Nobody else looks an attempt up for this many times as long as a call may take: a look-up makes two calls. */
const LEASE_CALLS = 3;

/** What a look-up needs: one that finds nothing may send or reverse. */
export interface AttemptInquirer extends AttemptRunner {
  readonly config: { readonly processorTimeoutMs: number };
}

/** Looks up everything that is due at once, and settles what is found. */
export async function lookUpAttempts(inquirer: AttemptInquirer, limit: number): Promise<Settled[]> {
  const leaseMs = LEASE_CALLS * inquirer.config.processorTimeoutMs;
  const startedAtMs = Date.now();
  const due = await takeDueAttempts(inquirer.db, { leaseMs, limit });
  return Promise.all(
    due.map((taken) =>
      tracedAttempt(
        { name: "look up attempt", attempt: taken, startedAtMs },
        (attempt) => lookUp(inquirer, attempt),
        ({ effect }) => ({ attributes: { "oncepay.outcome": effect } }),
      ),
    ),
  );
}

async function lookUp(inquirer: AttemptRunner, attempt: DueAttempt): Promise<Settled> {
  const fired = failpoint("lookup.before_call");
  if (fired) await fired;
  const processor = await inquirer.processorOf(attempt);
  const outcome = isToSend(attempt)
    ? await findOut(inquirer, processor, attempt)
    : await reverse(processor, attempt);
  const firedAfter = failpoint("lookup.after_call");
  if (firedAfter) await firedAfter;
  inquirer.log.info({ attemptId: attempt.id, outcome: outcome.kind }, "looked up");
  return settleSurely(inquirer, attempt, { outcome, source: "lookup" });
}

/**
 * What the processor knows of the attempt, and if that is nothing, what settles the matter with what this processor can
 * do for its operation (ResolvedBy). What has to be prepared and was not has never been sent: that needs no asking.
 *
 * A shopper who was to authenticate and has not in time is one more such matter, with one difference: it is not asked
 * for again. Where nothing can be undone, the processor's own end of the challenge is waited for.
 */
async function findOut(
  inquirer: AttemptRunner,
  processor: Processor,
  due: DueAttempt & AttemptToSend,
): Promise<LookupOutcome | SendOutcome> {
  if (due.reversing) return undo(processor, due);
  if (wasNeverSent(processor, due)) return { kind: "unsent", reason: "it was prepared at most" };
  const { canLookUp, reverses, requestHorizonMs } = processor.capabilities;
  const found = await ask(processor, due);
  const isOver = due.status === "REQUIRES_ACTION" && due.challengeExpired;
  if (!isOpen(due, found, { canLookUp, isOver })) return found;
  if (isOver && !reverses.includes(due.operation)) return found;
  const ageMs = keyAgeMs(processor, due);
  switch (isOver ? "REVERSAL_BY_REFERENCE" : resolvedBy(processor, due.operation, ageMs)) {
    case "KEY_REPEAT":
      return repeat(processor, due);
    case "REVERSAL_BY_REFERENCE":
      return (await beginReversal(inquirer.db, due)) ? undo(processor, due) : found;
    case "LOOKUP":
      // As old as it was before it was asked about.
      return found.kind === "not_found" && due.sentAgoMs > requestHorizonMs
        ? { kind: "reversed" }
        : found;
    case "OPERATOR":
      return found;
  }
}

/** What has to be prepared and has no name is unsent, unless the commit of its name may be one of those that are lost. */
function wasNeverSent(processor: Processor, due: DueAttempt & AttemptToSend): boolean {
  return isUnprepared(processor, due) && !due.isFromBefore;
}

/** How long ago it may have been sent at most. Without the name of what was prepared nothing may be repeated. */
function keyAgeMs(processor: Processor, due: DueAttempt & AttemptToSend): number {
  if (isUnprepared(processor, due)) return Infinity;
  const { isFromBefore, queuedAgoMs, sentAgoMs, takenAtMs } = due;
  const agoMs = isFromBefore ? Math.max(queuedAgoMs, sentAgoMs) : sentAgoMs;
  return agoMs + (performance.now() - takenAtMs);
}

/** A processor that has forgotten the key executes the request anew: from then on it is not repeated. */
function resolvedBy(
  { capabilities }: Processor,
  operation: ProcessorOperation,
  ageMs: number,
): ResolvedBy {
  const by = capabilities.resolution[operation];
  if (by !== "KEY_REPEAT" || ageMs < capabilities.keyLifetimeMs) return by;
  return capabilities.canLookUp ? "LOOKUP" : "OPERATOR";
}

/** That the repeat was not sent says nothing about what was sent before. */
async function repeat(processor: Processor, attempt: AttemptToSend): Promise<SendOutcome> {
  const labels = { processor: processor.name, operation: attempt.operation };
  const outcome = await tracedCall(labels, attempt, (traceparent) =>
    processor.send({ ...requestOf(attempt), sentAt: attempt.sentAt, traceparent }),
  );
  processorCalls.inc({ ...labels, outcome: outcome.kind });
  return outcome.kind === "unsent" ? { kind: "unknown", reason: outcome.reason } : outcome;
}

async function ask(processor: Processor, attempt: AttemptToSend): Promise<LookupOutcome> {
  const found: LookupOutcome = processor.capabilities.canLookUp
    ? await tracedCall({ processor: processor.name, operation: "lookup" }, attempt, (traceparent) =>
        processor.lookUp({ ...asAttempt(attempt), traceparent }),
      )
    : { kind: "unknown", reason: "this processor cannot be asked" };
  const labels = { processor: processor.name, outcome: found.kind };
  processorCalls.inc({ ...labels, operation: "lookup" });
  return found;
}

/** Whether what was found settles nothing, so that something else must. */
function isOpen(
  attempt: Attempt,
  found: LookupOutcome,
  { canLookUp, isOver }: { readonly canLookUp: boolean; readonly isOver: boolean },
): boolean {
  if (isOver) return !canLookUp || ["not_found", "action_required"].includes(found.kind);
  if (canLookUp) return found.kind === "not_found";
  // Of a processor that cannot be asked the shopper's end of it is heard by a webhook.
  return attempt.status !== "REQUIRES_ACTION";
}

async function undo(processor: Processor, attempt: AttemptToSend): Promise<ReverseOutcome> {
  const reversed = await tracedCall(
    { processor: processor.name, operation: "reverse" },
    attempt,
    (traceparent) => processor.reverse({ ...asAttempt(attempt), traceparent }),
  );
  processorCalls.inc({ processor: processor.name, operation: "reverse", outcome: reversed.kind });
  const fired = failpoint("lookup.after_reverse");
  if (fired) await fired;
  return reversed;
}
