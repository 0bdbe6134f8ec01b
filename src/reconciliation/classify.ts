import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import type { LateFee } from "../payments/settle/fees";
import type { AttemptOperation, AttemptStatus } from "../payments/attempt";
import type { BreakKind, BreakSide, NewBreak, Proposal, ProposedPosting } from "./break";
import { type Report, hasPeriod } from "./report-store";

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
const POSTED: ReadonlySet<string> = new Set(["capture", "refund"]);

// When something looks at a break by itself: what is not known here yet, and what somebody says otherwise or that nobody
// here knows of, which may by then be known.
const TIMING_MS = 60_000;
const CONTRADICTION_MS = 1_000;
const GHOST_MS = 60_000;
const SURPLUS_MS = 60_000;

/** A statement comes once a day: what two of them do not have is missing. */
export const NEXT_STATEMENT_MS = 50 * 3_600_000;

/** What is wrong under one reference. Pure: the same lines have the same breaks, however often they are compared. */
export function classify(compared: Compared, report: ToldBy): NewBreak[] {
  const { attempt, reference, repeated } = compared;
  const { source, processor, processorAccountId } = report;
  const common = {
    // What nothing here asked for is the account's merchant's all the same.
    merchantId: attempt?.merchantId ?? report.merchantId ?? PLATFORM_MERCHANT_ID,
    source,
    processor,
    processorAccountId,
    reportId: report.id,
    subjectId: reference,
    paymentIntentId: attempt?.paymentIntentId ?? null,
    currency: attempt?.currency ?? compared.currency,
    ours: oursOf(compared),
    theirs: theirsOf(compared),
  };
  const found = (kind: BreakKind, detail: string, more: Partial<NewBreak> = {}): NewBreak => ({
    ...common,
    kind,
    detail,
    ...more,
  });
  const twice = repeated > 0 ? [found("DUPLICATE", `its line came ${times(repeated + 1)}`)] : [];
  const others = attempt
    ? known({ ...compared, attempt }, found, report)
    : ghost(compared, found, processorAccountId);
  return [...twice, ...others];
}

export type ToldBy = Pick<
  Report,
  "id" | "source" | "processor" | "merchantId" | "processorAccountId"
>;

type Found = (kind: BreakKind, detail: string, more?: Partial<NewBreak>) => NewBreak;

function ghost(compared: Compared, found: Found, accountId: string | null): NewBreak[] {
  const { kind, amount, currency } = compared;
  // What was taken back moved nothing, whoever asked for it.
  if (standing(compared) <= 0) return [];
  const said = `${kind} of ${String(amount)} ${currency}`;
  // A merchant may have the same reference at two accounts.
  const where = accountId === null ? "" : ` at ${accountId}`;
  return [
    found("MISSING_HERE", `nothing here asked for it${where}: ${said}`, {
      proposal: suspense(kind, { amount, fee: ownFeeOf(compared), corrects: null }),
      dueInMs: GHOST_MS,
    }),
  ];
}

function known(
  compared: Compared & { readonly attempt: NonNullable<Compared["attempt"]> },
  found: Found,
  report: ToldBy,
): NewBreak[] {
  const { attempt, kind } = compared;
  const stands = standing(compared) > 0;
  switch (attempt.status) {
    case "QUEUED":
    case "SENT":
    case "UNKNOWN":
    case "REQUIRES_ACTION":
      if (!stands) return [];
      return [
        found("TIMING", "it moved there, and its outcome is not known here yet", {
          dueInMs: TIMING_MS,
        }),
      ];
    case "DECLINED":
    case "ABANDONED": {
      if (!stands) return keptFee(compared, found);
      const detail = movedAndIs(attempt.status);
      if (attempt.returned) {
        const wait = "it moved there, and was returned; what takes it back has no line yet";
        // The next report of an account comes whenever somebody gives it.
        return [found("TIMING", wait, hasPeriod(report) ? { dueInMs: NEXT_STATEMENT_MS } : {})];
      }
      if (attempt.compensated) {
        const wait = `${detail}; it is being given back`;
        return [found("TIMING", wait, { dueInMs: TIMING_MS })];
      }
      return [found("STATE", detail, { dueInMs: CONTRADICTION_MS })];
    }
    case "SUCCEEDED":
      if (!oneStands(compared))
        return [
          found("STATE", "it was taken back there, and stands here", { dueInMs: CONTRADICTION_MS }),
        ];
      if (compared.moves === 0) return [];
      if (kind !== KIND_OF[attempt.operation]) {
        return [found("STATE", `it is a ${kind} there, and a ${attempt.operation} here`)];
      }
      return succeeded(compared, found);
  }
}

