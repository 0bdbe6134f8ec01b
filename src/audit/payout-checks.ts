import type { Check } from "./check";

/** Payouts against what is said of them elsewhere: by their lines, the ledger and the events. */
export const PAYOUT_CHECKS: readonly Check[] = [
  {
    invariant: "I4",
    name: "a payout is the sum of its lines",
    sql: `
      select p.id as subject, format('%s in %s lines; they are %s in %s', p.amount, p.line_count,
        l.amount, l.lines) as detail
      from payouts p
      full join (
        select merchant_id, payout_id, count(*) as lines, sum(amount) as amount from payout_lines
        group by merchant_id, payout_id
      ) l on l.merchant_id = p.merchant_id and l.payout_id = p.id
      where l.lines is distinct from p.line_count or l.amount is distinct from p.amount`,
  },
  {
    invariant: "I12",
    name: "what is paid out is of the payout's merchant and processor",
    sql: `
      select l.payout_id as subject, format('line %s: %s', l.line, l.attempt_id) as detail
      from payout_lines l
      join payouts p on p.merchant_id = l.merchant_id and p.id = l.payout_id
      left join attempts a on a.merchant_id = l.merchant_id and a.id = l.attempt_id
        and a.payment_intent_id = l.payment_intent_id and a.processor = p.processor
        and a.processor_account_id is not distinct from p.processor_account_id
      where a.id is null`,
  },
  {
    invariant: "I9",
    name: "each payout's postings agree with its status",
    sql: `
      with booked as (
        select j.merchant_id, j.source_id, a.kind, a.currency,
          sum(case when p.debit_account_id = a.id then p.amount else -p.amount end) as debited
        from journals j
        join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
        join ledger_accounts a on a.merchant_id = p.merchant_id
          and a.id in (p.debit_account_id, p.credit_account_id)
        where j.source_id like 'po\\_%'
        group by j.merchant_id, j.source_id, a.kind, a.currency
      ), wanted as (
        select p.merchant_id, p.id, w.kind, p.currency, w.debited
        from payouts p
        cross join lateral (values
          ('MERCHANT_BALANCE', case when p.status <> 'FAILED' then p.amount else 0 end),
          ('PAYOUTS', case when p.status = 'IN_TRANSIT' then -p.amount else 0 end),
          ('PROCESSOR_RECEIVABLE', case when p.status = 'PAID' then -p.amount else 0 end)
        ) as w (kind, debited)
      )
      select coalesce(w.id, b.source_id) as subject, format('%s: %s debited, and not %s',
        coalesce(w.kind, b.kind), b.debited, w.debited) as detail
      from wanted w
      full join booked b on b.merchant_id = w.merchant_id and b.source_id = w.id
        and b.kind = w.kind and b.currency = w.currency
      where coalesce(w.debited, 0) <> coalesce(b.debited, 0)`,
  },
  {
    invariant: "I7",
    name: "each payout has an event for each of its versions",
    sql: `
      select p.id as subject, format('%s, version %s: %s', p.status, v.version, e.type) as detail
      from payouts p
      cross join lateral generate_series(1, p.version) as v (version)
      left join events e on e.merchant_id = p.merchant_id and e.subject_id = p.id
        and e.sequence = v.version
      where e.id is null or e.object ->> 'id' is distinct from p.id
        or (e.object ->> 'amount')::bigint is distinct from p.amount
        or e.type is distinct from case e.object ->> 'status' when 'IN_TRANSIT'
          then 'payout.created' when 'PAID' then 'payout.paid' else 'payout.failed' end
        or v.version = p.version and e.object ->> 'status' is distinct from p.status
      union all
      select e.id, format('%s of %s, sequence %s', e.type, e.subject_id, e.sequence)
      from events e
      left join payouts p on p.merchant_id = e.merchant_id and p.id = e.subject_id
        and p.version >= e.sequence
      where e.type like 'payout.%' and p.id is null`,
  },
];
