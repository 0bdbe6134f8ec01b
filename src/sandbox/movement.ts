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
  readonly reference: string;
  readonly at: number;
}

/** The books are these rows in the order of their positions; all state follows from them. */
export type BookRow = Movement | Verdict | Tombstone;
