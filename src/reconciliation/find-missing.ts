import { type Statement, type Tx, run } from "../db/db";
import { idFloor } from "../ids";
import type { NewBreak } from "./break";
import { suspense, turned } from "./propose-correction";
import { type Report, TELLER } from "./report-store";

/*
 * What succeeded here in a run's period and has no line there, nor in a statement or list before it. Attempts are read in
 * the order of their ids, which is that of time, so many at once: those of the period, of two days before it, and older
 * ones whose outcome became known in the period.
 *
 * A list tells of what became known up to some time before its end, which its processor says; the next list tells of the
 * rest. Of what was sent before it began it tells where the lines of the lists before it are kept: otherwise nobody knows
 * whether it moved. What a processor's lists have no lines for is not missed in them.
 *
 * Cost: of an account, a range of its own attempts; of the installation's own, of all.
 */

const BEFORE_MS = 2 * 86_400_000;

// By how much the two clocks may differ, and how long an answer is on its way.
const AT_THE_EDGE_MS = 5 * 60_000;

/** Lines of a list begin so long before its window: most of what became known in it moved by then. */
export const LINES_BEFORE_MS = 10 * 60_000;

/** More than there are of lists in half a year. */
const NEAR_RUNS = 5_000;

const MONEY = ["charge", "capture", "refund"];

const THIS = `
    with this as materialized (
      select r.id, r.processor_account_id, ${TELLER} as teller, r.source, f.is_file, n.*,
        r.period_from, r.period_to, r.period_from - f.late as known_from,
        r.period_to - f.late as known_to,
        case when f.is_file then n.money else r.lists end as operations
      from (select ?::text as after, ?::text as lowest, ?::text as highest, ?::int as most,
        ?::text[] as money, ? * interval '1 millisecond' as edge,
        ? * interval '1 millisecond' as lines_before) n
      cross join reconciliation_runs r
      cross join lateral (
        select r.source = 'SETTLEMENT_FILE' as is_file, case r.source when 'SETTLEMENT_FILE' then 0
          else r.lists_within_ms end * interval '1 millisecond' as late) f
      where r.id = ?`;

const readOf = (whose: string): string => `    ), read as materialized (
      select a.* from this q cross join lateral (
        select x.id, x.merchant_id, x.payment_intent_id, x.operation, x.status, x.processor,
          x.processor_account_id, x.amount, x.currency, x.fee, x.fee_currency, x.settled_at,
          coalesce(x.sent_at, x.created_at) as sent_at
        from (
          (select l.* from attempts l
            where l.settled_at >= q.known_from and l.settled_at < q.known_to
              and l.settled_at - l.created_at > interval '48 hours'
              and ${whose.replaceAll("a.", "l.")} l.id > q.after and l.id <= q.lowest
            order by l.id limit q.most)
          union all
          (select a.* from attempts a
            where ${whose} a.id > greatest(q.after, q.lowest) and a.id < q.highest
            order by a.id limit q.most)
        ) x order by x.id limit q.most
      ) a`;

