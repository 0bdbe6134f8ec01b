import type { Db } from "../db/db";
import { failpoint } from "../failpoints";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import type { Attempt, Charge } from "./attempt";
import { lockChargeToCancel } from "./attempt-store";
import {
  type AttemptChange,
  type Change,
  type IntentChange,
  type StepInput,
  changeIntent,
} from "./change";
import {
  type Decision,
  type KeyedCommand,
  type Locked,
  changeIntentOnce,
} from "./change-intent-once";
import type { PaymentIntent } from "./payment-intent";
import { allowedActions, invalidState } from "./intent-actions";
import type { IntentState } from "./payment-store";
import { CANCELED_FIRST, undoingAttempt } from "./settle/canceling";

/*
 * Guarantees: an intent of which no money has been captured, and none is being captured, is canceled, whatever it is
 * doing. What has not been sent never is: the attempt is abandoned in the same commit, under the lock that a worker
 * claims it by. What is held is voided first, and what awaits the shopper is undone by its reference. Where a charge or
 * an authorisation is on its way, the request is kept on the intent, and its answer decides (settle/canceling.ts): an
 * automatic charge that succeeds was too fast, and then the payment is SUCCEEDED. Any other state is refused, and the
 * verdict is kept under the key. A crash leaves all of it or nothing.
 *
 * Cost: besides what every keyed mutation of an intent costs, one statement that looks for the attempt.
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
    findCharge: lockChargeToCancel,
    decide: (_tx, locked) => decideCancel(locked, command),
    beforeCommit: () => failpoint("cancel.inside_transaction"),
  });
}

function decideCancel({ state, charge }: Locked, command: CancelPaymentIntent): Decision {
  const intent = state.snapshot;
  if (!allowedActions(intent).includes("CANCEL")) {
    return { failure: invalidState(intent, "CANCEL") };
  }
  const by = { actor: command.actor, cause: CANCEL, amount: intent.amount };
  const asked = { ...by, state, reason: command.reason };
  if (!charge && intent.status === "PROCESSING") {
    // Being canceled since before that was written down.
    return {
      failure: invalidState({ ...intent, cancellationRequestedAt: intent.updatedAt }, "CANCEL"),
    };
  }
  const change = charge ? cancelAttempt(asked, charge) : endNow(asked);
  return { resultEventId: change.intent?.steps.at(-1)?.eventId ?? "", change };
}

/** What the intent is canceled with: its state, and who does it why. */
export interface Canceling extends Pick<StepInput, "actor" | "cause" | "amount"> {
  readonly state: IntentState;
  readonly reason: string | null;
}

function endNow({ state, reason, ...by }: Canceling): Change {
  const set = { cancellationReason: reason, nextAction: null };
  const step = { ...by, type: "payment_intent.canceled", to: "CANCELED" } as const;
  return { intent: changeIntent(state, set, [step]) };
}

function cancelAttempt(canceling: Canceling, charge: Attempt): Change {
  switch (charge.status) {
    case "QUEUED":
      // Nobody has claimed it, and with this commit nobody can.
      return { ...endNow(canceling), attempt: abandoned(charge) };
    case "SENT":
    case "UNKNOWN":
      return { intent: askedToCancel(canceling) };
    case "REQUIRES_ACTION":
      // A shopper may finish authenticating at this very moment. A reversal by reference undoes whatever that moves, and
      // prevents anything from moving later; a void would cover only what is authorised now.
      return { ...undoing(canceling, charge, "reverse"), attempt: abandoned(charge) };
    case "SUCCEEDED":
      return undoing(canceling, charge, "void");
    case "DECLINED":
    case "ABANDONED":
      throw new Error(`${charge.id} has ended, and holds nothing to cancel`);
  }
}

function abandoned({ merchantId, id }: Attempt): AttemptChange {
  return { merchantId, id, status: "ABANDONED", message: CANCELED_FIRST, dueInMs: null };
}

function askedToCancel({ state, reason, ...by }: Canceling, attemptId?: string): IntentChange {
  const set = { cancellationReason: reason, nextAction: null, cancellationRequested: true };
  return changeIntent(state, set, [
    {
      ...by,
      type: "payment_intent.processing",
      to: "PROCESSING",
      ...(attemptId !== undefined && { attemptId }),
    },
  ]);
}

/** The processor is to let go of what a charge holds, or may yet move. */
export function undoing(
  canceling: Canceling,
  charge: Charge,
  operation: "void" | "reverse",
): Change {
  const newAttempt = undoingAttempt(canceling.state, charge, operation);
  return { intent: askedToCancel(canceling, newAttempt.id), newAttempt };
}
