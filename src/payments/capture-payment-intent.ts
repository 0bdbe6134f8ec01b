import type { Db, Tx } from "../db/db";
import { failpoint } from "../failpoints";
import type { Outcome } from "../idempotency/keys";
import { newId } from "../ids";
import { findCharge } from "./attempt-store";
import { changeIntent } from "./change";
import { type Decision, type KeyedCommand, changeOnce } from "./change-intent-once";
import { type PaymentIntent, amountTooLarge, invalidState } from "./payment-intent";
import { type IntentState, findIntentByCaptureKey } from "./payment-store";

/*
 * Guarantees: a capture is reserved on the intent and one attempt is queued for it, or the verdict is kept under
 * the key; captures can never add up to more than was authorised. A crash leaves all of it or nothing.
 */

export const CAPTURE = "capturePaymentIntent";

export interface CapturePaymentIntent extends KeyedCommand {
  /** Minor units; null: all that is left. */
  readonly amount: number | null;
  /** Whether what this capture leaves of the authorisation is released. */
  readonly final: boolean;
}

export async function capturePaymentIntent(
  db: Db,
  command: CapturePaymentIntent,
): Promise<Outcome<PaymentIntent>> {
  return changeOnce<PaymentIntent>(db, command, {
    operation: CAPTURE,
    decide: (tx, state) => decideCapture(tx, state, command),
    beforeCommit: () => failpoint("capture.inside_transaction") ?? undefined,
    findSpent: (tx) => findIntentByCaptureKey(tx, command.merchantId, command.key),
  });
}

async function decideCapture(
  tx: Tx,
  state: IntentState,
  command: CapturePaymentIntent,
): Promise<Decision> {
  const intent = state.snapshot;
  if (intent.status !== "REQUIRES_CAPTURE") return { failure: invalidState(intent) };
  const amount = command.amount ?? intent.amountCapturable;
  if (amount > intent.amountCapturable) {
    return { failure: amountTooLarge(intent.id, intent.amountCapturable) };
  }
  const charge = await findCharge(tx, state.merchantId, state.id);
  if (!charge) throw new Error(`${state.id} is capturable and has no authorisation`);
  const captureId = newId("capture");
  const attemptId = newId("attempt");
  const by = { actor: command.actor, cause: CAPTURE, amount };
  const change = changeIntent(state, { amountCapturing: state.amountCapturing + amount }, [
    { ...by, type: "capture.created", to: "REQUIRES_CAPTURE", objectId: captureId },
    { ...by, type: "payment_intent.processing", to: "PROCESSING", attemptId },
  ]);
  const ofIntent = { merchantId: state.merchantId, paymentIntentId: state.id };
  return {
    resultEventId: change.steps[1]?.eventId ?? "",
    change: {
      intent: change,
      newCapture: {
        ...ofIntent,
        id: captureId,
        amount,
        currency: intent.currency,
        final: command.final,
        key: command.key,
      },
      newAttempt: {
        ...ofIntent,
        id: attemptId,
        operation: "capture",
        processor: charge.processor,
        amount,
        currency: intent.currency,
        final: command.final,
        captureId,
        targetAttemptId: charge.id,
        announce: false,
      },
    },
  };
}
