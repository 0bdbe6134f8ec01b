import { type Statement, type Tx, run } from "../db/db";
import type { Break } from "./break";
import { tellOfResolved } from "./break-store";

/*
 * The statements of the continuous audit. Times stay what they are in Postgres, in text: a Date would lose microseconds,
 * and with them postings.
 */

const LOCK: Statement = {
  name: "lock_audit_state",
  text: "select pg_try_advisory_xact_lock(hashtext('oncepay.prove_books')) as locked",
};

/** False while another worker is at it. */
export async function lockAudit(tx: Tx): Promise<boolean> {
  const [row] = await run<{ locked: boolean }>(tx, LOCK, []);
  return row?.locked === true;
}

export interface AuditState {
  readonly atMerchant: string;
  /** Whether a pass is due, or under way. */
  readonly due: boolean;
  /** What lies before it is final: the database accepts no older postings. */
  readonly horizon: string;
}

const READ_STATE: Statement = {
  name: "read_audit_state",
  text: `
    select s.at_merchant as "atMerchant", h.before::text as "horizon",
      s.at_merchant <> '' or s.last_pass_at is null
        or s.last_pass_at <= now() - ? * interval '1 millisecond' as "due"
    from audit_state s cross join balance_horizon h`,
};

export async function readState(tx: Tx, everyMs: number): Promise<AuditState> {
  const [row] = await run<AuditState>(tx, READ_STATE, [everyMs]);
  if (!row) throw new Error("the audit has no state");
  return row;
}

export interface Unproven {
  readonly merchantId: string;
  readonly postedBefore: string;
  readonly feedPosition: number;
  /** Up to where it is proven now. */
  readonly until: string;
}

/*
 * Across merchants: the next ones that have postings or events beyond their marks, each with a slice of them. Merchants
 * that have nothing new cost two probes of an index.
 */
const FIND_UNPROVEN: Statement = {
  name: "find_unproven_merchants",
  text: `
    select m.id as "merchantId", k.posted_before::text as "postedBefore",
      k.feed_position as "feedPosition",
      coalesce((
        select greatest(p.created_at, k.posted_before + interval '1 microsecond')
        from postings p
        where p.merchant_id = m.id and p.created_at >= k.posted_before
          and p.created_at < q.horizon
        order by p.created_at offset ? limit 1), q.horizon)::text as "until"
    from (select ?::timestamptz as horizon, ?::text as at) q
    join merchants m on m.id > q.at
    cross join lateral (
      select coalesce(max(a.posted_before), '-infinity') as posted_before,
        coalesce(max(a.feed_position), 0) as feed_position
      from audit_marks a where a.merchant_id = m.id
    ) k
    where exists (
        select from postings p where p.merchant_id = m.id
          and p.created_at >= k.posted_before and p.created_at < q.horizon)
      or exists (
        select from event_feed f where f.merchant_id = m.id and f.position > k.feed_position)
    order by m.id limit ?`,
};

export async function findUnproven(
  tx: Tx,
  { horizon, atMerchant }: AuditState,
  limits: { readonly merchants: number; readonly postings: number },
): Promise<Unproven[]> {
  const { merchants, postings } = limits;
  return run<Unproven>(tx, FIND_UNPROVEN, [postings, horizon, atMerchant, merchants]);
}

/* A side whose account is missing, or of another currency, is in no sum, so that debits and credits differ. */
const ADD_UP: Statement = {
  name: "add_up_postings",
  text: `
    with slice as materialized (
      select p.debit_account_id, p.credit_account_id, p.amount, p.currency, p.pending, p.created_at
      from postings p
      where p.merchant_id = ? and p.created_at >= ?::timestamptz and p.created_at < ?::timestamptz
    ), side as (
      select debit_account_id as account_id, currency, pending, created_at, amount as debit,
        0 as credit
      from slice
      union all
      select credit_account_id, currency, pending, created_at, 0, amount from slice
    ), added as (
      select a.merchant_id, a.id, a.kind, a.currency,
        coalesce(sum(s.debit) filter (where not s.pending), 0) as debits,
        coalesce(sum(s.credit) filter (where not s.pending), 0) as credits,
        coalesce(sum(s.debit) filter (where s.pending), 0) as pending_debits,
        coalesce(sum(s.credit) filter (where s.pending), 0) as pending_credits,
        min(s.created_at) filter (where not s.pending) as since
      from side s
      join ledger_accounts a on a.merchant_id = ? and a.id = s.account_id
        and a.currency = s.currency
      group by a.merchant_id, a.id, a.kind, a.currency
    )
    insert into ledger_proofs as l
      (merchant_id, account_id, kind, currency, debits, credits, pending_debits, pending_credits,
        open_since)
    select merchant_id, id, kind, currency, debits, credits, pending_debits, pending_credits,
      case when kind = 'SUSPENSE' and debits <> credits then since end
    from added order by merchant_id, id
    on conflict (merchant_id, account_id) do update
    set debits = l.debits + excluded.debits, credits = l.credits + excluded.credits,
      pending_debits = l.pending_debits + excluded.pending_debits,
      pending_credits = l.pending_credits + excluded.pending_credits,
      open_since = case
        when l.kind = 'SUSPENSE' and l.debits + excluded.debits <> l.credits + excluded.credits
        then coalesce(l.open_since, excluded.open_since, now()) end`,
};

