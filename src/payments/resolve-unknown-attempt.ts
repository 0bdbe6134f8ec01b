import type { App } from "../app";
import { Failure } from "../failures";
import type { Outcome } from "../idempotency/keys";
import type { Approved, Declined } from "../processors/processor";
import { findAttempts, lockAttempts } from "./attempt-store";
import { changeOnce } from "./change-intent-once";
import { type PaymentIntent, notFound } from "./payment-intent";
import type { Answer } from "./settle/answer";
import { settle } from "./settle/settle";

/*
 * Guarantees: a named operator's word about an UNKNOWN outcome settles it like a processor's answer would, once, with
 * the reason kept as evidence. Should the processor say otherwise later, that is noticed, and money that moved is given back.
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

export async function resolveUnknownAttempt(
  app: App,
  command: ResolveUnknownAttempt,
): Promise<Outcome<PaymentIntent>> {
  const { merchantId, attemptId } = command;
  const [known] = await findAttempts(app.db, merchantId, [attemptId]);
  if (!known) {
    throw new Failure(
      "NOT_FOUND",
      `There is no attempt ${attemptId}.`,
      notFound("attempt", attemptId).details,
    );
  }
  return changeOnce<PaymentIntent>(
    app.db,
    { ...command, paymentIntentId: known.paymentIntentId },
    {
      operation: RESOLVE_UNKNOWN,
      decide: async (tx) => {
        const [attempt] = await lockAttempts(tx, [{ merchantId, id: attemptId }]);
        // One that is being undone is settled by the acknowledgement alone: the order to undo it may be on its way.
        if (attempt?.status !== "UNKNOWN" || attempt.reversing) {
          return {
            failure: {
              code: "INVALID_STATE",
              details: { id: attemptId, currentState: attempt?.status, allowedActions: [] },
            },
          };
        }
        const answer: Answer = {
          merchantId,
          attemptId,
          paymentIntentId: attempt.paymentIntentId,
          outcome: outcomeOf(command, attempt.amount),
          source: command.actor,
          reason: command.reason,
        };
        const { effect, changes } = settle(attempt, answer, app.config);
        const change = changes[0];
        const resultEventId = change?.intent?.steps.at(-1)?.eventId;
        if (!change || resultEventId === undefined) {
          throw new Failure("INVALID_STATE", "This attempt settles by itself.", { id: attemptId });
        }
        return { change: { ...change, evidence: [{ answer, effect }] }, resultEventId };
      },
      beforeCommit: () => undefined,
    },
  );
}

function outcomeOf(command: ResolveUnknownAttempt, amount: number): Approved | Declined {
  if (command.resolution === "SUCCEEDED") {
    const processorChargeId = command.processorChargeId ?? "";
    // What the processor keeps for it is not known here; it comes with the settlement.
    return { kind: "approved", processorChargeId, amountMinor: amount, feeMinor: 0 };
  }
  return {
    kind: "declined",
    code: "resolved_by_operator",
    message: "The outcome was unknown, and was found not to have happened.",
    hard: false,
  };
}
