import type { DisputeNews } from "./dispute";

/* What processors list of what they moved, in answers and in settlement files. */

/** Money that a processor moved, as its list or its settlement file has it. */
export interface ProcessorMovement {
  /** Theirs; the same wherever it is listed. */
  readonly movementId: string;
  readonly kind: "authorize" | "capture" | "refund" | "void" | "reverse";
  readonly amountMinor: number;
  readonly currency: string;
  /** What the processor keeps for it; 0 when none, and below it where a report says that a fee was given back. */
  readonly feeMinor: number;
  /** Null where it is that of the amount. */
  readonly feeCurrency: string | null;
  /** Ours: the id of the attempt that asked for it, or that is undone by it. */
  readonly reference: string;
  readonly chargeId: string;
  /** ISO 8601. */
  readonly movedAt: string;
  /** Theirs of what was prepared, where money that nothing here asked for is undone by it, and not by our reference. */
  readonly processorRef?: string | null;
}

/** A step of a dispute, as a list or a settlement file has it: like news of it, it says the whole dispute. */
export interface ProcessorDispute {
  /** Theirs, of the step. */
  readonly movementId: string;
  /** Ours: the charge or the authorisation that is disputed. */
  readonly reference: string;
  readonly news: DisputeNews;
  /** Whether the line says what the processor keeps for the dispute; absent: it does. */
  readonly isFeeTold?: boolean;
}

export const PAYOUT_STATUSES = ["IN_TRANSIT", "PAID", "FAILED"] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

export const PAYOUT_LINE_KINDS = ["CHARGE", "REFUND", "FEE", "DISPUTE", "ADJUSTMENT"] as const;
export type PayoutLineKind = (typeof PAYOUT_LINE_KINDS)[number];

/** Money that a processor has sent to a bank, as its settlement file has it: for one merchant or for many. */
export interface ProcessorPayout {
  /** Theirs; the same in every file that tells of it. */
  readonly payoutId: string;
  readonly status: PayoutStatus;
  /** The sum of its lines, minor units; below zero where the bank was debited. */
  readonly amountMinor: number;
  readonly currency: string;
  /** ISO 8601, like the next one. */
  readonly arrivesAt: string;
  /** Since when it has had its status. */
  readonly changedAt: string;
  /** How many lines it has. A file that tells of a payout has all of them, whatever its status. */
  readonly lines: number;
}

export interface ProcessorPayoutLine extends PayoutPart {
  readonly payoutId: string;
  /** Its place in the payout, from 1. */
  readonly line: number;
}

/** A payout as a list has it: what it consists of is asked for by itself. */
export type ListedPayout = Omit<ProcessorPayout, "lines">;

export interface PayoutLinePage {
  /** In the processor's order, which stays the same. */
  readonly lines: readonly PayoutPart[];
  /** Where the next page begins; null after the last one. */
  readonly next: string | null;
}

export interface PayoutPart {
  readonly kind: PayoutLineKind;
  /** By how much it changes what is paid out, minor units; not zero. */
  readonly amountMinor: number;
  /** Ours: the attempt that moved it; of a dispute and its fee, the charge that is disputed. */
  readonly reference: string;
  /** Theirs, of the movement or of the step of the dispute. */
  readonly movementId: string;
}

/** What a line of a settlement file says. The end has how many lines there were. */
export type SettlementLine =
  | { readonly movement: ProcessorMovement }
  | { readonly dispute: ProcessorDispute }
  | { readonly payout: ProcessorPayout }
  | { readonly payoutLine: ProcessorPayoutLine }
  | { readonly end: number };

/** A part of what moved in a window of time, in some order that stays the same. */
export interface MovementPage {
  readonly movements: readonly ProcessorMovement[];
  /** Steps of disputes; absent where its lists tell of none. */
  readonly disputes?: readonly ProcessorDispute[];
  /** Where the next page begins; null after the last one. */
  readonly next: string | null;
}

/** Why a list could not be read. NOT_CONNECTED: the account's secrets cannot be opened here. */
export const LIST_FAILURES = [
  "CREDENTIALS_REFUSED",
  "OTHER_ACCOUNT",
  "NOT_CONNECTED",
  "NOT_READ",
] as const;
export type ListFailure = (typeof LIST_FAILURES)[number];

/** Thrown where it is known why; whatever else is thrown is a list that was not read. */
export class ListNotRead extends Error {
  constructor(readonly failure: ListFailure) {
    super(`the list was not read: ${failure}`);
  }
}

export interface MovementWindow {
  /** ISO 8601; at this moment or later. */
  readonly from: string;
  /** ISO 8601; earlier than this moment. */
  readonly to: string;
  readonly after: string | null;
}

/** What a settlement file says of itself in its first line. */
export interface StatementHeader {
  /** Theirs, and the same whenever the file is fetched. */
  readonly statement: string;
  readonly periodFrom: string;
  readonly periodTo: string;
}

/** How a processor writes settlement files: one line at a time, so that a file may be of any length. Throws what it cannot read. */
export interface SettlementFormat {
  readonly readHeader: (line: string) => StatementHeader;
  /** Undefined for lines that say nothing. */
  readonly readLine: (line: string) => SettlementLine | undefined;
}
