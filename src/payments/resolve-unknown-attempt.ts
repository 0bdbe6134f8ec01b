import type { AuditedWrite } from "../audit-log/record-write";
import type { Db, Tx } from "../db/db";
import { type FailureDetails, type StoredFailure, notFound, wrongState } from "../failures";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import type { Approved, Declined } from "../processors/processor";
import { NOT_UNKNOWN, type Resolution, allowedOnAttempt } from "./attempt";
import { type LockedAttempt, lockAttempts } from "./attempt-store";
import type { Change } from "./change";
import { writeChanges } from "./change-store";
import { beginCheck } from "./check-resolutions";
import { type Evidence, PROPOSED, insertEvidence } from "./evidence-store";
import { type Operator, weigh } from "./four-eyes";
import type { PaymentIntent } from "./payment-intent";
import { findIntents } from "./payment-store";
import type { Answer, SettlePolicy } from "./settle/answer";
import { settle } from "./settle/settle";

/*
 * Guarantees: a named platform operator's word about an UNKNOWN outcome settles it as a processor's answer would, once,
 * and the reason is kept as evidence. Where four eyes are required, the first operator's word is kept as a proposal and
 * settles nothing, until a second one says the same (src/payments/four-eyes.ts). It is refused for as long as the
 * processor has not been asked, or the outcome may yet become known by itself, unless the operator insists. The
 * processor goes on being asked (check-resolutions.ts): if it says otherwise, money that moved is returned.
 */

export const RESOLVE_UNKNOWN = "resolveUnknownAttempt";

export interface ResolveUnknownAttempt {
  readonly merchantId: string;
  readonly operator: Operator;
  readonly key: string;
  readonly fingerprint: string;
  readonly attemptId: string;
  readonly resolution: Resolution;
  readonly reason: string;
  /** The processor's own id of the charge, where the operator found one. */
  readonly processorChargeId: string | null;
  /** Although it has not been looked up, or is young. */
  readonly override: boolean;
  readonly audit?: AuditedWrite | undefined;
}

// A resolution is final for its attempt, and creates no object that could keep the key.
export const resolveOperation: KeyedOperation<PaymentIntent, Beside> = { name: RESOLVE_UNKNOWN };

interface Beside {
  readonly proposal: Evidence;
}

export interface ResolvedAttempt extends Outcome<PaymentIntent> {
  /** What waits for a second operator; null when the attempt was settled. */
  readonly proposal: Evidence | null;
}

interface Needs {
  readonly db: Db;
  readonly config: SettlePolicy & { readonly fourEyes: boolean; readonly resolveAfterMs: number };
  readonly replays: ReplayCache;
}

export async function resolveUnknownAttempt(
  { db, config, replays }: Needs,
  command: ResolveUnknownAttempt,
): Promise<ResolvedAttempt> {
  const request = { ...command, replays };
  const { beside, ...outcome } = await once<PaymentIntent, Beside>(db, request, {
    operation: resolveOperation,
    execute: async (tx) => {
      const { merchantId, attemptId } = command;
      const [attempt] = await lockAttempts(tx, [{ merchantId, id: attemptId }]);
      if (!attempt) return { failure: notFound("attempt", attemptId) };
      const early = command.override ? undefined : refuseEarly(attempt, config.resolveAfterMs);
      if (early) return early;
      const resolved = resolve(attempt, command, config);
      if ("failure" in resolved) return resolved;
      const proposal = config.fourEyes ? await propose(tx, command, resolved.answer) : undefined;
      if (!proposal) {
        await writeChanges(tx, [{ ...resolved.change, traceparent: attempt.traceparent }]);
        await beginCheck(tx, command, config);
      }
      // The events may be about a refund or a capture, or there may be none: the answer is always the intent.
      const [intent] = await findIntents(tx, merchantId, [attempt.paymentIntentId]);
      if (!intent) throw new Error("an intent that is locked is not there");
      return { result: intent, ...(proposal && { beside: { proposal } }) };
    },
  });
  return { ...outcome, proposal: beside?.proposal ?? null };
}

/** The proposal that the operator's word is kept as; undefined when another operator has said the same. */
async function propose(
  tx: Tx,
  { merchantId, attemptId, operator }: ResolveUnknownAttempt,
  answer: Answer,
): Promise<Evidence | undefined> {
  const attempt = { merchantId, id: attemptId };
  const said = { operator, outcome: answer.outcome };
  const opinion = await weigh(tx, attempt, said);
  if (opinion.agreed) return undefined;
  // Said again by the same eyes, it is still one proposal.
  if (opinion.standing) return opinion.standing;
  await insertEvidence(tx, [{ answer, effect: PROPOSED }]);
  const written = await weigh(tx, attempt, said);
  if (written.agreed || !written.standing) throw new Error("a proposal that was kept is not there");
  return written.standing;
}

type Resolved =
  { readonly failure: StoredFailure } | { readonly answer: Answer; readonly change: Change };

function resolve(
  attempt: LockedAttempt,
  command: ResolveUnknownAttempt,
  policy: SettlePolicy,
): Resolved {
  if (attempt.status !== "UNKNOWN") return refuse(attempt, NOT_UNKNOWN[attempt.status]);
  // Settled only by the acknowledgement: the order to undo it may already be on its way.
  if (attempt.reversing) {
    return refuse(attempt, "It is being undone: the processor has yet to acknowledge that.");
  }
  const answer: Answer = {
    merchantId: command.merchantId,
    attemptId: command.attemptId,
    paymentIntentId: attempt.paymentIntentId,
    outcome: outcomeOf(command, attempt.amount),
    source: command.operator.actor,
    reason: command.reason,
  };
  const { effect, changes } = settle(attempt, answer, policy);
  const change = changes[0];
  if (!change) throw new Error("a word about an unknown outcome settles it");
  return { answer, change: { ...change, evidence: [{ answer, effect }] } };
}

/** A look-up may know it, and an answer that is late may still come. */
function refuseEarly(
  attempt: LockedAttempt,
  resolveAfterMs: number,
): { readonly failure: StoredFailure } | undefined {
  const { status, reversing, lookups, unknownSince } = attempt;
  // Insisting would not help where it is being undone.
  if (status !== "UNKNOWN" || reversing) return undefined;
  const resolvableAtMs = (unknownSince?.getTime() ?? Date.now()) + resolveAfterMs;
  if (lookups > 0 && Date.now() >= resolvableAtMs) return undefined;
  const resolvableAt = new Date(resolvableAtMs).toISOString();
  const because = "The processor may yet say itself what came of it.";
  return refuse(attempt, because, { lookups, resolvableAt, needs: "override" });
}

function refuse(
  attempt: LockedAttempt,
  because: string,
  more: FailureDetails = {},
): { readonly failure: StoredFailure } {
  const { id, status: currentState } = attempt;
  const allowedActions = allowedOnAttempt(attempt);
  return { failure: wrongState({ id, because, currentState, allowedActions, ...more }) };
}

function outcomeOf(command: ResolveUnknownAttempt, amount: number): Approved | Declined {
  if (command.resolution === "SUCCEEDED") {
    const processorChargeId = command.processorChargeId ?? "";
    // The processor's fee is not known here; it comes with the settlement.
    return { kind: "approved", processorChargeId, amountMinor: amount, feeMinor: null };
  }
  return {
    kind: "declined",
    code: "resolved_by_operator",
    message: "The outcome was unknown, and an operator found that nothing had happened.",
    hard: false,
  };
}
