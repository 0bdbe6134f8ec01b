import { type Db, type Statement, run } from "../db/db";
import { type AccountKind, NORMAL_SIDE } from "./accounts";
import { joinSideSums } from "./side-sums";

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
// it. From where on is a column that is joined: a sub-select would be asked of each row of the account, since behind the
// tenants' wall no index is asked what a sub-select says ("the balance of receivable" in test/db/plans).
const SUMS_OF_ACCOUNT: Statement = {
  name: "sums_of_ledger_account",
  text: `
    with asked as materialized (
      select ?::text as merchant_id, ?::text as id, ?::timestamptz as as_of
    ), newest as materialized (
      select q.*, coalesce(s.before, '-infinity') as since, s.debits, s.credits, s.pending_debits,
        s.pending_credits
      from asked q
      left join lateral (
        select * from balance_snapshots s
        where s.merchant_id = q.merchant_id and s.account_id = q.id and s.before <= q.as_of
        order by s.before desc limit 1) s on true
    )
    select coalesce(n.debits, 0) + debit.posted as "debits",
      coalesce(n.credits, 0) + credit.posted as "credits",
      coalesce(n.pending_debits, 0) + debit.pending as "pendingDebits",
      coalesce(n.pending_credits, 0) + credit.pending as "pendingCredits"
    from newest n
    ${joinSideSums({ of: "n", within: "p.created_at >= n.since and p.created_at <= n.as_of" })}`,
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
      select a.merchant_id, a.id, a.currency, coalesce(s.before, '-infinity') as before,
        coalesce(s.debits, 0) as debits, coalesce(s.credits, 0) as credits
      from ledger_accounts a
      left join lateral (
        select * from balance_snapshots s
        where s.merchant_id = a.merchant_id and s.account_id = a.id
        order by s.before desc limit 1) s on true
      where a.merchant_id = ?
    )
    select a.currency as "currency", sum(a.debits + debit.posted) as "debits",
      sum(a.credits + credit.posted) as "credits"
    from account a
    ${joinSideSums({ of: "a", within: "p.created_at >= a.before" })}
    group by a.currency order by a.currency`,
};

export async function trialBalance(db: Db, merchantId: string): Promise<TrialBalance> {
  const rows = await run<{ currency: string; debits: string; credits: string }>(db, TRIAL_BALANCE, [
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
