import type { Db, Tx } from "../db/db";
import { failpoint } from "../failpoints";
import type { Outcome } from "../idempotency/keys";
import { newId } from "../ids";
import { findCharge } from "./attempt-store";
import { changeIntent } from "./change";
import { type Decision, type KeyedCommand, changeOnce } from "./change-intent-once";
import { type Refund, amountTooLarge, invalidState } from "./payment-intent";
import { type IntentState, findRefundByKey } from "./payment-store";

/*
 * Guarantees: a refund is reserved on the intent and one attempt is queued for it, or the verdict is kept under the
 * key; refunds, those in flight included, can never add up to more than was captured. A crash leaves all or nothing.
 */

export const REFUND = "refundPaymentIntent";

export interface RefundPaymentIntent extends KeyedCommand {
  /** Minor units; null: all that is left. */
  readonly amount: number | null;
  readonly reason: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export async function refundPaymentIntent(
  db: Db,
  command: RefundPaymentIntent,
): Promise<Outcome<Refund>> {
  return changeOnce<Refund>(db, command, {
    operation: REFUND,
    decide: (tx, state) => decideRefund(tx, state, command),
    beforeCommit: () => failpoint("refund.inside_transaction") ?? undefined,
    findSpent: (tx) => findRefundByKey(tx, command.merchantId, command.key),
  });
}

async function decideRefund(
  tx: Tx,
  state: IntentState,
  command: RefundPaymentIntent,
): Promise<Decision> {
  const intent = state.snapshot;
  if (intent.amountCaptured === 0) return { failure: invalidState(intent) };
  const amount = command.amount ?? intent.amountRefundable;
  if (amount > intent.amountRefundable || amount === 0) {
    return { failure: amountTooLarge(intent.id, intent.amountRefundable) };
  }
  const charge = await findCharge(tx, state.merchantId, state.id);
  if (!charge) throw new Error(`${state.id} is captured and has no charge`);
  const refundId = newId("refund");
  const attemptId = newId("attempt");
  const change = changeIntent(state, { amountRefunding: state.amountRefunding + amount }, [
    {
      type: "refund.created",
      to: intent.status,
      actor: command.actor,
      cause: REFUND,
      amount,
      objectId: refundId,
      attemptId,
    },
  ]);
  const ofIntent = { merchantId: state.merchantId, paymentIntentId: state.id };
  return {
    resultEventId: change.steps[0]?.eventId ?? "",
    change: {
      intent: change,
      newRefund: {
        ...ofIntent,
        id: refundId,
        amount,
        currency: intent.currency,
        reason: command.reason,
        metadata: command.metadata,
        key: command.key,
      },
      newAttempt: {
        ...ofIntent,
        id: attemptId,
        operation: "refund",
        processor: charge.processor,
        amount,
        currency: intent.currency,
        refundId,
        targetAttemptId: charge.id,
        announce: false,
      },
    },
  };
}
