import { type Statement, type Tx, run } from "../db/db";
import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import { agrees, recordPayout } from "../payouts/record-payout";
import { isLater } from "../payouts/payout";
import { type Share, type ToldPayout, lockPayouts, nextTold } from "../payouts/payout-store";
import type { PayoutLineKind } from "../processors/lists";
import type { Break, NewBreak } from "./break";
import { tellOfResolved } from "./break-store";
import { type Report, TELLER, hasPeriod } from "./report-store";
import { tellerOf } from "./run-store";

/*
 * The payouts of a settlement file, or of an account's list, one at a time: what is new of each is recorded, and what
 * differs is a break. One whose lines are not its amount is not recorded at all, because nobody knows then how much of it
 * is whose. What a line pays out otherwise than it was captured or refunded here has been paid out all the same: it is
 * recorded, and a break. What one file lacked, and the next one has, closes by itself. A merchant may have another
 * integration at its own account, which is paid out with it: lines of nobody here are part of the sum there, and nothing
 * else.
 *
 * Cost: a payout and all its lines in a few statements and one commit; memory: a row for each merchant in it.
 */

const DIFFERING_MAX = 1_000;

// What is not known here yet may be known by then, and what was given back is.
const CONTRADICTION_MS = 60_000;

export interface PayoutStep {
  /** The payout that was read; undefined after the last. */
  readonly at: string | undefined;
  readonly breaks: readonly NewBreak[];
  /** How many breaks this one's line has closed. */
  readonly closed: number;
}

export async function takeNextPayout(tx: Tx, report: Report): Promise<PayoutStep> {
  await lockPayouts(tx, tellerOf(report));
  const told = await nextTold(tx, { id: report.id, after: report.position });
  if (!told) return { at: undefined, breaks: await findMissing(tx, report), closed: 0 };
  const closed = await closeArrived(tx, report, told.payoutId);
  const common = {
    source: report.source,
    processor: report.processor,
    processorAccountId: report.processorAccountId,
    reportId: report.id,
    subjectId: told.payoutId,
    currency: told.currency,
  };
  const found = breaksOf(told, report).map((one) => ({
    merchantId: report.merchantId ?? PLATFORM_MERCHANT_ID,
    ...common,
    ...one,
  }));
  if (!addsUp(told)) return { at: told.payoutId, breaks: found, closed };
  await recordPayout(tx, report.id, told);
  const lines = await findDiffering(tx, report.id, told.payoutId);
  const differing = lines.map((line) => ({ ...common, ...breakOfLine(line, told) }));
  return { at: told.payoutId, breaks: [...found, ...differing], closed };
}

type Found = Pick<NewBreak, "kind" | "detail"> & Partial<NewBreak>;

function addsUp({ lines, lineCount, sum, amount }: ToldPayout): boolean {
  return lines === lineCount && sum === amount;
}

/** Pure: what is wrong with a payout as a whole. */
function breaksOf(told: ToldPayout, { processorAccountId }: Report): Found[] {
  const { amount, currency, status, repeated, strangeLines, strangeSum } = told;
  const found: Found[] = [];
  const theirs = side(amount, currency, status);
  if (repeated > 0) {
    found.push({ kind: "DUPLICATE", detail: "the payout is in one file more than once", theirs });
  }
  if (!addsUp(told)) {
    const detail =
      `a payout of ${money(amount, currency)} in ${String(told.lineCount)} lines there, ` +
      `whose ${String(told.lines)} lines are ${money(told.sum, currency)}`;
    return [...found, { kind: "AMOUNT", detail, theirs }];
  }
  if (strangeLines > 0 && processorAccountId === null) {
    const detail =
      `it pays out ${money(strangeSum, currency)} in ${String(strangeLines)} lines ` +
      "for what nothing here asked for";
    found.push({ kind: "MISSING_HERE", detail, theirs });
  }
  return [...found, ...told.shares.flatMap((share) => breakOfShare(share, told))];
}

function breakOfShare(share: Share, told: ToldPayout): Found[] {
  const { known, merchantId, amount } = share;
  if (!known) return [];
  const about = {
    merchantId,
    subjectId: known.id,
    ours: side(known.amount, known.currency, known.status),
    theirs: side(amount, told.currency, told.status),
  };
  if (known.currency !== told.currency) {
    const detail = `a payout in ${told.currency} there, and in ${known.currency} here`;
    return [{ ...about, kind: "CURRENCY", detail, currency: known.currency }];
  }
  if (!agrees(share, told)) {
    const here = money(known.amount, known.currency);
    const detail = `a payout of ${money(amount, told.currency)} there, and of ${here} here`;
    return [{ ...about, kind: "AMOUNT", detail }];
  }
  // Older news is no contradiction, whichever file is read first.
  if (isLater(known.status, told.status) && told.changedAt > known.changedAt) {
    const detail = `the payout is ${told.status} there, and ${known.status} here`;
    return [{ ...about, kind: "STATE", detail }];
  }
  return [];
}

interface DifferingLine {
  readonly merchantId: string;
  readonly attemptId: string;
  readonly paymentIntentId: string;
  readonly kind: PayoutLineKind;
  readonly amount: number;
  readonly own: number;
  readonly currency: string;
  readonly status: string;
  /** In another payout that stands. */
  readonly again: boolean;
}

