import type { DisputeRow } from "./movement";

export type DisputeStatus = "open" | "won" | "lost";

/** A shopper's bank took a charge's money back from the merchant; won and lost are as the merchant sees them. */
export interface Dispute {
  readonly id: string;
  readonly chargeId: string;
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** What the network keeps for its work, whoever wins. */
  readonly feeMinor: number;
  readonly reason: string;
  /** Until when the merchant may answer. */
  readonly dueAtMs: number;
  readonly openedAtMs: number;
  status: DisputeStatus;
  closedAtMs?: number;
  /** The row of the books that this state rests on. */
  position: number;
}

interface DisputedCharges {
  readonly charges: ReadonlyMap<string, { disputedMinor: number }>;
  readonly disputes: Map<string, Dispute>;
}

export function applyDispute(state: DisputedCharges, row: DisputeRow): void {
  const charge = state.charges.get(row.charge_id);
  const dispute = state.disputes.get(row.id);
  if (dispute === undefined) {
    state.disputes.set(row.id, openedBy(row));
    if (charge !== undefined) charge.disputedMinor += row.amount;
    return;
  }
  dispute.status = row.step === "won" ? "won" : "lost";
  dispute.closedAtMs = row.at;
  dispute.position = row.position;
  if (row.step === "won" && charge !== undefined) charge.disputedMinor -= row.amount;
}

function openedBy(row: DisputeRow): Dispute {
  return {
    id: row.id,
    chargeId: row.charge_id,
    reference: row.reference,
    amountMinor: row.amount,
    currency: row.currency,
    feeMinor: row.fee,
    reason: row.reason,
    dueAtMs: row.due_at,
    openedAtMs: row.at,
    status: "open",
    position: row.position,
  };
}
