import type { PayoutLineKind, PayoutStatus } from "../processors/processor";

/** The public shape of a payout, as payout_snapshot() makes it. Amounts in minor units. */
export interface Payout {
  readonly id: string;
  readonly object: "payout";
  readonly status: PayoutStatus;
  /** The sum of its lines; below zero where the merchant owes more than it is owed. */
  readonly amount: number;
  readonly currency: string;
  readonly lineCount: number;
  readonly processor: string;
  /** The merchant's account there; null where it is the installation's own. */
  readonly processorAccountId: string | null;
  readonly processorPayoutId: string;
  readonly arrivesAt: string;
  /** Since when the processor has had it in its status. */
  readonly changedAt: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface PayoutLine {
  /** Its place in the payout, from 1. */
  readonly line: number;
  readonly kind: PayoutLineKind;
  /** By how much it changes what is paid out. */
  readonly amount: number;
  /** Of a dispute and its fee, the charge that is disputed. */
  readonly attemptId: string;
  readonly paymentIntentId: string;
  readonly movementId: string;
}

const ORDER: Readonly<Record<PayoutStatus, number>> = { IN_TRANSIT: 1, PAID: 2, FAILED: 3 };

/** Whether a payout may come from one status into the other: the same news again, and older news, change nothing. */
export function isLater(status: PayoutStatus, than: PayoutStatus): boolean {
  return ORDER[status] > ORDER[than];
}
