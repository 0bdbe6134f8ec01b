import type { DisputeReason, DisputeStatus } from "../processors/dispute";

/** The public shape of a dispute, as dispute_snapshot() makes it. Amounts in minor units. */
export interface Dispute {
  readonly id: string;
  readonly object: "dispute";
  readonly paymentIntentId: string;
  /** The charge, or the authorisation that was captured. */
  readonly attemptId: string;
  readonly status: DisputeStatus;
  readonly reason: DisputeReason;
  readonly amount: number;
  readonly currency: string;
  /** What the processor keeps for its work, whoever wins. */
  readonly fee: number;
  readonly processorDisputeId: string;
  readonly evidenceDueBy: string | null;
  readonly openedAt: string;
  readonly closedAt: string | null;
  /** 1 while it is open, and 2 once it is decided. */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface NewDispute {
  readonly merchantId: string;
  readonly id: string;
  readonly paymentIntentId: string;
  readonly attemptId: string;
  readonly processor: string;
  readonly processorDisputeId: string;
  readonly reason: DisputeReason;
  readonly amount: number;
  readonly currency: string;
  readonly fee: number;
  readonly evidenceDueBy: string | null;
  readonly openedAt: string;
}
