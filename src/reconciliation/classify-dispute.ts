import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import type { BreakKind, BreakSide, NewBreak } from "./break";
import type { ToldBy } from "./classify";
import { feeProposal } from "./propose-correction";
import type { ComparedDispute } from "./dispute-lines";

// Its webhook may be on its way.
const NEWS_MS = 60_000;

/**
 * What is wrong about a dispute that a line tells of. Pure: the same line has the same breaks. An end that is known here
 * and comes later there is in order: lines tell of every step.
 */
export function classifyDispute(line: ComparedDispute, report: ToldBy): NewBreak[] {
  const { attempt, dispute, amount, currency, fee, status } = line;
  const found = (kind: BreakKind, detail: string, more: Partial<NewBreak> = {}): NewBreak => ({
    merchantId: attempt?.merchantId ?? report.merchantId ?? PLATFORM_MERCHANT_ID,
    kind,
    source: report.source,
    processor: report.processor,
    processorAccountId: report.processorAccountId,
    reportId: report.id,
    subjectId: line.processorDisputeId,
    paymentIntentId: attempt?.paymentIntentId ?? null,
    currency: dispute?.currency ?? currency,
    detail,
    ours: dispute && sideOf(dispute),
    theirs: sideOf(line),
    ...more,
  });
  const said = saidOf(line);
  if (!attempt) return [found("MISSING_HERE", `a dispute of what nothing here asked for, ${said}`)];
  if (!dispute) {
    return [found("MISSING_HERE", `a dispute ${said}`, { dueInMs: NEWS_MS })];
  }
  if (dispute.currency !== currency || dispute.reference !== line.reference) {
    const ours = `${dispute.currency} of ${dispute.reference} here`;
    return [found("CURRENCY", `${currency} of ${line.reference} there, and ${ours}`)];
  }
  const breaks: NewBreak[] = [];
  const here = (ours: number) => `${String(ours)} here`;
  if (dispute.amount !== amount) {
    breaks.push(found("AMOUNT", `${String(amount)} disputed there, and ${here(dispute.amount)}`));
  }
  if (fee !== null && dispute.fee !== fee) {
    const detail = `a fee of ${String(fee)} for a dispute there, and of ${here(dispute.fee)}`;
    breaks.push(found("FEE", detail, { proposal: feeProposal(dispute, fee) }));
  }
  if (status !== "OPEN" && dispute.status !== status) {
    const isNews = dispute.status === "OPEN" && breaks.length === 0;
    const detail = `it is ${status} there, and ${dispute.status} here`;
    breaks.push(found("STATE", detail, isNews ? { dueInMs: NEWS_MS } : {}));
  }
  return breaks;
}

function saidOf({ amount, currency, fee }: ComparedDispute): string {
  const withFee = fee === null ? "" : `, with a fee of ${String(fee)}`;
  return `of ${String(amount)} ${currency}${withFee}`;
}

function sideOf({
  amount,
  currency,
  fee,
  status,
}: Pick<ComparedDispute, "amount" | "currency" | "fee" | "status">): BreakSide {
  return { amount, currency, fee, state: status };
}
