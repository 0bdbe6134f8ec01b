import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import type { AttemptStatus } from "../payments/attempt";
import type { BreakKind, BreakSide, NewBreak } from "./break";
import { feeDifference, keptFee } from "./classify-fee";
import {
  type Compared,
  type ComparedAttempt,
  type Found,
  KIND_OF,
  POSTED,
  TAKEN_BACK,
  afterCorrections,
} from "./compared";
import { suspense, turned } from "./propose-correction";
import { type Report, hasPeriod } from "./report-store";

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
  compared: Compared & { readonly attempt: ComparedAttempt },
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
  compared: Compared & { readonly attempt: ComparedAttempt },
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
  compared: Compared & { readonly attempt: ComparedAttempt },
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

/** Corrections are posted in the currency of the payment: a fee in another one is for a person. */
function ownFeeOf({ fee, feeCurrency, currency }: Compared): number {
  return feeCurrency === currency ? fee : 0;
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