export async function addUp(tx: Tx, slice: Unproven): Promise<void> {
  const { merchantId, postedBefore, until } = slice;
  await run(tx, ADD_UP, [merchantId, postedBefore, until, merchantId]);
}

const MARK: Statement = {
  name: "mark_proven",
  text: `
    insert into audit_marks (merchant_id, posted_before, feed_position)
    values (?, ?::timestamptz, ?)
    on conflict (merchant_id) do update
    set posted_before = excluded.posted_before, feed_position = excluded.feed_position`,
};

export async function markProven(tx: Tx, slice: Unproven, feedPosition: number): Promise<void> {
  await run(tx, MARK, [slice.merchantId, slice.until, feedPosition]);
}

const GO_ON: Statement = {
  name: "go_on_with_audit",
  text: `
    update audit_state set at_merchant = ?, pass_found = pass_found + ?,
      pass_started_at = coalesce(pass_started_at, now())`,
};

/** Where the next slice begins. */
export async function goOn(tx: Tx, atMerchant: string, found: number): Promise<void> {
  await run(tx, GO_ON, [atMerchant, found]);
}

export interface Totals {
  readonly currency: string;
  readonly difference: string;
}

/* The trial balance of everything proven, from one row an account. */
const END_PASS: Statement = {
  name: "end_audit_pass",
  text: `
    with total as (
      select currency, sum(debits - credits) as difference from ledger_proofs group by currency
    ), whole as (
      select coalesce(jsonb_object_agg(currency, difference::text), '{}') as differences,
        coalesce(bool_and(difference = 0), true) as balanced
      from total
    ), ended as (
      update audit_state s set at_merchant = '', pass_started_at = null, pass_found = 0,
        last_pass_at = now(), differences = w.differences,
        last_clean_pass_at = case when w.balanced and not exists (
          select from reconciliation_breaks b
          where b.status <> 'RESOLVED' and b.source = 'LEDGER') then now()
          else s.last_clean_pass_at end
      from whole w
    )
    select currency as "currency", difference::text as "difference" from total
    where difference <> 0 order by currency`,
};

/** The currencies in which debits and credits differ. */
export async function endPass(tx: Tx): Promise<Totals[]> {
  return run<Totals>(tx, END_PASS, []);
}

export interface OpenAccount {
  readonly merchantId: string;
  readonly accountId: string;
  readonly kind: string;
  readonly currency: string;
  readonly balance: string;
  readonly openSince: string;
}

const FIND_UNCLEARED: Statement = {
  name: "find_uncleared_accounts",
  text: `
    select l.merchant_id as "merchantId", l.account_id as "accountId", l.kind as "kind",
      l.currency as "currency", (l.credits - l.debits)::text as "balance",
      iso(l.open_since) as "openSince"
    from ledger_proofs l
    where l.open_since < now() - ? * interval '1 hour' order by l.open_since limit ?`,
};

/** Clearing accounts that have held something for so long. */
export async function findUncleared(
  tx: Tx,
  { hours, limit }: { readonly hours: number; readonly limit: number },
): Promise<OpenAccount[]> {
  return run<OpenAccount>(tx, FIND_UNCLEARED, [hours, limit]);
}

const CLOSE_CLEARED: Statement = {
  name: "close_cleared_breaks",
  text: `
    update reconciliation_breaks b
    set status = 'RESOLVED', resolution = 'CLOSED_ITSELF', resolved_at = now(),
      explanation = 'the account is empty again', next_at = null
    where b.kind = 'UNCLEARED' and b.status <> 'RESOLVED' and not exists (
      select from ledger_proofs l where l.merchant_id = b.merchant_id
        and l.account_id = b.subject_id and l.open_since is not null)
    returning b.merchant_id as "merchantId", b.id as "id"`,
};

export async function closeCleared(tx: Tx): Promise<number> {
  return tellOfResolved(tx, await run<Pick<Break, "id" | "merchantId">>(tx, CLOSE_CLEARED, []));
}