/* Fees and disputes are compared where they are charged: here it is what was captured and refunded. */
const DIFFERING: Statement = {
  name: "find_differing_payout_lines",
  text: `
    with line as materialized (
      select a.merchant_id, a.id, a.payment_intent_id, a.status, a.currency, t.currency as paid_in,
        l.kind, l.amount, case l.kind when 'REFUND' then -a.amount else a.amount end as own,
        a.operation = 'refund' and exists (
          select from refunds f where f.merchant_id = a.merchant_id and f.id = a.refund_id
            and f.status = 'REVERSED') as returned,
        case l.kind when 'CHARGE' then a.operation in ('charge', 'capture')
          when 'REFUND' then a.operation = 'refund' else true end as is_such,
        exists (
          select from payout_lines o
          join payouts p on p.merchant_id = o.merchant_id and p.id = o.payout_id
          where o.merchant_id = a.merchant_id and o.attempt_id = a.id
            and o.movement_id = l.movement_id and o.kind = l.kind and p.status <> 'FAILED'
            and p.processor_payout_id <> t.processor_payout_id) as again
      from reconciliation_runs r
      join processor_payouts t on t.run_id = r.id and t.processor_payout_id = ?
      join processor_payout_lines l on l.run_id = t.run_id
        and l.processor_payout_id = t.processor_payout_id
      join attempts a on a.id = l.reference
        and coalesce(a.processor_account_id, a.processor) = ${TELLER}
      where r.id = ? and t.status <> 'FAILED'
    )
    select merchant_id as "merchantId", id as "attemptId", payment_intent_id as "paymentIntentId",
      kind as "kind", amount as "amount", own as "own", currency as "currency",
      status as "status", again as "again"
    from line
    where again or kind in ('CHARGE', 'REFUND')
      and (amount <> own or currency <> paid_in or not is_such
        or status <> 'SUCCEEDED' and not returned)
    limit ${String(DIFFERING_MAX)}`,
};

function findDiffering(tx: Tx, runId: string, payoutId: string): Promise<DifferingLine[]> {
  return run<DifferingLine>(tx, DIFFERING, [payoutId, runId]);
}

function breakOfLine(
  line: DifferingLine,
  told: ToldPayout,
): Found & { readonly merchantId: string } {
  const { merchantId, attemptId, paymentIntentId, kind, amount, own, currency, status } = line;
  const about = {
    merchantId,
    subjectId: attemptId,
    paymentIntentId,
    ours: side(own, currency, status),
    theirs: side(amount, told.currency, kind),
  };
  const paid = `${told.payoutId} pays out ${money(amount, told.currency)} for it`;
  if (line.again) {
    return { ...about, kind: "DUPLICATE", detail: `${paid}, and so does another payout` };
  }
  if (currency !== told.currency) {
    return { ...about, kind: "CURRENCY", detail: `${paid}, and it is in ${currency} here` };
  }
  if (status !== "SUCCEEDED" || amount === own) {
    const detail = `${paid} as ${kind}, and it is ${status} here`;
    return { ...about, kind: "STATE", detail, dueInMs: CONTRADICTION_MS };
  }
  return { ...about, kind: "AMOUNT", detail: `${paid}, and it is ${money(own, currency)} here` };
}

const MISSING: Statement = {
  name: "find_payouts_missing_there",
  text: `
    select p.merchant_id as "merchantId", p.id as "id", p.status as "status",
      p.amount as "amount", p.currency as "currency"
    from reconciliation_runs r
    join payouts p on p.processor = r.processor and p.processor_account_id is null
      and p.changed_at >= r.period_from and p.changed_at < r.period_to
    where r.id = ? and not exists (
      select from processor_payouts t
      where t.run_id = r.id and t.processor_payout_id = p.processor_payout_id)
    limit ${String(DIFFERING_MAX)}`,
};

interface MissingPayout {
  readonly merchantId: string;
  readonly id: string;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
}

/** What another file has told of the same time, and this one does not know. A list tells of what is news. */
async function findMissing(tx: Tx, report: Report): Promise<NewBreak[]> {
  if (report.source !== "SETTLEMENT_FILE" || !hasPeriod(report)) return [];
  const rows = await run<MissingPayout>(tx, MISSING, [report.id]);
  return rows.map(({ merchantId, id, status, amount, currency }) => ({
    merchantId,
    kind: "MISSING_THERE",
    source: report.source,
    processor: report.processor,
    reportId: report.id,
    subjectId: id,
    currency,
    detail: `the payout of ${money(amount, currency)} is in no line`,
    ours: side(amount, currency, status),
    theirs: null,
  }));
}

const CLOSE_ARRIVED: Statement = {
  name: "close_breaks_whose_payout_arrived",
  text: `
    update reconciliation_breaks b
    set status = 'RESOLVED', resolution = 'CLOSED_ITSELF', resolved_at = now(), next_at = null,
      explanation = 'its line has come'
    from payouts p
    where p.processor = ? and p.processor_account_id is not distinct from ?::text
      and p.processor_payout_id = ? and b.merchant_id = p.merchant_id
      and b.subject_id = p.id and b.kind = 'MISSING_THERE' and b.status <> 'RESOLVED'
    returning b.merchant_id as "merchantId", b.id as "id"`,
};

/** What a file lacked, and a later one has. */
async function closeArrived(
  tx: Tx,
  { processor, processorAccountId }: Report,
  payoutId: string,
): Promise<number> {
  const bindings = [processor, processorAccountId, payoutId];
  return tellOfResolved(
    tx,
    await run<Pick<Break, "id" | "merchantId">>(tx, CLOSE_ARRIVED, bindings),
  );
}

function money(amount: number, currency: string): string {
  return `${String(amount)} ${currency}`;
}

/** A side has amounts that moved: what is below zero is in the sentence alone. */
function side(amount: number, currency: string, state: string) {
  return { amount: amount < 0 ? null : amount, currency, fee: null, state };
}
