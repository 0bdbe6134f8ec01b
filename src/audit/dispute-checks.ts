import type { Check } from "./check";

/** Disputes against what is said of them elsewhere: by the intent, the ledger and the events. */
export const DISPUTE_CHECKS: readonly Check[] = [
  {
    invariant: "I5",
    name: "the disputed amount is that of the disputes that are open or lost",
    sql: `
      select pi.id as subject, format('disputes: %s of %s captured, intent says %s', d.amount,
        pi.amount_captured, pi.amount_disputed) as detail
      from payment_intents pi
      left join (
        select merchant_id, payment_intent_id, sum(amount) as amount from disputes
        where status in ('OPEN', 'LOST') group by merchant_id, payment_intent_id
      ) d on d.merchant_id = pi.merchant_id and d.payment_intent_id = pi.id
      where pi.amount_disputed <> coalesce(d.amount, 0) or pi.amount_disputed > pi.amount_captured`,
  },
  {
    invariant: "I5",
    name: "what is disputed is a charge of its intent that succeeded",
    sql: `
      select d.id as subject, format('%s %s %s', a.id, a.operation, a.status) as detail
      from disputes d
      left join attempts a on a.merchant_id = d.merchant_id and a.id = d.attempt_id
        and a.payment_intent_id = d.payment_intent_id
      left join payment_intents pi on pi.merchant_id = d.merchant_id and pi.id = d.payment_intent_id
      where a.id is null or a.operation not in ('charge', 'authorize') or a.status <> 'SUCCEEDED'
        or pi.currency is distinct from d.currency`,
  },
  {
    invariant: "I7",
    name: "each dispute has an event for each of its versions, which holds it as it stood",
    sql: `
      select d.id as subject, format('%s, version %s: %s', d.status, v.version, e.type) as detail
      from disputes d
      cross join lateral generate_series(1, d.version) as v (version)
      left join events e on e.merchant_id = d.merchant_id and e.subject_id = d.id
        and e.sequence = v.version
      where e.type is distinct from case when v.version = 1 then 'dispute.created'
          when d.status = 'WON' then 'dispute.won' else 'dispute.lost' end
        or e.object ->> 'id' is distinct from d.id
        or (e.object ->> 'version')::int is distinct from v.version
        or e.object ->> 'status' is distinct from
          case v.version when 1 then 'OPEN' else d.status end
        or (e.object ->> 'amount')::bigint is distinct from d.amount
      union all
      select e.id, format('%s of %s, sequence %s', e.type, e.subject_id, e.sequence)
      from events e
      left join disputes d on d.merchant_id = e.merchant_id and d.id = e.subject_id
        and d.version >= e.sequence
      where e.type like 'dispute.%' and d.id is null`,
  },
  {
    invariant: "I9",
    name: "each dispute's postings agree with its status",
    sql: `
      with booked as (
        select j.merchant_id, j.source_id,
          sum(p.amount) filter (where j.kind = 'dispute' and d.kind = 'MERCHANT_BALANCE'
            and c.kind = 'DISPUTES') as taken,
          sum(p.amount) filter (where j.kind = 'dispute' and d.kind = 'PROCESSING_FEES'
            and c.kind = 'PROCESSOR_RECEIVABLE') as fee,
          sum(p.amount) filter (where j.kind = 'dispute_won' and d.kind = 'DISPUTES'
            and c.kind = 'MERCHANT_BALANCE') as won,
          sum(p.amount) filter (where j.kind = 'dispute_lost' and d.kind = 'DISPUTES'
            and c.kind = 'PROCESSOR_RECEIVABLE') as lost,
          sum(p.amount) as total
        from journals j
        join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id and not p.pending
        join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
        join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
        where j.source_id like 'dp\\_%'
        group by j.merchant_id, j.source_id
      )
      select d.id as subject, format('%s, %s and a fee of %s; books: %s taken, %s as the fee, '
        || '%s won, %s lost', d.status, d.amount, d.fee, b.taken, b.fee, b.won, b.lost) as detail
      from disputes d
      left join booked b on b.merchant_id = d.merchant_id and b.source_id = d.id
      where coalesce(b.taken, 0) <> d.amount or coalesce(b.fee, 0) <> d.fee
        or coalesce(b.won, 0) <> case d.status when 'WON' then d.amount else 0 end
        or coalesce(b.lost, 0) <> case d.status when 'LOST' then d.amount else 0 end
        or b.total <> d.amount * d.version + d.fee`,
  },
  {
    invariant: "I9",
    name: "the disputes account holds what is open",
    sql: `
      with held as (
        select a.merchant_id, a.currency,
          sum(case when p.credit_account_id = a.id then p.amount else -p.amount end) as amount
        from ledger_accounts a
        join postings p on p.merchant_id = a.merchant_id
          and a.id in (p.debit_account_id, p.credit_account_id)
        where a.kind = 'DISPUTES' group by a.merchant_id, a.currency
      ), open as (
        select merchant_id, currency, sum(amount) as amount from disputes
        where status = 'OPEN' group by merchant_id, currency
      )
      select coalesce(h.merchant_id, o.merchant_id) || ' ' || coalesce(h.currency, o.currency)
          as subject, format('%s held, %s open', h.amount, o.amount) as detail
      from held h full join open o on o.merchant_id = h.merchant_id and o.currency = h.currency
      where coalesce(h.amount, 0) <> coalesce(o.amount, 0)`,
  },
];