function succeeded(
  compared: Compared & { readonly attempt: NonNullable<Compared["attempt"]> },
  found: Found,
): NewBreak[] {
  const { attempt, ledger, kind, amount, currency } = compared;
  const { moves, reverses, earlier, surplusKnown } = compared;
  const breaks: NewBreak[] = [];
  // What is seen to is no news; the line that takes it back may come later.
  const more = moves + earlier - reverses - 1 - Math.max(0, surplusKnown - reverses);
  if (more > 0) {
    const corrects = ledger?.journalId ?? null;
    const proposal = suspense(kind, {
      amount: amount * more,
      fee: ownFeeOf(compared) * more,
      corrects,
    });
    const detail = `it moved ${times(moves + earlier)} there, and once here`;
    breaks.push(found("DUPLICATE", detail, { proposal, dueInMs: SURPLUS_MS }));
  }
  if (currency !== attempt.currency) {
    return [...breaks, found("CURRENCY", `${currency} there, and ${attempt.currency} here`)];
  }
  const booked = bookedOf(compared, attempt);
  const differs = attempt.operation === "void" ? amount > booked : amount !== booked;
  if (differs)
    breaks.push(found("AMOUNT", amounts(compared, booked), amountProposal(compared, booked)));
  return POSTED.has(kind) ? [...breaks, ...posted(compared, found)] : breaks;
}

function posted(
  compared: Compared & { readonly attempt: NonNullable<Compared["attempt"]> },
  found: Found,
): NewBreak[] {
  const { attempt, ledger, kind, amount } = compared;
  if (!ledger) {
    return [found("MISSING_HERE", `${kind} of ${String(amount)}: no journal is posted`)];
  }
  const breaks: NewBreak[] = [];
  if (ledger.corrections === 0 && ledger.amount !== attempt.amount) {
    const detail = `${String(ledger.amount)} is posted, and the attempt was of ${String(attempt.amount)}`;
    breaks.push(found("AMOUNT", detail));
  }
  const difference = feeDifference(compared);
  return difference ? [...breaks, found("FEE", difference.detail, difference.more)] : breaks;
}

/** Of what failed here and is taken back there: the fee that was told is posted, and the line may have another. */
function keptFee(
  compared: Compared & { readonly attempt: NonNullable<Compared["attempt"]> },
  found: Found,
): NewBreak[] {
  const { attempt, kind, moves, fee, feeCurrency, currency } = compared;
  if (attempt.fee === null || kind !== "capture" || moves !== 1) return [];
  if (attempt.fee === fee && attempt.feeCurrency === feeCurrency) return [];
  const ours = `${String(attempt.fee)} ${attempt.feeCurrency}`;
  const detail = `a fee of ${String(fee)} ${feeCurrency} there, and of ${ours} here`;
  const isOwn = [feeCurrency, attempt.feeCurrency].every((one) => one === currency);
  const proposal = isOwn ? feeProposal({ journalId: null, fee: attempt.fee }, fee) : null;
  return [found("FEE", detail, { proposal })];
}

function feeDifference(compared: Compared) {
  const { kind, ledger, currency, fee, feeCurrency } = compared;
  if (!ledger || !POSTED.has(kind) || lateFeeOf(compared)) return null;
  if (ledger.fee === fee && (fee === 0 || ledger.feeCurrency === feeCurrency)) return null;
  const here = ledger.feeCurrency === feeCurrency ? "" : ` ${ledger.feeCurrency}`;
  const said = `a fee of ${String(fee)} ${feeCurrency} there, and of ${String(ledger.fee)}${here} here`;
  const detail = `${said}${afterCorrections(compared)}`;
  // A correction is posted in the currency of the break, which is the payment's.
  const isOwn = feeCurrency === currency && (ledger.fee === 0 || ledger.feeCurrency === currency);
  return { detail, more: isOwn ? { proposal: feeProposal(ledger, fee) } : {} };
}

/** A fee that the processor had not told yet, of money that moved: it is posted, and is no break. */
export function lateFeeOf(compared: Compared): LateFee | undefined {
  const { attempt, reference, kind, moves, fee, feeCurrency } = compared;
  if (!attempt || attempt.fee !== null || !isFinal(compared, attempt)) return undefined;
  // What moved more than once has a line for each: this is the fee of the first.
  const isOne = attempt.status === "SUCCEEDED" ? moves > 0 : moves === 1;
  if (kind !== KIND_OF[attempt.operation] || !POSTED.has(kind)) return undefined;
  // What was given back of a fee is for a person.
  if (!isOne || fee <= 0 || compared.currency !== attempt.currency) return undefined;
  const { merchantId, paymentIntentId } = attempt;
  return { merchantId, paymentIntentId, attemptId: reference, fee, currency: feeCurrency };
}

