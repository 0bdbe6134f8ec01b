import type { AttemptOperation, AttemptStatus } from "../payments/attempt";
import type { BreakKind, NewBreak } from "./break";

/** What the three sides say under one reference, where they do not simply agree. */
export interface Compared {
  readonly reference: string;
  /** Lines of something that moved, and of something that was taken back. */
  readonly moves: number;
  readonly reverses: number;
  /** How often a line came again. */
  readonly repeated: number;
  /** Lines of the same in earlier settlement files. */
  readonly earlier: number;
  /** Movements beyond the first that have been seen to: taken back, posted to suspense, or dismissed by a person. */
  readonly surplusKnown: number;
  /** The first of the lines. */
  readonly kind: string;
  readonly amount: number;
  readonly currency: string;
  readonly fee: number;
  readonly feeCurrency: string;
  readonly attempt: {
    readonly merchantId: string;
    readonly paymentIntentId: string;
    readonly operation: AttemptOperation;
    readonly status: AttemptStatus;
    readonly amount: number;
    readonly currency: string;
    /** What the processor keeps, as far as it has told. */
    readonly fee: number | null;
    readonly feeCurrency: string;
    /** Something gives back what it moved, or has. */
    readonly compensated: boolean;
    /** A refund that had succeeded, and was returned by the bank. */
    readonly returned: boolean;
  } | null;
  /** Its journal of a capture or a refund, as corrected since; null when there is none. */
  readonly ledger: {
    readonly journalId: string;
    readonly amount: number;
    readonly fee: number;
    readonly feeCurrency: string;
    /** How many corrections are counted in, but for those of what moved more than once. */
    readonly corrections: number;
  } | null;
}

export const KIND_OF: Readonly<Partial<Record<AttemptOperation, string>>> = {
  charge: "capture",
  authorize: "authorize",
  capture: "capture",
  refund: "refund",
  void: "void",
};

/** What the other side says of something that does not stand any more. */
export const TAKEN_BACK = "reverse";

/** Kinds that are money, and have a journal that is posted. */
export const POSTED: ReadonlySet<string> = new Set(["capture", "refund"]);

/** A break of what is compared, with all that each of its breaks says. */
export type Found = (kind: BreakKind, detail: string, more?: Partial<NewBreak>) => NewBreak;

export type ComparedAttempt = NonNullable<Compared["attempt"]>;

/** The same difference after a correction is another break. */
export function afterCorrections({ ledger }: Compared): string {
  const { corrections = 0 } = ledger ?? {};
  if (corrections === 0) return "";
  return `, after ${corrections === 1 ? "a correction" : `${String(corrections)} corrections`}`;
}
