import { type Statement, type Tx, run } from "../db/db";
import { joinSideSums } from "../ledger/side-sums";
import type { Unproven } from "./prove-store";

/** What the continuous audit asks of a slice of one merchant's books. */

export interface Misstated {
  readonly accountId: string;
  readonly currency: string;
  /** A balance, or a pending one. */
  readonly what: string;
  readonly shown: string;
  readonly proven: string;
}

/* What is shown as a balance, a snapshot and the postings since, against the sum of all postings. */
const CHECK_SNAPSHOTS: Statement = {
  name: "check_balance_snapshots",
  text: `
    select l.account_id as "accountId", l.currency as "currency", v.what as "what",
      v.shown::text as "shown", v.proven::text as "proven"
    from (select ?::text as merchant_id, ?::timestamptz as until) q
    join ledger_proofs l on l.merchant_id = q.merchant_id
    cross join lateral (
      select b.merchant_id, b.account_id as id, q.until, b.before, b.debits, b.credits,
        b.pending_debits, b.pending_credits
      from balance_snapshots b
      where b.merchant_id = l.merchant_id and b.account_id = l.account_id
        and b.before <= q.until
      order by b.before desc limit 1
    ) n
    ${joinSideSums({ of: "n", within: "p.created_at >= n.before and p.created_at < n.until" })}
    cross join lateral (values
      ('balance', n.debits + debit.posted - n.credits - credit.posted, l.debits - l.credits,
        n.debits + debit.posted <> l.debits or n.credits + credit.posted <> l.credits),
      ('pending balance',
        n.pending_debits + debit.pending - n.pending_credits - credit.pending,
        l.pending_debits - l.pending_credits,
        n.pending_debits + debit.pending <> l.pending_debits
          or n.pending_credits + credit.pending <> l.pending_credits)
    ) as v (what, shown, proven, differs)
    where v.differs`,
};

export async function findMisstated(tx: Tx, slice: Unproven): Promise<Misstated[]> {
  return run<Misstated>(tx, CHECK_SNAPSHOTS, [slice.merchantId, slice.until]);
}

export interface Differing {
  readonly feedPosition: number;
  readonly id: string | null;
  readonly currency: string | null;
  readonly detail: string | null;
}

/*
 * Every intent that something was posted for, or that an event was about: its amounts against its journals. Both change
 * in one commit, so there is no moment at which they may differ. Always one row, for the position.
 */
