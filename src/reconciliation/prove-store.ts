import { type Statement, type Tx, run } from "../db/db";

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

/*
 * A pass begins so long after the last one as is asked for; where that took long, as with very many merchants, up to six
 * times that, so that most of the time nobody is at it.
 */
const READ_STATE: Statement = {
  name: "read_audit_state",
  text: `
    select s.at_merchant as "atMerchant", h.before::text as "horizon",
      s.at_merchant <> '' or s.last_pass_at is null
        or s.last_pass_at <= now() - greatest(q.every, least(9 * s.pass_took, 6 * q.every)) as "due"
    from (select ? * interval '1 millisecond' as every) q
    cross join audit_state s cross join balance_horizon h`,
};

export async function readState(tx: Tx, everyMs: number): Promise<AuditState> {
  const [row] = await run<AuditState>(tx, READ_STATE, [everyMs]);
  if (!row) throw new Error("the audit has no state");
  return row;
}

export interface Unproven {
  readonly merchantId: string;
  readonly postedBefore: string;
  /** Up to where what should be empty was read; the same, but after a worker of an earlier release. */
  readonly clearedBefore: string;
  readonly feedPosition: number;
  /** Up to where it is proven now. */
  readonly until: string;
}

/*
 * Across merchants: of the next so many, those that have postings or events beyond their marks, each with a slice of them.
 * Merchants that have nothing new cost two probes of an index, and a statement looks at so many and no more.
 */
const FIND_UNPROVEN: Statement = {
  name: "find_unproven_merchants",
  text: `
    with walked as materialized (
      select m.id from merchants m where m.id > ? order by m.id limit ?
    ), due as materialized (
      select m.id as merchant_id, k.posted_before, k.cleared_before, k.feed_position,
        coalesce((
          select greatest(p.created_at, k.posted_before + interval '1 microsecond')
          from postings p
          where p.merchant_id = m.id and p.created_at >= k.posted_before
            and p.created_at < q.horizon
          order by p.created_at offset ? limit 1), q.horizon) as until
      from (select ?::timestamptz as horizon) q
      cross join walked m
      cross join lateral (
        select coalesce(max(a.posted_before), '-infinity') as posted_before,
          coalesce(max(a.cleared_before), '-infinity') as cleared_before,
          coalesce(max(a.feed_position), 0) as feed_position
        from audit_marks a where a.merchant_id = m.id
      ) k
      where k.cleared_before < k.posted_before
        or exists (
          select from postings p where p.merchant_id = m.id
            and p.created_at >= k.posted_before and p.created_at < q.horizon)
        or exists (
          select from event_feed f where f.merchant_id = m.id and f.position > k.feed_position)
      order by m.id limit ?
    )
    select w.last as "walkedTo", (
        select coalesce(json_agg(json_build_object('merchantId', d.merchant_id,
            'postedBefore', d.posted_before::text, 'clearedBefore', d.cleared_before::text,
            'feedPosition', d.feed_position, 'until', d.until::text) order by d.merchant_id), '[]')
        from due d) as "slices"
    from (select max(id) as last from walked) w`,
};

export interface Walked {
  /** The last merchant that was looked at; null after the last of all. */
  readonly walkedTo: string | null;
  readonly slices: readonly Unproven[];
}

export async function findUnproven(
  tx: Tx,
  { horizon, atMerchant }: AuditState,
  limits: { readonly walked: number; readonly merchants: number; readonly postings: number },
): Promise<Walked> {
  const { walked, merchants, postings } = limits;
  const bindings = [atMerchant, walked, postings, horizon, merchants];
  const [found] = await run<Walked>(tx, FIND_UNPROVEN, bindings);
  if (!found) throw new Error("an aggregate has a row");
  // With so many of them, there may be more among those that were looked at.
  const last = found.slices.length === merchants ? found.slices.at(-1)?.merchantId : undefined;
  return { ...found, walkedTo: last ?? found.walkedTo };
}

/* A side whose account is missing, or of another currency, is in no sum, so that debits and credits differ. */
const ADD_UP: Statement = {
  name: "add_up_postings",
  text: `
    with slice as materialized (
      select p.debit_account_id, p.credit_account_id, p.amount, p.currency, p.pending
      from postings p
      where p.merchant_id = ? and p.created_at >= ?::timestamptz and p.created_at < ?::timestamptz
    ), side as (
      select debit_account_id as account_id, currency, pending, amount as debit, 0 as credit
      from slice
      union all
      select credit_account_id, currency, pending, 0, amount from slice
    ), added as (
      select a.merchant_id, a.id, a.kind, a.currency,
        coalesce(sum(s.debit) filter (where not s.pending), 0) as debits,
        coalesce(sum(s.credit) filter (where not s.pending), 0) as credits,
        coalesce(sum(s.debit) filter (where s.pending), 0) as pending_debits,
        coalesce(sum(s.credit) filter (where s.pending), 0) as pending_credits
      from side s
      join ledger_accounts a on a.merchant_id = ? and a.id = s.account_id
        and a.currency = s.currency
      group by a.merchant_id, a.id, a.kind, a.currency
    ), total as (
      insert into proven_totals as t (currency, difference)
      select currency, sum(debits - credits) from added group by currency order by currency
      on conflict (currency) do update set difference = t.difference + excluded.difference
    )
    insert into ledger_proofs as l
      (merchant_id, account_id, kind, currency, debits, credits, pending_debits, pending_credits)
    select merchant_id, id, kind, currency, debits, credits, pending_debits, pending_credits
    from added order by merchant_id, id
    on conflict (merchant_id, account_id) do update
    set debits = l.debits + excluded.debits, credits = l.credits + excluded.credits,
      pending_debits = l.pending_debits + excluded.pending_debits,
      pending_credits = l.pending_credits + excluded.pending_credits`,
};

export async function addUp(tx: Tx, slice: Unproven): Promise<void> {
  const { merchantId, postedBefore, until } = slice;
  await run(tx, ADD_UP, [merchantId, postedBefore, until, merchantId]);
}

const MARK: Statement = {
  name: "mark_proven",
  text: `
    insert into audit_marks (merchant_id, posted_before, cleared_before, feed_position)
    select n.merchant_id, n.until, n.until, n.feed_position
    from (select ?::text as merchant_id, ?::timestamptz as until, ?::bigint as feed_position) n
    on conflict (merchant_id) do update
    set posted_before = excluded.posted_before, cleared_before = excluded.cleared_before,
      feed_position = excluded.feed_position`,
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

/* The trial balance of everything proven: a row for each currency. */
const END_PASS: Statement = {
  name: "end_audit_pass",
  text: `
    with total as (
      select currency, difference from proven_totals
    ), whole as (
      select coalesce(jsonb_object_agg(currency, difference::text), '{}') as differences,
        coalesce(bool_and(difference = 0), true) as balanced
      from total
    ), ended as (
      update audit_state s set at_merchant = '', pass_started_at = null, pass_found = 0,
        pass_took = coalesce(now() - s.pass_started_at, '0'), last_pass_at = now(),
        differences = w.differences,
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
