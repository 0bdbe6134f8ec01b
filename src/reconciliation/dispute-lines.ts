import { type Db, type Statement, type Tx, run } from "../db/db";
import { TELLER } from "./report-store";
import type { DisputeNews, DisputeStatus } from "../processors/dispute";
import type { ProcessorDispute } from "../processors/lists";

/** The statements that keep what lists and settlement files say of disputes, and bring them to be compared. */

const INSERT: Statement = {
  name: "insert_processor_disputes",
  text: `
    insert into processor_disputes (run_id, movement_id, processor_dispute_id, status, reference,
      reason, amount, currency, fee, evidence_due_by, opened_at, closed_at)
    select ?, n.* from jsonb_to_recordset(?) as n (movement_id text, processor_dispute_id text,
      status text, reference text, reason text, amount bigint, currency text, fee bigint,
      evidence_due_by timestamptz, opened_at timestamptz, closed_at timestamptz)
    on conflict do nothing`,
};

export async function insertDisputeLines(
  tx: Tx,
  runId: string,
  disputes: readonly ProcessorDispute[],
): Promise<void> {
  if (disputes.length === 0) return;
  const rows = disputes.map(({ movementId, reference, news, isFeeTold = true }) => ({
    movement_id: movementId,
    processor_dispute_id: news.processorDisputeId,
    status: news.status,
    reference,
    reason: news.reason,
    amount: news.amountMinor,
    currency: news.currency,
    fee: isFeeTold ? news.feeMinor : null,
    evidence_due_by: news.evidenceDueBy,
    opened_at: news.openedAt,
    closed_at: news.closedAt,
  }));
  await run(tx, INSERT, [runId, JSON.stringify(rows)]);
}

/** A line, and what is known here of the charge and the dispute that it is about. */
export interface ComparedDispute {
  readonly processorDisputeId: string;
  readonly reference: string;
  readonly status: DisputeStatus;
  readonly amount: number;
  readonly currency: string;
  /** Null where the line does not say it. */
  readonly fee: number | null;
  readonly attempt: { readonly merchantId: string; readonly paymentIntentId: string } | null;
  readonly dispute: {
    readonly reference: string;
    readonly status: DisputeStatus;
    readonly amount: number;
    readonly currency: string;
    readonly fee: number;
    readonly journalId: string;
  } | null;
}

const TAKE: Statement = {
  name: "take_processor_disputes",
  text: `
    with next as materialized (
      select l.run_id, l.movement_id from processor_disputes l
      where l.run_id = ? and not l.compared order by l.movement_id limit ?
    ), taken as (
      update processor_disputes l set compared = true from next n
      where l.run_id = n.run_id and l.movement_id = n.movement_id
      returning l.*
    )
    select t.processor_dispute_id as "processorDisputeId", t.reference as "reference",
      t.status as "status", t.amount as "amount", t.currency as "currency", t.fee as "fee",
      case when a.id is not null then json_build_object('merchantId', a.merchant_id,
        'paymentIntentId', a.payment_intent_id) end as "attempt",
      case when d.id is not null then json_build_object('reference', d.attempt_id,
        'status', d.status, 'amount', d.amount, 'currency', d.currency, 'fee', d.fee,
        'journalId', j.id) end as "dispute"
    from taken t
    join reconciliation_runs r on r.id = t.run_id
    left join attempts a on a.id = t.reference
      and coalesce(a.processor_account_id, a.processor) = ${TELLER}
    left join disputes d on d.merchant_id = a.merchant_id and d.processor = r.processor
      and d.processor_dispute_id = t.processor_dispute_id
    left join journals j on j.merchant_id = d.merchant_id and j.source_id = d.id
      and j.kind = 'dispute' and j.kind not in ('suspense_hold', 'suspense_void')
    order by t.movement_id`,
};

/** The next ones of a run, each once; in the transaction that holds the run. */
export async function takeDisputeLines(
  tx: Tx,
  runId: string,
  most: number,
): Promise<ComparedDispute[]> {
  return run<ComparedDispute>(tx, TAKE, [runId, most]);
}

const FIND_NEWS: Statement = {
  name: "find_news_of_processor_dispute",
  text: `
    select l.reference as "reference", l.processor_dispute_id as "processorDisputeId",
      l.status as "status", l.amount as "amountMinor", l.currency as "currency",
      coalesce(max(l.fee) over (), 0)::bigint as "feeMinor", l.reason as "reason",
      iso(l.evidence_due_by) as "evidenceDueBy",
      iso(l.opened_at) as "openedAt", iso(l.closed_at) as "closedAt"
    from processor_disputes l
    where l.run_id = ? and l.processor_dispute_id = ?
    order by l.closed_at nulls last limit 1`,
};

/** What a run's lines say of one dispute, as its webhook would have: its end and its fee, where they have them. */
export async function findDisputeNews(
  db: Db,
  runId: string,
  processorDisputeId: string,
): Promise<{ readonly reference: string; readonly news: DisputeNews } | undefined> {
  type Row = Omit<DisputeNews, "kind"> & { readonly reference: string };
  const [row] = await run<Row>(db, FIND_NEWS, [runId, processorDisputeId]);
  if (!row) return undefined;
  const { reference, ...news } = row;
  return { reference, news: { kind: "dispute", ...news } };
}
