import type { Db, Tx } from "../db/db";
import { failpoint } from "../failpoints";
import type { StoredFailure } from "../failures";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { isBlank, newPersonalKey } from "../events/personal-data";
import { newId } from "../ids";
import { claimAvailableBalance } from "../ledger/available-balance";
import { refOf } from "./attempt";
import { findCharge } from "./attempt-store";
import { changeIntent } from "./change";
import {
  type Decision,
  type KeyedCommand,
  type Locked,
  changeIntentOnce,
} from "./change-intent-once";
import type { PaymentIntent, Refund } from "./payment-intent";
import { invalidState, refundTooLarge } from "./intent-actions";
import { findRefundByKey, readIntentToKeep } from "./payment-store";

/*
 * Guarantees: a refund is reserved on the intent and one attempt is queued for it, or the verdict is kept under the
 * key; refunds, those in flight included, can never add up to more than was captured, nor take what is disputed, nor, where
 * the installation forbids it, take the merchant's balance below zero. A crash leaves all of it or nothing.
 */

export const REFUND = "refundPaymentIntent";

export interface RefundPaymentIntent extends KeyedCommand {
  /** Minor units; null means everything that is left. */
  readonly amount: number | null;
  readonly reason: string | null;
  /** The same in words. */
  readonly note: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether it may take the merchant's balance below zero. */
  readonly mayOverdraw: boolean;
}

export const refundOperation: KeyedOperation<Refund, PaymentIntent> = {
  name: REFUND,
  findMade: findRefundByKey,
  spentKey: "refunds_spent_key",
};

export interface RefundOutcome extends Outcome<Refund> {
  /** As the refund left it; null when the key's record, which keeps it, has expired. */
  readonly paymentIntent: PaymentIntent | null;
}

export async function refundPaymentIntent(
  db: Db,
  command: RefundPaymentIntent,
): Promise<RefundOutcome> {
  const { beside, ...outcome } = await changeIntentOnce<Refund, PaymentIntent>(db, command, {
    operation: refundOperation,
    findCharge,
    decide: (tx, locked) => decideRefund(tx, locked, command),
    readBeside: async (tx) => {
      const { shown, kept } = await readIntentToKeep(tx, command);
      return { beside: shown, keptBeside: kept };
    },
    beforeCommit: () => failpoint("refund.inside_transaction"),
    isSame: (made) => made.result.paymentIntentId === command.paymentIntentId,
  });
  return { ...outcome, paymentIntent: beside };
}

function refusalOf(intent: PaymentIntent, amount: number): StoredFailure | undefined {
  if (intent.amountCaptured === 0) return invalidState(intent, "REFUND");
  const isTooMuch = amount > intent.amountRefundable || amount === 0;
  return isTooMuch ? refundTooLarge(intent) : undefined;
}

interface AskedRefund {
  readonly command: RefundPaymentIntent;
  readonly intent: PaymentIntent;
  readonly amount: number;
}

/** Where less is on the merchant's account than was captured, `remaining` is what may be refunded now. */
async function refusalByBalance(
  tx: Tx,
  { command, intent, amount }: AskedRefund,
): Promise<StoredFailure | undefined> {
  if (command.mayOverdraw) return undefined;
  const available = await claimAvailableBalance(tx, command.merchantId, intent.currency);
  if (available >= amount) return undefined;
  const remaining = available > 0n ? Number(available) : 0;
  return {
    code: "AMOUNT_TOO_LARGE",
    details: { id: intent.id, limitedBy: "MERCHANT_BALANCE", remaining },
  };
}

async function decideRefund(
  tx: Tx,
  { state, charge }: Locked,
  command: RefundPaymentIntent,
): Promise<Decision> {
  const intent = state.snapshot;
  const amount = command.amount ?? intent.amountRefundable;
  const failure =
    refusalOf(intent, amount) ?? (await refusalByBalance(tx, { command, intent, amount }));
  if (failure) return { failure };
  if (!charge) throw new Error(`${state.id} is captured and has no charge`);
  const refundId = newId("refund");
  const attemptId = newId("attempt");
  // An intent that had nothing personal, or is from before there were keys, gets one now.
  const isEmpty = command.note === null && isBlank({ metadata: command.metadata });
  const personalKey = isEmpty ? null : (state.personalKey ?? newPersonalKey());
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
      intent: { ...change, personalKey },
      newRefund: {
        ...ofIntent,
        id: refundId,
        amount,
        currency: intent.currency,
        reason: command.reason,
        note: command.note,
        metadata: command.metadata,
        personalKey,
        key: command.key,
      },
      newAttempt: {
        ...ofIntent,
        id: attemptId,
        operation: "refund",
        processor: charge.processor,
        processorAccountId: charge.processorAccountId,
        amount,
        currency: intent.currency,
        refundId,
        targetAttemptId: charge.id,
        targetProcessorRef: refOf(charge),
        announce: false,
      },
    },
  };
}
