import type { AccountKind } from "../ledger/accounts";

/*
 * A break: something that differs between the intents, the ledger and what the processor says it moved. It is found
 * once, has an age, an owner and an explanation, and stays open until it is resolved: by itself, by a person, or by a
 * correction that a person has approved. Amounts in minor units.
 */
export const BREAK_KINDS = [
  "MISSING_HERE",
  "MISSING_THERE",
  "AMOUNT",
  "CURRENCY",
  "FEE",
  "STATE",
  "DUPLICATE",
  "TIMING",
  "IMBALANCE",
  "UNCLEARED",
] as const;
export type BreakKind = (typeof BREAK_KINDS)[number];

export const BREAK_STATUSES = ["OPEN", "EXPLAINED", "RESOLVED"] as const;
export type BreakStatus = (typeof BREAK_STATUSES)[number];

/** What noticed it. */
export const BREAK_SOURCES = ["LEDGER", "PROCESSOR_LIST", "SETTLEMENT_FILE"] as const;
export type BreakSource = (typeof BREAK_SOURCES)[number];

export type BreakResolution = "CLOSED_ITSELF" | "CORRECTED" | "DISMISSED" | "REVERSED";

/** What one side says; null where it says nothing of it. */
export interface BreakSide {
  readonly amount: number | null;
  readonly currency: string | null;
  readonly fee: number | null;
  /** An attempt's status, or what kind of movement it was; null when there is none. */
  readonly state: string | null;
}

/** The journal that would correct the books, to be posted when somebody approves it. */
export interface Proposal {
  /** The journal that is wrong; null where nothing has been posted. */
  readonly corrects: string | null;
  readonly postings: readonly ProposedPosting[];
}

export interface ProposedPosting {
  readonly debit: AccountKind;
  readonly credit: AccountKind;
  readonly amount: number;
}

/** The public shape, as reconciliation_break_snapshot() makes it. */
export interface Break {
  readonly id: string;
  readonly object: "reconciliation_break";
  /** The installation's own where no merchant is known. */
  readonly merchantId: string;
  readonly kind: BreakKind;
  readonly status: BreakStatus;
  readonly source: BreakSource;
  readonly processor: string | null;
  /** The merchant's account there; null where it is the installation's own, or none. */
  readonly processorAccountId: string | null;
  readonly reportId: string | null;
  readonly subjectId: string;
  readonly paymentIntentId: string | null;
  readonly currency: string;
  readonly detail: string;
  readonly ours: BreakSide | null;
  readonly theirs: BreakSide | null;
  readonly proposal: Proposal | null;
  readonly owner: string | null;
  readonly explanation: string | null;
  readonly resolution: BreakResolution | null;
  readonly journalId: string | null;
  readonly foundAt: string;
  readonly explainedAt: string | null;
  readonly resolvedAt: string | null;
}

export interface NewBreak {
  readonly merchantId: string;
  readonly kind: BreakKind;
  readonly source: BreakSource;
  readonly processor?: string | null;
  readonly processorAccountId?: string | null;
  readonly reportId?: string | null;
  readonly subjectId: string;
  readonly paymentIntentId?: string | null;
  readonly currency: string;
  /** In a sentence; the same difference has the same sentence, and is one break. */
  readonly detail: string;
  readonly ours?: BreakSide | null;
  readonly theirs?: BreakSide | null;
  readonly proposal?: Proposal | null;
  /** When something looks at it by itself, milliseconds from now; absent: nothing does. */
  readonly dueInMs?: number;
}
