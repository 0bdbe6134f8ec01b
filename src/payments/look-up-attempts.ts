import { failpoint } from "../failpoints";
import { processorCalls } from "../observability/metrics";
import type {
  LookupOutcome,
  Processor,
  ProcessorOperation,
  ReverseOutcome,
  SendOutcome,
} from "../processors/processor";
import { type Attempt, isReversal } from "./attempt";
import { beginReversal, takeDueAttempts } from "./attempt-store";
import { type AttemptRunner, processorOf, reverse, sendRequest } from "./run-attempt";
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

async function lookUp(inquirer: AttemptRunner, attempt: Attempt): Promise<Settled> {
  const fired = failpoint("lookup.before_call");
  if (fired) await fired;
  const processor = processorOf(inquirer, attempt);
  const outcome = isReversal(attempt.operation)
    ? await reverse(processor, attempt)
    : await findOut(inquirer, processor, attempt);
  const firedAfter = failpoint("lookup.after_call");
  if (firedAfter) await firedAfter;
  inquirer.log.info({ attemptId: attempt.id, outcome: outcome.kind }, "looked up");
  return settleSurely(inquirer, attempt, { outcome, source: "lookup" });
}

/**
 * What the processor knows under our reference, and if that is nothing, what settles the matter with what this
 * processor can do:
 *
 * - it takes idempotency keys: the request is repeated under the same one, and the answer is the answer;
 * - it can reverse by reference: the acknowledgement undoes whatever moved and refuses whatever arrives later;
 * - it can be asked: "not found" is evidence once the request can no longer arrive, not before;
 * - none of these: only a webhook, a settlement line or an operator can tell.
 *
 * A shopper who was to authenticate and has not in time is one more such matter, with one difference: it is not asked
 * for again. Where nothing can be undone, the processor's own end of the challenge is waited for.
 */
async function findOut(
  inquirer: AttemptRunner,
  processor: Processor,
  attempt: Attempt,
): Promise<LookupOutcome | SendOutcome> {
  if (attempt.reversing) return undo(processor, attempt);
  const { canLookUp, canReverse, takesIdempotencyKeys, requestHorizonMs } = processor.capabilities;
  const found = await ask(processor, attempt);
  const isOver = attempt.status === "REQUIRES_ACTION" && attempt.challengeExpired;
  if (!isOpen(attempt, found, { canLookUp, isOver })) return found;
  if (takesIdempotencyKeys && !isOver) {
    return sendRequest(processor, attempt, attempt.operation);
  }
  if (canReverse) {
    return (await beginReversal(inquirer.db, attempt)) ? undo(processor, attempt) : found;
  }
  if (isOver) return found;
  const sinceSentMs = attempt.sentAt ? Date.now() - attempt.sentAt.getTime() : Infinity;
  return canLookUp && sinceSentMs > requestHorizonMs ? { kind: "reversed" } : found;
}

async function ask(processor: Processor, attempt: Attempt): Promise<LookupOutcome> {
  const found: LookupOutcome = processor.capabilities.canLookUp
    ? await tracedCall({ processor: processor.name, operation: "lookup" }, attempt, (traceparent) =>
        processor.lookUp(attempt.id, traceparent),
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
): attempt is Attempt & { readonly operation: ProcessorOperation } {
  if (isReversal(attempt.operation)) return false;
  if (isOver) return !canLookUp || ["not_found", "action_required"].includes(found.kind);
  if (canLookUp) return found.kind === "not_found";
  // Of a processor that cannot be asked the shopper's end of it is heard by a webhook.
  return attempt.status !== "REQUIRES_ACTION";
}

async function undo(processor: Processor, attempt: Attempt): Promise<ReverseOutcome> {
  const reversed = await tracedCall(
    { processor: processor.name, operation: "reverse" },
    attempt,
    (traceparent) => processor.reverse(attempt.id, traceparent),
  );
  processorCalls.inc({ processor: processor.name, operation: "reverse", outcome: reversed.kind });
  const fired = failpoint("lookup.after_reverse");
  if (fired) await fired;
  return reversed;
}
