import { type Statement, type Tx, run } from "../db/db";
import { idFloor } from "../ids";
import type { NewBreak } from "./break";
import type { Report } from "./report-store";

/*
 * What succeeded here in a run's period and has no line there. Attempts are read in the order of their ids, which is
 * that of time, so many at once: those of the period, and of two days before it, for an outcome may become known late.
 */

const BEFORE_MS = 2 * 86_400_000;

// By how much the two clocks may differ, and how long an answer is on its way.
const AT_THE_EDGE_MS = 5 * 60_000;

const MONEY = ["charge", "capture", "refund"];
const LISTED = [...MONEY, "authorize", "void"];

const FIND: Statement = {
  name: "find_attempts_without_line",
  text: `
    with this as materialized (
      select r.*, ?::text as after, ?::text as lowest, ?::text as highest, ?::int as most,
        ?::text[] as operations, ? * interval '1 millisecond' as edge
      from reconciliation_runs r where r.id = ?
    ), read as materialized (
      select a.id, a.merchant_id, a.payment_intent_id, a.operation, a.status, a.processor,
        a.amount, a.currency, a.fee, a.sent_at, a.settled_at
      from this q cross join lateral (
        select a.* from attempts a
        where a.id > greatest(q.after, q.lowest) and a.id < q.highest
        order by a.id limit q.most
      ) a
    ), missing as (
      select r.*, coalesce(r.sent_at < q.period_from + q.edge
        or r.settled_at >= q.period_to - q.edge, true) as at_the_edge
      from this q join read r on r.status = 'SUCCEEDED' and r.processor = q.processor
        and r.operation = any(q.operations)
        and r.settled_at >= q.period_from and r.settled_at < q.period_to
      where not exists (
          select from processor_lines l where l.run_id = q.id and l.reference = r.id)
        and not exists (
          select from reconciliation_runs o
          join processor_lines l on l.run_id = o.id and l.reference = r.id
          where o.processor = q.processor and o.source = q.source
            and o.started_at > now() - interval '7 days')
    )
    select (select count(*)::int from read) as "read", (select max(id) from read) as "last",
      coalesce(json_agg(json_build_object('id', id, 'merchantId', merchant_id,
        'paymentIntentId', payment_intent_id, 'operation', operation, 'status', status,
        'amount', amount, 'currency', currency, 'fee', fee, 'atTheEdge', at_the_edge,
        'journalId', (select j.id from journals j where j.merchant_id = m.merchant_id
          and j.source_id = m.id and j.kind in ('capture', 'refund')))
        order by id), '[]') as "missing"
    from missing m`,
};

interface Missing {
  readonly id: string;
  readonly merchantId: string;
  readonly paymentIntentId: string;
  readonly operation: string;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly fee: number | null;
  /** Its movement may be in the statement before or after this one. */
  readonly atTheEdge: boolean;
  readonly journalId: string | null;
}

export interface MissingSlice {
  readonly read: number;
  readonly last: string | null;
  readonly missing: readonly Missing[];
}

export async function findMissing(tx: Tx, report: Report, most: number): Promise<MissingSlice> {
  const isFile = report.source === "SETTLEMENT_FILE";
  const [slice] = await run<MissingSlice>(tx, FIND, [
    report.position,
    idFloor("attempt", Date.parse(report.periodFrom) - BEFORE_MS),
    idFloor("attempt", Date.parse(report.periodTo) + 1),
    most,
    isFile ? MONEY : LISTED,
    AT_THE_EDGE_MS,
    report.id,
  ]);
  if (!slice) throw new Error("an aggregate has a row");
  return slice;
}

/** At the edge of a period it is for the next statement to say; a list begins anew every hour, and says it then. */
export function breakOf(missing: Missing, report: Report, dueInMs: number): NewBreak | undefined {
  const { amount, currency, fee, status, operation, journalId } = missing;
  const isFile = report.source === "SETTLEMENT_FILE";
  if (missing.atTheEdge && !isFile) return undefined;
  const money = operation === "refund" ? "refund" : "capture";
  const posting =
    money === "capture"
      ? ({ debit: "SUSPENSE", credit: "PROCESSOR_RECEIVABLE", amount } as const)
      : ({ debit: "PROCESSOR_RECEIVABLE", credit: "SUSPENSE", amount } as const);
  return {
    merchantId: missing.merchantId,
    kind: missing.atTheEdge ? "TIMING" : "MISSING_THERE",
    source: report.source,
    processor: report.processor,
    reportId: report.id,
    subjectId: missing.id,
    paymentIntentId: missing.paymentIntentId,
    currency,
    detail: missing.atTheEdge
      ? `${operation} of ${String(amount)} ${currency} has no line yet; the next statement may have it`
      : `${operation} of ${String(amount)} ${currency} has no line`,
    ours: { amount, currency, fee, state: status },
    theirs: null,
    proposal:
      missing.atTheEdge || journalId === null ? null : { corrects: journalId, postings: [posting] },
    ...(missing.atTheEdge && { dueInMs }),
  };
}