/** It stands on both sides; or it failed here and is taken back there, for which the processor keeps its fee. */
function isFinal(
  { ledger, reverses }: Compared,
  { status, compensated, operation }: NonNullable<Compared["attempt"]>,
): boolean {
  if (status === "SUCCEEDED") return ledger !== null && reverses === 0;
  if (operation === "refund") return false;
  return (status === "DECLINED" || status === "ABANDONED") && (compensated || reverses > 0);
}

function standing({ moves, reverses }: Compared): number {
  // What was taken back alone moved before these lines begin.
  return moves === 0 ? 0 : moves - reverses;
}

/** Of what succeeded. It moved, and so did what is known to have been too much, whether or not these lines have it. */
function oneStands({ moves, reverses, earlier, surplusKnown }: Compared): boolean {
  return Math.max(moves + earlier, 1 + surplusKnown) > reverses;
}

/** What should have moved, as far as somebody has not approved otherwise. */
function bookedOf({ ledger }: Compared, attempt: { readonly amount: number }): number {
  return ledger && ledger.corrections > 0 ? ledger.amount : attempt.amount;
}

function amounts(compared: Compared, booked: number): string {
  const { amount, currency } = compared;
  const said = `${String(amount)} ${currency} there, and ${String(booked)} here`;
  return `${said}${afterCorrections(compared)}`;
}

/** The same difference after a correction is another break. */
function afterCorrections({ ledger }: Compared): string {
  const { corrections = 0 } = ledger ?? {};
  if (corrections === 0) return "";
  return `, after ${corrections === 1 ? "a correction" : `${String(corrections)} corrections`}`;
}

/** What is said when it moved there, and was settled otherwise here, or not at all. */
export function movedAndIs(status: AttemptStatus): string {
  return `it moved there, and is ${status} here`;
}

/** The difference is nobody's until somebody says whose it is. */
function amountProposal({ kind, amount, ledger }: Compared, booked: number): Partial<NewBreak> {
  if (!ledger || !POSTED.has(kind)) return {};
  const difference = amount - booked;
  const corrects = ledger.journalId;
  const proposal = suspense(kind, { amount: Math.abs(difference), fee: 0, corrects });
  return { proposal: difference > 0 ? proposal : turned(proposal) };
}

/** Money that moved there beyond what is posted here, with the fee for it; only what is money has postings. */
export function suspense(
  kind: string,
  {
    amount,
    fee,
    corrects,
  }: { readonly amount: number; readonly fee: number; readonly corrects: string | null },
): Proposal | null {
  if (!POSTED.has(kind) || !Number.isSafeInteger(amount)) return null;
  const capture: ProposedPosting = { debit: "PROCESSOR_RECEIVABLE", credit: "SUSPENSE", amount };
  if (kind !== "capture") return turned({ corrects, postings: [capture] });
  return { corrects, postings: fee > 0 ? [capture, kept(fee)] : [capture] };
}

/** Corrections are posted in the currency of the payment: a fee in another one is for a person. */
function ownFeeOf({ fee, feeCurrency, currency }: Compared): number {
  return feeCurrency === currency ? fee : 0;
}

function kept(fee: number): ProposedPosting {
  return { debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: fee };
}

/** The same, backwards. */
export function turned<Kept extends Proposal | null>(proposal: Kept): Proposal | null {
  if (!proposal) return null;
  const postings = proposal.postings.map(({ debit, credit, amount }) => ({
    debit: credit,
    credit: debit,
    amount,
  }));
  return { ...proposal, postings };
}

/** So that what is posted as the fee becomes theirs. */
export function feeProposal(
  { journalId, fee }: { readonly journalId: string | null; readonly fee: number },
  theirs: number,
): Proposal | null {
  const proposal = { corrects: journalId, postings: [kept(Math.abs(theirs - fee))] };
  return theirs > fee ? proposal : turned(proposal);
}

function oursOf({ attempt, ledger }: Compared): BreakSide | null {
  if (!attempt) return null;
  const { amount, currency, status } = attempt;
  // A side has one currency: a fee in another is in the sentence alone.
  const fee = ledger?.feeCurrency === currency ? ledger.fee : null;
  return { amount, currency, fee, state: status };
}

function theirsOf(compared: Compared): BreakSide {
  const { amount, currency, kind } = compared;
  const fee = compared.feeCurrency === currency && compared.fee >= 0 ? compared.fee : null;
  return { amount, currency, fee, state: standing(compared) > 0 ? kind : TAKEN_BACK };
}

function times(count: number): string {
  return count === 2 ? "twice" : `${String(count)} times`;
}
