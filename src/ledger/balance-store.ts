import { type Db, type Statement, run } from "../db/db";
import { type AccountKind, NORMAL_SIDE } from "./accounts";

/**
 * Reads of the ledger. A balance is the newest snapshot plus the postings since. Both are told apart by the posting's
 * time, which is when its transaction began: a snapshot covers every posting with a time before its `before`.
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

// The balance at a given time is what the newest snapshot before that time covers, plus the postings from there up to
// it.
const SUMS_OF_ACCOUNT: Statement = {
  name: "sums_of_ledger_account",
  text: `
    with asked as materialized (
      select ?::text as merchant_id, ?::text as account_id, ?::timestamptz as as_of
    ), newest as materialized (
      select s.* from asked q
      join balance_snapshots s on s.merchant_id = q.merchant_id and s.account_id = q.account_id
        and s.before <= q.as_of
      order by s.before desc limit 1
    ), since as (
      select coalesce(sum(p.amount) filter (where d.is_debit and not p.pending), 0) as debits,
        coalesce(sum(p.amount) filter (where not d.is_debit and not p.pending), 0) as credits,
        coalesce(sum(p.amount) filter (where d.is_debit and p.pending), 0) as pending_debits,
        coalesce(sum(p.amount) filter (where not d.is_debit and p.pending), 0) as pending_credits
      from asked q
      join postings p on p.merchant_id = q.merchant_id and p.created_at <= q.as_of
        and p.created_at >= coalesce((select before from newest), '-infinity')
        and (p.debit_account_id = q.account_id or p.credit_account_id = q.account_id)
      cross join lateral (select p.debit_account_id = q.account_id as is_debit) d
    )
    select coalesce(n.debits, 0) + s.debits as "debits",
      coalesce(n.credits, 0) + s.credits as "credits",
      coalesce(n.pending_debits, 0) + s.pending_debits as "pendingDebits",
      coalesce(n.pending_credits, 0) + s.pending_credits as "pendingCredits"
    from since s left join newest n on true`,
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
 * Debits are summed by debit account and credits by credit account, each from its own snapshot on. A posting is
 * balanced by construction, so a difference means that a snapshot is wrong, or that a posting names no account.
 * Everything is read by one statement: all of it is as it stood at one moment.
 */
const TRIAL_BALANCE: Statement = {
  name: "trial_balance",
  text: `
    with account as materialized (
      select a.id, a.currency, coalesce(s.before, '-infinity') as before,
        coalesce(s.debits, 0) as debits, coalesce(s.credits, 0) as credits
      from ledger_accounts a
      left join lateral (
        select * from balance_snapshots s
        where s.merchant_id = a.merchant_id and s.account_id = a.id
        order by s.before desc limit 1) s on true
      where a.merchant_id = ?
    ), side as (
      select p.debit_account_id as account_id, p.created_at, p.amount as debit, 0 as credit
      from postings p
      where p.merchant_id = ? and not p.pending
        and p.created_at >= (select min(before) from account)
      union all
      select p.credit_account_id, p.created_at, 0, p.amount from postings p
      where p.merchant_id = ? and not p.pending
        and p.created_at >= (select min(before) from account)
    ), since as (
      select a.id, sum(s.debit) as debits, sum(s.credit) as credits
      from side s join account a on a.id = s.account_id and s.created_at >= a.before group by a.id
    )
    select a.currency as "currency", sum(a.debits + coalesce(s.debits, 0)) as "debits",
      sum(a.credits + coalesce(s.credits, 0)) as "credits"
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
