import type { Db } from "../db/db";
import type { StoredFailure } from "../failures";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import type { Approved, Declined } from "../processors/processor";
import { type LockedAttempt, lockAttempts } from "./attempt-store";
import type { Change } from "./change";
import { writeChanges } from "./change-store";
import { type PaymentIntent, notFound } from "./payment-intent";
import { findIntents } from "./payment-store";
import type { Answer, LookupPolicy } from "./settle/answer";
import { settle } from "./settle/settle";

/*
 * Guarantees: a named operator's word about an UNKNOWN outcome settles it as a processor's answer would, once, and the
 * reason is kept as evidence. If the processor later says otherwise, that is noticed, and money that moved is returned.
 */

export const RESOLVE_UNKNOWN = "resolveUnknownAttempt";

export const RESOLUTIONS = ["SUCCEEDED", "FAILED"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export interface ResolveUnknownAttempt {
  readonly merchantId: string;
  /** The operator's key. */
  readonly actor: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly attemptId: string;
  readonly resolution: Resolution;
  readonly reason: string;
  /** The processor's own id of the charge, where the operator found one. */
  readonly processorChargeId: string | null;
}

// A resolution is final for its attempt, and creates no object that could keep the key.
export const resolveOperation: KeyedOperation<PaymentIntent> = { name: RESOLVE_UNKNOWN };

interface Needs {
  readonly db: Db;
  readonly config: LookupPolicy;
  readonly replays: ReplayCache;
}

export async function resolveUnknownAttempt(
  { db, config, replays }: Needs,
  command: ResolveUnknownAttempt,
): Promise<Outcome<PaymentIntent>> {
  return once<PaymentIntent>(
    db,
    { ...command, replays },
    {
      operation: resolveOperation,
      execute: async (tx) => {
        const { merchantId, attemptId } = command;
        const [attempt] = await lockAttempts(tx, [{ merchantId, id: attemptId }]);
        if (!attempt) return { failure: notFound("attempt", attemptId) };
        const resolved = resolve(attempt, command, config);
        if ("failure" in resolved) return resolved;
        await writeChanges(tx, [resolved.change]);
        // The events may be about a refund or a capture, or there may be none: the answer is always the intent.
        const [intent] = await findIntents(tx, merchantId, [attempt.paymentIntentId]);
        if (!intent) throw new Error("an intent that is locked is not there");
        return { result: intent };
      },
    },
  );
}

type Resolved = { readonly failure: StoredFailure } | { readonly change: Change };

function resolve(
  attempt: LockedAttempt,
  command: ResolveUnknownAttempt,
  policy: LookupPolicy,
): Resolved {
  // An attempt that is being undone is settled only by the acknowledgement: the order to undo it may already be on its
  // way.
  if (attempt.status !== "UNKNOWN" || attempt.reversing) return refuse(attempt);
  const answer: Answer = {
    merchantId: command.merchantId,
    attemptId: command.attemptId,
    paymentIntentId: attempt.paymentIntentId,
    outcome: outcomeOf(command, attempt.amount),
    source: command.actor,
    reason: command.reason,
  };
  const { effect, changes } = settle(attempt, answer, policy);
  const change = changes[0];
  // The operator says, for example, that a different amount moved from the one requested: it settles by itself, or by
  // an answer.
  if (!change) return refuse(attempt);
  return { change: { ...change, evidence: [{ answer, effect }] } };
}

function refuse({ id, status }: LockedAttempt): Resolved {
  return {
    failure: { code: "INVALID_STATE", details: { id, currentState: status, allowedActions: [] } },
  };
}

function outcomeOf(command: ResolveUnknownAttempt, amount: number): Approved | Declined {
  if (command.resolution === "SUCCEEDED") {
    const processorChargeId = command.processorChargeId ?? "";
    // The processor's fee is not known here; it comes with the settlement.
    return { kind: "approved", processorChargeId, amountMinor: amount, feeMinor: 0 };
  }
  return {
    kind: "declined",
    code: "resolved_by_operator",
    message: "The outcome was unknown, and an operator found that nothing had happened.",
    hard: false,
  };
}
