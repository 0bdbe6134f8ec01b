import { NORMAL_SIDE } from "../ledger/accounts";
import { joinSideSums } from "../ledger/side-sums";
import type { Check } from "./check";

const KINDS = `('${Object.keys(NORMAL_SIDE).join("', '")}')`;
const APPEND_ONLY = [
  "transitions",
  "events",
  "event_feed",
  "journals",
  "postings",
  "attempt_evidence",
  "audit_log",
  "seals",
  "balance_snapshots",
]
  .map((table) => `('${table}')`)
  .join(", ");

export const LEDGER_CHECKS: readonly Check[] = [
  {
    invariant: "I2",
    name: "the trial balance is zero in every currency",
    // Counted from the accounts, so that a posting one of whose accounts is missing or of another currency shows.
    sql: `
      with side as (
        select merchant_id, debit_account_id as account_id, amount, pending from postings
        union all select merchant_id, credit_account_id, -amount, pending from postings
      )
      select a.currency || case when s.pending then ' pending' else '' end as subject,
        'off by ' || sum(s.amount) as detail
      from side s join ledger_accounts a on a.merchant_id = s.merchant_id and a.id = s.account_id
      group by a.currency, s.pending having sum(s.amount) <> 0`,
  },
  {
    invariant: "I2",
    name: "both accounts of a posting are the merchant's, in its currency",
    sql: `
      select p.journal_id || ' ' || p.line as subject,
        'accounts ' || p.debit_account_id || ', ' || p.credit_account_id as detail
      from postings p
      left join ledger_accounts d on d.merchant_id = p.merchant_id
        and d.id = p.debit_account_id and d.currency = p.currency
      left join ledger_accounts c on c.merchant_id = p.merchant_id
        and c.id = p.credit_account_id and c.currency = p.currency
      where d.id is null or c.id is null or d.kind not in ${KINDS} or c.kind not in ${KINDS}`,
  },
  {
    invariant: "I2",
    name: "each journal has postings",
    sql: `
      select j.id as subject, format('%s of %s, nothing posted', j.kind, j.source_id) as detail
      from journals j
      left join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id and p.line = 1
      where p.journal_id is null`,
  },
  {
    invariant: "I3",
    name: "history cannot be changed",
    // The partitions too: a statement that names one does not meet the triggers of its parent.
    sql: `
      with kept as (
        select to_regclass(t.name)::oid as oid from (values ${APPEND_ONLY}) as t (name)
        union all
        select i.inhrelid from pg_inherits i where i.inhparent in (
          select to_regclass(t.name) from (values ${APPEND_ONLY}) as t (name))
      )
      select k.oid::regclass::text as subject, 'its append-only trigger is missing or off' as detail
      from kept k
      where not exists (
        select from pg_trigger g
        where g.tgrelid = k.oid and g.tgname = 'append_only' and g.tgenabled in ('O', 'A'))`,
  },
  {
    invariant: "I4",
    name: "balance snapshots are the sums of their postings",
    // All of them, each against what was posted before it: balances of past moments, and those of entries, are read from
    // old ones. Each posting is read once, by its account.
    sql: `
      with span as (
        select s.*, s.account_id as id,
          coalesce(lag(s.before) over (partition by s.merchant_id, s.account_id order by s.before),
            '-infinity') as since
        from balance_snapshots s
      ), counted as (
        select n.*, sum(debit.posted) over earlier as debited,
          sum(credit.posted) over earlier as credited,
          sum(debit.pending) over earlier as pending_debited,
          sum(credit.pending) over earlier as pending_credited
        from span n
        ${joinSideSums({ of: "n", within: "p.created_at >= n.since and p.created_at < n.before" })}
        window earlier as (partition by n.merchant_id, n.account_id order by n.before)
      )
      select account_id as subject,
        format('snapshot before %s: %s, %s, pending %s, %s',
          before, debits, credits, pending_debits, pending_credits) as detail
      from counted
      where (debits, credits, pending_debits, pending_credits)
        <> (debited, credited, pending_debited, pending_credited)`,
  },
  {
    invariant: "I4",
    name: "no balance snapshot is beyond the horizon",
    // Later postings could still be before it.
    sql: `
      select s.account_id as subject, format('snapshot before %s', s.before) as detail
      from balance_snapshots s
      where not exists (select from balance_horizon h where s.before <= h.before)`,
  },
  {
    invariant: "I9",
    name: "each intent's postings agree with its amounts",
    // A hold is what is authorised and neither captured nor given back: there is one only until the last capture or the void.
    sql: `
      with booked as (
        select j.merchant_id, j.payment_intent_id,
          sum(p.amount)
            filter (where j.kind = 'capture' and c.kind = 'MERCHANT_BALANCE' and not p.pending)
            as captured,
          sum(case j.kind when 'refund' then p.amount when 'refund_reversal' then -p.amount end)
            filter (where not p.pending and j.kind in ('refund', 'refund_reversal')) as refunded,
          sum(case when c.kind = 'MERCHANT_BALANCE' then p.amount else -p.amount end)
            filter (where p.pending and j.kind not in ('suspense_hold', 'suspense_void')) as held
        from journals j
        join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
        join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
        group by j.merchant_id, j.payment_intent_id
      )
      select pi.id as subject,
        format('%s: books %s captured, %s refunded, %s held; '
          || 'intent %s authorised, %s captured, %s refunded',
          pi.status, b.captured, b.refunded, b.held,
          pi.amount_authorized, pi.amount_captured, pi.amount_refunded) as detail
      from payment_intents pi
      left join booked b on b.merchant_id = pi.merchant_id and b.payment_intent_id = pi.id
      where pi.amount_captured <> coalesce(b.captured, 0)
        or pi.amount_refunded <> coalesce(b.refunded, 0)
        or coalesce(b.held, 0) <> case when pi.status in ('REQUIRES_CAPTURE', 'PROCESSING')
          then pi.amount_authorized - pi.amount_captured else 0 end`,
  },
  {
    invariant: "I9",
    name: "each capture's and refund's posted fee is what its attempt was told",
    sql: `
      with booked as (
        select j.merchant_id, j.source_id, p.currency, sum(p.amount) as amount
        from journals j
        join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id and not p.pending
        join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
          and d.kind = 'PROCESSING_FEES'
        where j.kind in ('capture', 'fee')
        group by j.merchant_id, j.source_id, p.currency
      )
      select a.id as subject, format('a fee of %s %s, and %s %s booked', a.fee,
        coalesce(a.fee_currency, a.currency), b.amount, b.currency) as detail
      from attempts a
      left join booked b on b.merchant_id = a.merchant_id and b.source_id = a.id
      where a.operation in ('charge', 'capture', 'refund')
        and (coalesce(a.fee, 0) <> coalesce(b.amount, 0)
          or b.currency <> coalesce(a.fee_currency, a.currency))`,
  },
  {
    invariant: "I9",
    name: "what has been returned is no longer in suspense",
    sql: `
      with suspense as (
        select j.merchant_id, j.payment_intent_id,
          sum(case when c.kind = 'SUSPENSE' then p.amount else -p.amount end) as amount
        from journals j
        join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
        join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
        join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
        where 'SUSPENSE' in (d.kind, c.kind) and j.kind <> 'correction' and not p.pending
        group by j.merchant_id, j.payment_intent_id
      )
      select s.payment_intent_id as subject,
        s.amount || ' in suspense, and nothing is being given back' as detail
      from suspense s
      where s.amount <> 0
        and exists (select from attempts a where a.merchant_id = s.merchant_id
          and a.payment_intent_id = s.payment_intent_id and a.operation = 'compensate')
        and not exists (select from attempts a where a.merchant_id = s.merchant_id
          and a.payment_intent_id = s.payment_intent_id and a.operation = 'compensate'
          and a.status <> 'SUCCEEDED')`,
  },
  {
    invariant: "I9",
    name: "suspense holds what attempts of unknown outcome may have moved, and nothing else",
    // Of each attempt, and so of each merchant and currency. Whatever is pending in suspense counts, of whatever kind.
    sql: `
      with held as (
        select p.merchant_id, j.source_id, p.currency,
          sum(case when c.kind = 'SUSPENSE' then p.amount else -p.amount end) as amount
        from postings p
        join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
        join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
        left join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
        where p.pending and 'SUSPENSE' in (d.kind, c.kind)
        group by p.merchant_id, j.source_id, p.currency
      ), unknown as (
        select a.merchant_id, a.id, a.currency,
          case a.operation when 'refund' then -a.amount else a.amount end as amount
        from attempts a
        where a.status = 'UNKNOWN' and a.operation in ('charge', 'capture', 'refund')
      )
      select coalesce(u.id, h.source_id, '(none)') as subject,
        format('%s %s held in suspense, and %s may have moved',
          coalesce(h.amount, 0), coalesce(u.currency, h.currency), coalesce(u.amount, 0)) as detail
      from held h
      full join unknown u on u.merchant_id = h.merchant_id and u.id = h.source_id
        and u.currency = h.currency
      where coalesce(h.amount, 0) <> coalesce(u.amount, 0)`,
  },
  {
    invariant: "I9",
    name: "each journal is of an attempt or a dispute of its intent, of a payout, or of a break",
    sql: `
      select j.id as subject, format('%s of %s', j.kind, j.source_id) as detail
      from journals j
      left join attempts a on a.merchant_id = j.merchant_id and a.id = j.source_id
        and a.payment_intent_id = j.payment_intent_id
      left join disputes d on d.merchant_id = j.merchant_id and d.id = j.source_id
        and d.payment_intent_id = j.payment_intent_id
      left join reconciliation_breaks b on b.merchant_id = j.merchant_id and b.id = j.source_id
        and b.payment_intent_id is not distinct from j.payment_intent_id and b.journal_id = j.id
      left join payouts o on o.merchant_id = j.merchant_id and o.id = j.source_id
        and j.payment_intent_id is null
      where a.id is null and d.id is null and b.id is null and o.id is null`,
  },
  {
    invariant: "I9",
    name: "what was corrected has its journal, and a correction names one that is there",
    sql: `
      select b.id as subject, format('%s, journal %s', b.resolution, b.journal_id) as detail
      from reconciliation_breaks b
      left join journals j on j.merchant_id = b.merchant_id and j.id = b.journal_id
        and j.kind = 'correction' and j.source_id = b.id
      where b.journal_id is not null and j.id is null
      union all
      select j.id, 'corrects ' || j.corrects_journal_id from journals j
      left join journals o on o.merchant_id = j.merchant_id and o.id = j.corrects_journal_id
      where j.corrects_journal_id is not null and o.id is null`,
  },
];
