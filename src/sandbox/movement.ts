import type { Challenge, Decline, OperationKind, OperationStatus } from "./operation";

export type MovementKind = "authorize" | "capture" | "refund" | "void" | "reverse";

interface Row {
  /** The order of the books; given by the one process that writes them. */
  position: number;
  readonly operation_id: string;
  readonly operation: OperationKind;
  readonly reference: string;
  readonly charge_id: string;
  readonly amount: number;
  readonly currency: string;
  readonly source: string;
  readonly final: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Money really moved. An automatic capture is one "capture" by an operation "charge". */
export interface Movement extends Row {
  readonly type: "movement";
  readonly id: string;
  readonly kind: MovementKind;
  readonly fee: number;
  /** Of the fee; null where it is that of the amount. */
  readonly fee_currency: string | null;
}

/** Something was decided without money moving: a decline, a challenge, a request turned away. */
export interface Verdict extends Row {
  readonly type: "verdict";
  readonly status: OperationStatus;
  readonly decline: Decline | null;
  readonly challenge: Challenge | null;
}

/** A reference was reversed: from here on nothing under it moves money. */
export interface Tombstone {
  readonly type: "tombstone";
  position: number;
  readonly account: string;
  readonly reference: string;
  readonly at: number;
}

export type DisputeStep = "opened" | "won" | "lost";

/**
 * A step of a dispute, for the merchant: opened, its amount is taken from the merchant; won, it is given back; lost, it
 * stays with the shopper. The two steps of one dispute say the same of everything but the step and the time.
 */
export interface DisputeRow {
  readonly type: "dispute";
  position: number;
  readonly id: string;
  readonly step: DisputeStep;
  readonly charge_id: string;
  /** The charge's. */
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly fee: number;
  readonly reason: string;
  /** Milliseconds since 1970, like the next one. */
  readonly due_at: number;
  readonly at: number;
}

/** The books are these rows in the order of their positions; all state follows from them. */
export type BookRow = Movement | Verdict | Tombstone | DisputeRow;
