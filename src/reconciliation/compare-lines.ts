import { type Statement, type Tx, run } from "../db/db";
import type { Break } from "./break";
import { tellOfResolved } from "./break-store";
import { KIND_OF, type Compared } from "./compared";
import { type Report, TELLER } from "./report-store";

/*
 * The lines of a run against attempts and journals, so many references at a time. What agrees on all three sides is
 * counted where the rows are; only what does not is brought here.
 *
 * Cost: a slice's lines are one range of their index, read twice; for each reference a probe of the attempt, its journals
 * and their postings, each by an index, and one for each settlement file of the days around.
 */

const KINDS = Object.entries(KIND_OF)
  .map(([operation, kind]) => `when '${operation}' then '${kind}'`)
  .join(" ");

// A line that is in two files is in those of days that are near each other; of these there is one a day, or a few.
const EARLIER_DAYS = 7;
const EARLIER_RUNS = 50;

const COMPARE: Statement = {
  name: "compare_processor_lines",
  text: `
    with this as materialized (
      select r.id, ${TELLER} as teller, r.source, r.period_from,
        r.period_to, ?::text as after, ?::int as most
      from reconciliation_runs r where r.id = ?
    ), earlier_run as materialized (
      select o.id from this q cross join lateral (
        select r.id from reconciliation_runs r
        where q.source = 'SETTLEMENT_FILE' and ${TELLER} = q.teller
          and r.source = q.source
          and r.period_to > q.period_from - interval '${String(EARLIER_DAYS)} days'
          and r.period_to < q.period_to + interval '${String(EARLIER_DAYS)} days' and r.id <> q.id
        order by r.period_to desc limit ${String(EARLIER_RUNS)}) o
    ), upto as materialized (
      -- Within a lateral the run is one value, so that the index gives the references in their
      -- order. Joined with it, all lines of the run would be read and sorted for each slice.
      select max(w.reference) as last from this q
      cross join lateral (
        select x.reference from processor_lines x
        where x.run_id = q.id and x.reference > q.after order by x.reference limit q.most
      ) w
    ), their as materialized (
      select distinct on (x.reference) x.reference, x.movement_id, x.kind, x.amount, x.currency,
        x.fee, coalesce(x.fee_currency, x.currency) as fee_currency,
        count(*) filter (where x.kind <> 'reverse') over same as moves,
        count(*) filter (where x.kind = 'reverse') over same as reverses,
        sum(x.repeated) over same as repeated
      from this q cross join upto u
      join processor_lines x on x.run_id = q.id and x.reference > q.after and x.reference <= u.last
      window same as (partition by x.reference)
      order by x.reference, x.kind = 'reverse', x.moved_at, x.movement_id
    ), both_sides as materialized (
      select t.reference, t.moves, t.reverses, t.repeated, t.kind, t.amount, t.currency, t.fee,
        t.fee_currency, a.fee as own_fee, coalesce(a.fee_currency, a.currency) as own_fee_currency,
        a.merchant_id, a.id as attempt_id, a.payment_intent_id, a.operation, a.status,
        a.amount as own_amount, a.currency as own_currency,
        case a.operation ${KINDS} end as own_kind, j.id as journal_id, a.refund_id,
        coalesce(g.corrections, 0) as corrections,
        p.posted + case a.operation when 'refund' then -1 else 1 end * coalesce(g.moved, 0)
          as posted,
        coalesce(f.amount, p.posted_fee)
          + case when coalesce(f.currency, a.currency) = a.currency then coalesce(g.fee, 0)
            else 0 end as posted_fee,
        coalesce(f.currency, a.currency) as posted_fee_currency,
        coalesce(e.lines, 0) as earlier
      from this q cross join their t
      left join attempts a on a.id = t.reference
        and coalesce(a.processor_account_id, a.processor) = q.teller
      left join journals j on j.merchant_id = a.merchant_id and j.source_id = a.id
        and j.kind = case a.operation when 'refund' then 'refund' else 'capture' end
        and j.kind not in ('suspense_hold', 'suspense_void')
      left join lateral (
        select sum(x.amount) filter (where d.kind <> 'PROCESSING_FEES')::bigint as posted,
          coalesce(sum(x.amount) filter (where d.kind = 'PROCESSING_FEES'), 0)::bigint
            as posted_fee
        from postings x
        join ledger_accounts d on d.merchant_id = x.merchant_id and d.id = x.debit_account_id
        where x.merchant_id = j.merchant_id and x.journal_id = j.id and not x.pending
      ) p on j.id is not null
      left join lateral (
        -- In another currency, or told later.
        select x.amount, x.currency from journals o
        join postings x on x.merchant_id = o.merchant_id and x.journal_id = o.id
        where o.merchant_id = j.merchant_id and o.source_id = a.id and o.kind = 'fee'
      ) f on true
      left join lateral (
        -- A correction of what moved more than once is about the other movements.
        select count(distinct k.id)::int as corrections,
          sum(case when d.kind = 'PROCESSING_FEES' then x.amount
            when c.kind = 'PROCESSING_FEES' then -x.amount else 0 end)::bigint as fee,
          sum(case when 'PROCESSING_FEES' in (d.kind, c.kind) then 0
            when d.kind = 'PROCESSOR_RECEIVABLE' then x.amount
            when c.kind = 'PROCESSOR_RECEIVABLE' then -x.amount else 0 end)::bigint as moved
        from journals k
        join reconciliation_breaks b on b.id = k.source_id and b.merchant_id = k.merchant_id
          and b.kind <> 'DUPLICATE'
        join postings x on x.merchant_id = k.merchant_id and x.journal_id = k.id
        join ledger_accounts d on d.merchant_id = x.merchant_id and d.id = x.debit_account_id
        join ledger_accounts c on c.merchant_id = x.merchant_id and c.id = x.credit_account_id
        where k.merchant_id = j.merchant_id and k.corrects_journal_id = j.id
      ) g on j.id is not null
      left join lateral (
        select count(*)::int as lines from earlier_run r
        join processor_lines x on x.run_id = r.id and x.reference = t.reference
          and x.kind = t.kind and x.movement_id <> t.movement_id
      ) e on exists (select from earlier_run)
    ), judged as (
      select b.*, coalesce(b.status = 'SUCCEEDED' and b.moves = 1 and b.reverses = 0
        and b.repeated = 0 and b.earlier = 0 and b.kind = b.own_kind and b.currency = b.own_currency
        and (b.amount = b.own_amount or b.kind = 'void' and b.amount < b.own_amount
          or b.corrections > 0)
        and (b.kind not in ('capture', 'refund') or b.posted = b.amount)
        and (b.kind not in ('capture', 'refund') or b.posted_fee = b.fee
          and (b.fee = 0 or b.posted_fee_currency = b.fee_currency)), false) as agrees
      from both_sides b
    )
    select count(*)::int as "compared", count(*) filter (where agrees)::int as "agreed",
      max(reference) as "last",
      coalesce(json_agg(json_build_object(
        'reference', reference, 'moves', moves, 'reverses', reverses, 'repeated', repeated,
        'earlier', earlier, 'surplusKnown', (
          select coalesce(sum(coalesce(cardinality(b.reversing), case when b.status = 'RESOLVED'
            then (b.proposal->'postings'->0->>'amount')::bigint / nullif(j.own_amount, 0)
            end)), 0)::int
          from reconciliation_breaks b
          where b.merchant_id = j.merchant_id and b.subject_id = j.reference
            and b.kind = 'DUPLICATE'),
        'kind', kind, 'amount', amount, 'currency', currency, 'fee', fee,
        'feeCurrency', fee_currency,
        'attempt', case when attempt_id is not null then json_build_object(
          'merchantId', merchant_id, 'paymentIntentId', payment_intent_id,
          'operation', operation, 'status', status, 'amount', own_amount,
          'currency', own_currency, 'fee', own_fee, 'feeCurrency', own_fee_currency,
          'compensated', exists (
            select from attempts c where c.merchant_id = j.merchant_id
              and c.payment_intent_id = j.payment_intent_id and c.operation = 'compensate'
              and c.target_attempt_id = j.attempt_id),
          'returned', j.operation = 'refund' and exists (
            select from refunds r where r.merchant_id = j.merchant_id and r.id = j.refund_id
              and r.status = 'REVERSED')) end,
        'ledger', case when journal_id is not null then json_build_object(
          'journalId', journal_id, 'amount', posted, 'fee', posted_fee,
          'feeCurrency', posted_fee_currency, 'corrections', corrections) end)
        order by reference) filter (where not agrees), '[]') as "differing"
    from judged j`,
};

