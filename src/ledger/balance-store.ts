import { type Db, type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import { type AccountKind, NORMAL_SIDE } from "./accounts";

/**
 * Balances. One is the newest snapshot plus the postings since: a snapshot covers every posting of the transactions
 * below its `before`, all of which had ended when it was taken.
 */

/** Minor units; each sum is of one side of the account. Amounts are safe integers, and a sum of them may not be one. */
export interface Sums {
  readonly debits: bigint;
  readonly credits: bigint;
  readonly pendingDebits: bigint;
  readonly pendingCredits: bigint;
}

/** Sums are `numeric` in Postgres, which pg gives as text. */
type SumRow = { readonly [Name in keyof Sums]: string };

/** What the account holds on the side it grows on; below zero when the other side is larger. */
export function balanceOf(kind: AccountKind, sums: Sums): { posted: bigint; pending: bigint } {
  const sign = NORMAL_SIDE[kind] === "debit" ? 1n : -1n;
  return {
    posted: sign * (sums.debits - sums.credits),
    pending: sign * (sums.pendingDebits - sums.pendingCredits),
  };
}

/*
 * A posting carries the time its transaction began. One in a snapshot began before the snapshot was taken, so a
 * snapshot that was taken by the moment asked about holds nothing later than it.
 */
const SUMS_OF_ACCOUNT: Statement = {
  name: "sums_of_ledger_account",
  text: `
    with asked as materialized (
      select ?::text as merchant_id, ?::text as account_id, ?::timestamptz as as_of
    ), newest as materialized (
      select s.* from asked q
      join balance_snapshots s on s.merchant_id = q.merchant_id and s.account_id = q.account_id and s.taken_at <= q.as_of
      order by s.before desc limit 1
    )
    select coalesce((select debits from newest), 0) + coalesce(sum(p.amount) filter (where p.debit_account_id = q.account_id and not p.pending), 0) as "debits",
      coalesce((select credits from newest), 0) + coalesce(sum(p.amount) filter (where p.credit_account_id = q.account_id and not p.pending), 0) as "credits",
      coalesce((select pending_debits from newest), 0) + coalesce(sum(p.amount) filter (where p.debit_account_id = q.account_id and p.pending), 0) as "pendingDebits",
      coalesce((select pending_credits from newest), 0) + coalesce(sum(p.amount) filter (where p.credit_account_id = q.account_id and p.pending), 0) as "pendingCredits"
    from asked q
    left join postings p on p.merchant_id = q.merchant_id and p.xid >= coalesce((select before from newest), '0'::xid8)
      and (p.debit_account_id = q.account_id or p.credit_account_id = q.account_id) and p.created_at <= q.as_of
    group by q.account_id`,
};

/** The sums of an account's two sides; with a moment, of what was posted by then. */
export async function sumsOf(
  db: Db,
  merchantId: string,
  account: { readonly id: string; readonly asOf?: string | null | undefined },
): Promise<Sums> {
  const [row] = await run<SumRow>(db, SUMS_OF_ACCOUNT, [
    merchantId,
    account.id,
    account.asOf ?? "infinity",
  ]);
  if (!row) throw new Error("no sums of a ledger account");
  return {
    debits: BigInt(row.debits),
    credits: BigInt(row.credits),
    pendingDebits: BigInt(row.pendingDebits),
    pendingCredits: BigInt(row.pendingCredits),
  };
}

export interface TrialBalance {
  readonly balanced: boolean;
  readonly currencies: readonly CurrencyTotals[];
}

/** Minor units. Holds on cards are pending, and not in it. */
export interface CurrencyTotals {
  readonly currency: string;
  readonly debits: bigint;
  readonly credits: bigint;
  readonly difference: bigint;
}

/*
 * Debits are summed by debit account and credits by credit account, each from its own snapshot on. A posting
 * is balanced by construction, so a difference means that a snapshot lies, or that a posting names no account.
 * Everything is read by one statement: all of it is as it stood at one moment.
 */
const TRIAL_BALANCE: Statement = {
  name: "trial_balance",
  text: `
    with account as materialized (
      select a.id, a.currency, coalesce(s.before, '0'::xid8) as before, coalesce(s.debits, 0) as debits, coalesce(s.credits, 0) as credits
      from ledger_accounts a
      left join lateral (
        select * from balance_snapshots s where s.merchant_id = a.merchant_id and s.account_id = a.id
        order by s.before desc limit 1) s on true
      where a.merchant_id = ?
    ), side as (
      select p.debit_account_id as account_id, p.xid, p.amount as debit, 0 as credit from postings p
      where p.merchant_id = ? and not p.pending and p.xid >= (select min(before) from account)
      union all
      select p.credit_account_id, p.xid, 0, p.amount from postings p
      where p.merchant_id = ? and not p.pending and p.xid >= (select min(before) from account)
    ), since as (
      select a.id, sum(s.debit) as debits, sum(s.credit) as credits
      from side s join account a on a.id = s.account_id and s.xid >= a.before group by a.id
    )
    select a.currency as "currency", sum(a.debits + coalesce(s.debits, 0)) as "debits", sum(a.credits + coalesce(s.credits, 0)) as "credits"
    from account a left join since s on s.id = a.id
    group by a.currency order by a.currency`,
};

export async function trialBalance(db: Db, merchantId: string): Promise<TrialBalance> {
  const rows = await run<{ currency: string; debits: string; credits: string }>(db, TRIAL_BALANCE, [
    merchantId,
    merchantId,
    merchantId,
  ]);
  const currencies = rows.map(({ currency, debits, credits }) => ({
    currency,
    debits: BigInt(debits),
    credits: BigInt(credits),
    difference: BigInt(debits) - BigInt(credits),
  }));
  return { balanced: currencies.every(({ difference }) => difference === 0n), currencies };
}

/*
 * Across merchants, in this one place. Only what every running transaction can no longer add to is summed up, so
 * that what is in a snapshot and what comes after it never overlap.
 */
const TAKE_SNAPSHOTS: Statement = {
  name: "take_balance_snapshots",
  text: `
    with due as materialized (
      select a.merchant_id, a.id, coalesce(s.before, '0'::xid8) as before, coalesce(s.debits, 0) as debits, coalesce(s.credits, 0) as credits,
        coalesce(s.pending_debits, 0) as pending_debits, coalesce(s.pending_credits, 0) as pending_credits
      from ledger_accounts a
      left join lateral (
        select * from balance_snapshots s where s.merchant_id = a.merchant_id and s.account_id = a.id
        order by s.before desc limit 1) s on true
      cross join lateral (
        select count(*) as postings from (
          select from postings p
          where p.merchant_id = a.merchant_id and p.xid >= coalesce(s.before, '0'::xid8) and (p.debit_account_id = a.id or p.credit_account_id = a.id)
          limit ?) counted) c
      where c.postings >= ? limit ?
    )
    insert into balance_snapshots (merchant_id, account_id, before, debits, credits, pending_debits, pending_credits)
    select d.merchant_id, d.id, pg_snapshot_xmin(pg_current_snapshot()),
      d.debits + coalesce(sum(p.amount) filter (where p.debit_account_id = d.id and not p.pending), 0),
      d.credits + coalesce(sum(p.amount) filter (where p.credit_account_id = d.id and not p.pending), 0),
      d.pending_debits + coalesce(sum(p.amount) filter (where p.debit_account_id = d.id and p.pending), 0),
      d.pending_credits + coalesce(sum(p.amount) filter (where p.credit_account_id = d.id and p.pending), 0)
    from due d
    left join postings p on p.merchant_id = d.merchant_id and p.xid >= d.before and p.xid < pg_snapshot_xmin(pg_current_snapshot())
      and (p.debit_account_id = d.id or p.credit_account_id = d.id)
    group by d.merchant_id, d.id, d.before, d.debits, d.credits, d.pending_debits, d.pending_credits
    order by d.merchant_id, d.id
    on conflict do nothing
    returning account_id`,
};

// A thousand postings are summed up in a millisecond; fewer are not worth a row.
const POSTINGS_MIN = 1_000;

/** For the sweeper: sums up what has been posted since the last snapshot, where that is much. Gives how many it took. */
export async function takeBalanceSnapshots(
  db: Db,
  options: { readonly limit: number; readonly postingsMin?: number },
): Promise<number> {
  const postingsMin = options.postingsMin ?? POSTINGS_MIN;
  const taken = await transact(db, async (tx) => {
    // The first snapshot of a large account reads the whole of it.
    await tx.raw("set local statement_timeout = '60s'");
    return run(tx, TAKE_SNAPSHOTS, [postingsMin, postingsMin, options.limit]);
  });
  return taken.length;
}
