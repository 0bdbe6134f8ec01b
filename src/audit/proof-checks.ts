import type { Check } from "./check";

/** What the continuous audit has written down and goes on from, against the postings that it read. */
export const PROOF_CHECKS: readonly Check[] = [
  {
    invariant: "I4",
    name: "what the continuous audit has added up is the sum of its postings",
    sql: `
      with side as (
        select merchant_id, debit_account_id as account_id, created_at, pending, amount as debit,
          0 as credit
        from postings
        union all
        select merchant_id, credit_account_id, created_at, pending, 0, amount from postings
      ), counted as (
        select s.merchant_id, s.account_id,
          sum(s.debit) filter (where not s.pending) as debits,
          sum(s.credit) filter (where not s.pending) as credits,
          sum(s.debit) filter (where s.pending) as pending_debits,
          sum(s.credit) filter (where s.pending) as pending_credits
        from side s
        join audit_marks m on m.merchant_id = s.merchant_id and s.created_at < m.posted_before
        group by s.merchant_id, s.account_id
      )
      select account_id as subject, format('added up %s, %s, pending %s, %s; posted %s, %s, %s, %s',
        l.debits, l.credits, l.pending_debits, l.pending_credits,
        c.debits, c.credits, c.pending_debits, c.pending_credits) as detail
      from counted c
      full join ledger_proofs l using (merchant_id, account_id)
      where (coalesce(l.debits, 0), coalesce(l.credits, 0), coalesce(l.pending_debits, 0),
          coalesce(l.pending_credits, 0))
        <> (coalesce(c.debits, 0), coalesce(c.credits, 0), coalesce(c.pending_debits, 0),
          coalesce(c.pending_credits, 0))`,
  },
  {
    invariant: "I4",
    name: "the trial balance of the continuous audit is the sum of what it has added up",
    sql: `
      select coalesce(t.currency, l.currency) as subject,
        format('%s, and %s added up', t.difference, l.difference) as detail
      from proven_totals t
      full join (
        select currency, sum(debits - credits) as difference from ledger_proofs group by currency
      ) l on l.currency = t.currency
      where coalesce(t.difference, 0) <> coalesce(l.difference, 0)`,
  },
  {
    invariant: "I4",
    name: "what is open in a clearing account is what it holds",
    sql: `
      with open as (
        select merchant_id, account_id, sum(amount) as amount from clearing_items
        group by merchant_id, account_id
      ), side as (
        select merchant_id, credit_account_id as account_id, created_at, amount from postings
        where not pending
        union all
        select merchant_id, debit_account_id, created_at, -amount from postings where not pending
      ), held as (
        select s.merchant_id, s.account_id, sum(s.amount) as amount
        from ledger_accounts a
        join side s on s.merchant_id = a.merchant_id and s.account_id = a.id
        join audit_marks m on m.merchant_id = s.merchant_id and s.created_at < m.cleared_before
        where a.kind in ('SUSPENSE', 'DISPUTES', 'PAYOUTS')
        group by s.merchant_id, s.account_id
      )
      select coalesce(o.account_id, h.account_id) as subject,
        format('%s held, %s open', h.amount, o.amount) as detail
      from open o
      full join held h on h.merchant_id = o.merchant_id and h.account_id = o.account_id
      where coalesce(o.amount, 0) <> coalesce(h.amount, 0)`,
  },
];