export interface ComparedSlice {
  readonly compared: number;
  readonly agreed: number;
  /** The last reference; null when there was none. */
  readonly last: string | null;
  readonly differing: readonly Compared[];
}

export async function compareSlice(
  tx: Tx,
  { id, position }: Report,
  most: number,
): Promise<ComparedSlice> {
  const [slice] = await run<ComparedSlice>(tx, COMPARE, [position, most, id]);
  if (!slice) throw new Error("an aggregate has a row");
  return slice;
}

/* Open breaks are few: each is looked for among the lines, and not the other way round. */
const CLOSE_ARRIVED: Statement = {
  name: "close_breaks_whose_line_arrived",
  text: `
    update reconciliation_breaks b
    set status = 'RESOLVED', resolution = 'CLOSED_ITSELF', resolved_at = now(), next_at = null,
      explanation = 'the line has come'
    from reconciliation_runs r
    where r.id = ? and ${TELLER} = coalesce(b.processor_account_id, b.processor)
      and b.kind in ('TIMING', 'MISSING_THERE') and b.status <> 'RESOLVED'
      and b.subject_id > ? and b.subject_id <= ? and not b.subject_id = any(?)
      and exists (select from processor_lines l where l.run_id = r.id and l.reference = b.subject_id
        and (b.theirs is null or l.kind = 'reverse'))
    returning b.merchant_id as "merchantId", b.id as "id"`,
};

/**
 * What was missing there, or what takes back something that waited for it, and has come with these references; nothing
 * of those that differ otherwise.
 */
export async function closeArrived(
  tx: Tx,
  { id, position }: Report,
  { last, differing }: { readonly last: string | null; readonly differing: readonly string[] },
): Promise<number> {
  if (last === null) return 0;
  const bindings = [id, position, last, differing];
  return tellOfResolved(
    tx,
    await run<Pick<Break, "id" | "merchantId">>(tx, CLOSE_ARRIVED, bindings),
  );
}