const CHECK_INTENTS: Statement = {
  name: "check_intents_against_ledger",
  text: `
    with fed as materialized (
      select f.position, f.event_id from event_feed f
      where f.merchant_id = ? and f.position > ? order by f.position limit ?
    ), touched as materialized (
      select j.payment_intent_id as id from postings p
      join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
      where p.merchant_id = ? and p.created_at >= ?::timestamptz and p.created_at < ?::timestamptz
        and j.payment_intent_id is not null
      union
      select e.subject_id from fed f
      join events e on e.merchant_id = ? and e.id = f.event_id and e.subject_id like 'pi\\_%'
    ), differing as (
      select pi.id, pi.currency,
        format('%s: booked %s captured, %s refunded, %s held; the payment says %s authorised, '
          || '%s captured, %s refunded; %s in suspense, and %s may have moved; '
          || '%s booked as disputed, and %s said; %s booked as undecided, and %s open; '
          || 'fees of %s booked, and %s told', pi.status,
          b.captured, b.refunded, b.held, pi.amount_authorized, pi.amount_captured,
          pi.amount_refunded, b.suspense, u.amount, b.disputed, pi.amount_disputed,
          b.undecided, o.amount, f.booked, f.told) as detail
      from touched t
      join payment_intents pi on pi.merchant_id = ? and pi.id = t.id
      cross join lateral (
        select
          coalesce(sum(p.amount) filter (where j.kind = 'capture' and not p.pending
            and c.kind = 'MERCHANT_BALANCE'), 0) as captured,
          coalesce(sum(case j.kind when 'refund' then p.amount
            when 'refund_reversal' then -p.amount end) filter (where not p.pending), 0) as refunded,
          coalesce(sum(case when c.kind = 'MERCHANT_BALANCE' then p.amount else -p.amount end)
            filter (where p.pending and 'SUSPENSE' not in (d.kind, c.kind)), 0) as held,
          coalesce(sum(case when c.kind = 'SUSPENSE' then p.amount else -p.amount end)
            filter (where p.pending and 'SUSPENSE' in (d.kind, c.kind)), 0) as suspense,
          coalesce(sum(case j.kind when 'dispute' then p.amount else -p.amount end)
            filter (where (j.kind = 'dispute' and c.kind = 'DISPUTES')
              or (j.kind = 'dispute_won' and d.kind = 'DISPUTES')), 0) as disputed,
          coalesce(sum(case when c.kind = 'DISPUTES' then p.amount else -p.amount end)
            filter (where 'DISPUTES' in (d.kind, c.kind)), 0) as undecided
        from journals j
        join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
        join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
        join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
        where j.merchant_id = pi.merchant_id and j.payment_intent_id = pi.id
      ) b
      cross join lateral (
        select coalesce(sum(case a.operation when 'refund' then -a.amount else a.amount end), 0)
          as amount
        from attempts a
        where a.merchant_id = pi.merchant_id and a.payment_intent_id = pi.id
          and a.status = 'UNKNOWN' and a.operation in ('charge', 'capture', 'refund')
      ) u
      cross join lateral (
        select coalesce(sum(t.amount), 0) as amount from disputes t
        where t.merchant_id = pi.merchant_id and t.payment_intent_id = pi.id
          and t.status = 'OPEN'
      ) o
      cross join lateral (
        -- Of each attempt in its own currency; the sums are for the sentence.
        select coalesce(sum(s.booked), 0) as booked, coalesce(sum(a.fee), 0) as told,
          coalesce(bool_or(coalesce(a.fee, 0) <> s.booked), false) as differ
        from attempts a
        cross join lateral (
          select coalesce(sum(p.amount), 0) as booked
          from journals j
          join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
            and p.currency = coalesce(a.fee_currency, a.currency) and not p.pending
          join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
            and d.kind = 'PROCESSING_FEES'
          where j.merchant_id = a.merchant_id and j.payment_intent_id = a.payment_intent_id
            and j.source_id = a.id and j.kind in ('capture', 'fee')
        ) s
        where a.merchant_id = pi.merchant_id and a.payment_intent_id = pi.id
          and a.operation in ('charge', 'capture', 'refund')
      ) f
      where pi.amount_captured <> b.captured or pi.amount_refunded <> b.refunded
        or b.suspense <> u.amount or pi.amount_disputed <> b.disputed
        or b.undecided <> o.amount or f.differ
        or b.held <> case when pi.status in ('REQUIRES_CAPTURE', 'PROCESSING')
          then pi.amount_authorized - pi.amount_captured else 0 end
    )
    select coalesce((select max(position) from fed), ?) as "feedPosition",
      d.id as "id", d.currency as "currency", d.detail as "detail"
    from (select 1) one left join differing d on true`,
};

export async function checkIntents(tx: Tx, slice: Unproven, events: number): Promise<Differing[]> {
  const { merchantId, feedPosition, postedBefore, until } = slice;
  return run<Differing>(tx, CHECK_INTENTS, [
    merchantId,
    feedPosition,
    events,
    merchantId,
    postedBefore,
    until,
    merchantId,
    merchantId,
    feedPosition,
  ]);
}

export interface Unheld {
  readonly merchantId: string;
  readonly id: string;
  readonly currency: string;
  readonly detail: string;
}

/*
 * Across merchants: attempts of unknown outcome whose amount is not in suspense. The slices above see what was posted,
 * and the events; an attempt that became unknown and should have been posted is in neither.
 */
const CHECK_UNKNOWN: Statement = {
  name: "check_unknown_against_suspense",
  text: `
    select a.merchant_id as "merchantId", a.payment_intent_id as "id", a.currency as "currency",
      format('the outcome of %s is unknown: %s is in suspense, and %s may have moved', a.id,
        b.held, m.amount) as "detail"
    from attempts a
    cross join lateral (
      select case a.operation when 'refund' then -a.amount else a.amount end as amount
    ) m
    cross join lateral (
      select coalesce(sum(case when c.kind = 'SUSPENSE' then p.amount else -p.amount end), 0)
        as held
      from journals j
      join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id and p.pending
      join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
      join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
      where j.merchant_id = a.merchant_id and j.payment_intent_id = a.payment_intent_id
        and j.source_id = a.id and 'SUSPENSE' in (d.kind, c.kind)
    ) b
    where a.unknown_since is not null and a.settled_at is null and a.status = 'UNKNOWN'
      and a.operation in ('charge', 'capture', 'refund') and b.held <> m.amount
    order by a.merchant_id, a.id limit ?`,
};

export async function findUnheld(tx: Tx, limit: number): Promise<Unheld[]> {
  return run<Unheld>(tx, CHECK_UNKNOWN, [limit]);
}
