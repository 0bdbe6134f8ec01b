import type { Db, Tx } from "../db/db";
import { failpoint } from "../failpoints";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { newId } from "../ids";
import { findCharge } from "./attempt-store";
import { changeIntent } from "./change";
import { type Decision, type KeyedCommand, changeIntentOnce } from "./change-intent-once";
import { type PaymentIntent, allowedActions, invalidState } from "./payment-intent";
import type { IntentState } from "./payment-store";

/*
 * Guarantees: an intent with no money captured and nothing in flight becomes CANCELED, or PROCESSING while the
 * processor's hold is released first; any other is refused, and the verdict is kept under the key. A crash leaves all
 * of it or nothing.
 */

export const CANCEL = "cancelPaymentIntent";

export interface CancelPaymentIntent extends KeyedCommand {
  readonly reason: string | null;
}

// A cancellation is final for its intent, and creates no object that could keep the key.
export const cancelOperation: KeyedOperation<PaymentIntent> = { name: CANCEL };

export async function cancelPaymentIntent(
  db: Db,
  command: CancelPaymentIntent,
): Promise<Outcome<PaymentIntent>> {
  return changeIntentOnce(db, command, {
    operation: cancelOperation,
    decide: (tx, state) => decideCancel(tx, state, command),
    beforeCommit: () => failpoint("cancel.inside_transaction"),
  });
}

async function decideCancel(
  tx: Tx,
  state: IntentState,
  command: CancelPaymentIntent,
): Promise<Decision> {
  const intent = state.snapshot;
  if (!allowedActions(intent).includes("CANCEL")) return { failure: invalidState(intent) };
  const set = { cancellationReason: command.reason, nextAction: null };
  const by = { actor: command.actor, cause: CANCEL, amount: intent.amount };
  const charge = await findCharge(tx, state.merchantId, state.id);
  if (!charge) {
    const change = changeIntent(state, set, [
      { ...by, type: "payment_intent.canceled", to: "CANCELED" },
    ]);
    return { resultEventId: change.steps[0]?.eventId ?? "", change: { intent: change } };
  }
  const attemptId = newId("attempt");
  const change = changeIntent(state, set, [
    { ...by, type: "payment_intent.processing", to: "PROCESSING", attemptId },
  ]);
  // A shopper may finish authenticating at this very moment. A reversal by reference undoes whatever that moves, and
  // prevents anything from moving later; a void would cover only what is authorised now.
  const awaitsShopper = charge.status === "REQUIRES_ACTION";
  return {
    resultEventId: change.steps[0]?.eventId ?? "",
    change: {
      intent: change,
      ...(awaitsShopper && {
        attempt: {
          merchantId: state.merchantId,
          id: charge.id,
          status: "ABANDONED" as const,
          message: "canceled before the shopper authenticated",
          dueInMs: null,
        },
      }),
      newAttempt: {
        merchantId: state.merchantId,
        paymentIntentId: state.id,
        id: attemptId,
        operation: awaitsShopper ? "reverse" : "void",
        processor: charge.processor,
        amount: intent.amount,
        currency: intent.currency,
        targetAttemptId: charge.id,
        announce: false,
      },
    },
  };
}
