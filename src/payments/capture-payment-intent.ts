import type { Db } from "../db/db";
import { failpoint } from "../failpoints";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { newId } from "../ids";
import { type Charge, refOf } from "./attempt";
import { findCharge } from "./attempt-store";
import { type Change, type StepInput, changeIntent } from "./change";
import {
  type Decision,
  type KeyedCommand,
  type Locked,
  changeIntentOnce,
} from "./change-intent-once";
import type { Capture, PaymentIntent } from "./payment-intent";
import { amountTooLarge, invalidState } from "./intent-actions";
import {
  type IntentState,
  findCaptureMade,
  findCaptures,
  findIntentByCaptureKey,
} from "./payment-store";

/*
 * Guarantees: a capture is reserved on the intent and one attempt is queued for it, or the verdict is kept under
 * the key; captures can never add up to more than was authorised. A crash leaves all of it or nothing.
 */

export const CAPTURE = "capturePaymentIntent";

export interface CapturePaymentIntent extends KeyedCommand {
  /** Minor units; null means everything that is left. */
  readonly amount: number | null;
  /** Whether what this capture leaves of the authorisation is released. */
  readonly final: boolean;
}

export const captureOperation: KeyedOperation<PaymentIntent, Capture> = {
  name: CAPTURE,
  findMade: findIntentByCaptureKey,
  spentKey: "captures_spent_key",
};

export interface CaptureOutcome extends Outcome<PaymentIntent> {
  /** As it stood when it was created. */
  readonly capture: Capture;
}

export async function capturePaymentIntent(
  db: Db,
  command: CapturePaymentIntent,
): Promise<CaptureOutcome> {
  const { merchantId, key } = command;
  const { beside, ...outcome } = await changeIntentOnce<PaymentIntent, Capture>(db, command, {
    operation: captureOperation,
    findCharge,
    decide: (_tx, locked) => decideCapture(locked, command),
    readBeside: async (tx, { newCapture }) => {
      const [made] = await findCaptures(tx, merchantId, [newCapture?.id ?? ""]);
      return { beside: there(made) };
    },
    beforeCommit: () => failpoint("capture.inside_transaction"),
    isSame: (made) => made.result.id === command.paymentIntentId,
  });
  // The record has expired, or was written before this column existed; the capture's own event still has it.
  return { ...outcome, capture: beside ?? there(await findCaptureMade(db, merchantId, key)) };
}

function there(capture: Capture | undefined): Capture {
  if (!capture) throw new Error("a capture that was made is not there");
  return capture;
}

function decideCapture({ state, charge }: Locked, command: CapturePaymentIntent): Decision {
  const intent = state.snapshot;
  if (intent.status !== "REQUIRES_CAPTURE") return { failure: invalidState(intent, "CAPTURE") };
  const amount = command.amount ?? intent.amountCapturable;
  if (amount > intent.amountCapturable) {
    return { failure: amountTooLarge(intent.id, intent.amountCapturable) };
  }
  if (!charge) throw new Error(`${state.id} is capturable and has no authorisation`);
  const { actor } = command;
  return capturing({ ...command, state, actor, cause: CAPTURE, amount }, charge);
}

/** What is captured: how much, and who does it why. */
export interface Capturing extends Pick<StepInput, "actor" | "cause"> {
  readonly state: IntentState;
  readonly amount: number;
  readonly final: boolean;
  readonly key: string;
}

/** Reserved, and an attempt queued for it. */
export function capturing(
  { state, actor, cause, amount, final, key }: Capturing,
  charge: Charge,
): { readonly change: Change; readonly resultEventId: string } {
  const { currency } = state.snapshot;
  const captureId = newId("capture");
  const attemptId = newId("attempt");
  const by = { actor, cause, amount };
  const change = changeIntent(state, { amountCapturing: state.amountCapturing + amount }, [
    { ...by, type: "capture.created", to: "REQUIRES_CAPTURE", objectId: captureId },
    { ...by, type: "payment_intent.processing", to: "PROCESSING", attemptId },
  ]);
  const ofIntent = { merchantId: state.merchantId, paymentIntentId: state.id };
  return {
    resultEventId: change.steps.at(-1)?.eventId ?? "",
    change: {
      intent: change,
      newCapture: { ...ofIntent, id: captureId, amount, currency, final, key },
      newAttempt: {
        ...ofIntent,
        id: attemptId,
        operation: "capture",
        processor: charge.processor,
        processorAccountId: charge.processorAccountId,
        amount,
        currency,
        final,
        captureId,
        targetAttemptId: charge.id,
        targetProcessorRef: refOf(charge),
        announce: false,
      },
    },
  };
}