const LACKING = `    ), near as materialized (
      -- Once for all of the slice, from the oldest on: what moved is in a statement soon after.
      select o.* from this q
      cross join (select min(sent_at) as sent_at from read) first
      cross join lateral (
        select r.id, r.period_from, r.period_to, r.keeps_lines from reconciliation_runs r
        where ${TELLER} = q.teller and r.source = q.source
          and r.period_to > first.sent_at - q.edge
        order by r.period_to limit ${String(NEAR_RUNS)}
      ) o
    ), missing as (
      select r.*, r.sent_at < q.period_from + q.edge or r.settled_at >= q.period_to - q.edge
        as at_the_edge
      from this q join read r on r.status = 'SUCCEEDED' and ${TELLER} = q.teller
        and r.operation = any(q.operations)
        and r.settled_at >= q.known_from and r.settled_at < q.known_to
      where not exists (
          select from processor_lines l where l.run_id = q.id and l.reference = r.id)
        and not exists (
          select from near o
          join processor_lines l on l.run_id = o.id and l.reference = r.id
          where o.period_to > r.sent_at - q.edge)
        and (q.is_file or exists (
          select from near o
          where o.period_to > r.sent_at - q.edge
            and o.period_from - q.lines_before + q.edge <= r.sent_at))
        and (q.is_file or not exists (
          select from near o
          where o.id <> q.id
            and o.period_to > r.sent_at - q.edge and o.period_to <= q.period_from
            and not o.keeps_lines and r.sent_at < q.period_from - q.lines_before + q.edge))
    )
    select (select count(*)::int from read) as "read", (select max(id) from read) as "last",
      coalesce(json_agg(json_build_object('id', id, 'merchantId', merchant_id,
        'paymentIntentId', payment_intent_id, 'operation', operation, 'status', status,
        'amount', amount, 'currency', currency, 'fee', fee,
        'feeIsOwn', coalesce(fee_currency, currency) = currency,
        'atTheEdge', at_the_edge and (select is_file from this),
        'journalId', (select j.id from journals j where j.merchant_id = m.merchant_id
          and j.source_id = m.id and j.kind in ('capture', 'refund')))
        order by id), '[]') as "missing"
    from missing m`;

function find(name: string, whose: string): Statement {
  return { name, text: [THIS, readOf(whose), LACKING].join("\n") };
}

const FIND = find("find_attempts_without_line", "");
const FIND_OF_ACCOUNT = find(
  "find_attempts_of_account_without_line",
  "a.processor_account_id = q.processor_account_id and",
);

interface Missing {
  readonly id: string;
  readonly merchantId: string;
  readonly paymentIntentId: string;
  readonly operation: string;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly fee: number | null;
  /** In the payment's currency, which corrections are posted in. */
  readonly feeIsOwn: boolean;
  /** Of a settlement file: its movement may be in the one before or after this one. */
  readonly atTheEdge: boolean;
  readonly journalId: string | null;
}

export interface MissingSlice {
  readonly read: number;
  readonly last: string | null;
  readonly missing: readonly Missing[];
}

export async function findMissing(tx: Tx, report: Report, most: number): Promise<MissingSlice> {
  const statement = report.processorAccountId === null ? FIND : FIND_OF_ACCOUNT;
  const [slice] = await run<MissingSlice>(tx, statement, [
    report.position,
    idFloor("attempt", Date.parse(report.periodFrom) - BEFORE_MS),
    idFloor("attempt", Date.parse(report.periodTo) + 1),
    most,
    MONEY,
    AT_THE_EDGE_MS,
    LINES_BEFORE_MS,
    report.id,
  ]);
  if (!slice) throw new Error("an aggregate has a row");
  return slice;
}

/** At the edge of a settlement file's period it is for the next one to say. */
export function breakOf(missing: Missing, report: Report, dueInMs: number): NewBreak {
  const { amount, currency, fee, status, operation, journalId } = missing;
  const money = operation === "refund" ? "refund" : "capture";
  const corrected = { amount, fee: missing.feeIsOwn ? (fee ?? 0) : 0, corrects: journalId };
  return {
    merchantId: missing.merchantId,
    kind: missing.atTheEdge ? "TIMING" : "MISSING_THERE",
    source: report.source,
    processor: report.processor,
    processorAccountId: report.processorAccountId,
    reportId: report.id,
    subjectId: missing.id,
    paymentIntentId: missing.paymentIntentId,
    currency,
    detail: missing.atTheEdge
      ? `${operation} of ${String(amount)} ${currency} has no line yet; the next statement may have it`
      : `${operation} of ${String(amount)} ${currency} has no line`,
    ours: { amount, currency, fee, state: status },
    theirs: null,
    proposal: missing.atTheEdge || journalId === null ? null : turned(suspense(money, corrected)),
    ...(missing.atTheEdge && { dueInMs }),
  };
}
