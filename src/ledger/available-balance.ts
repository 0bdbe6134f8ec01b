import { type Statement, type Tx, run } from "../db/db";
import { joinSideSums } from "./side-sums";

/*
 * What a merchant may still refund where its balance may not go below zero: what is on its account in a currency, less
 * the refunds that are under way, which are posted when the processor has answered.
 *
 * Guarantees: two refunds of a merchant in a currency cannot both spend the last of it, whatever they are of: each
 * waits until the one before has committed. Only refunds wait. What a processor takes by itself is not asked.
 *
 * Cost: two round trips, and the postings since the last snapshot of the account. Asked only where the installation
 * forbids balances below zero.
 */

const LOCK: Statement = {
  name: "lock_merchant_balance",
  text: "select pg_advisory_xact_lock(hashtextextended(?, 0))",
};

// After the lock, and in a statement of its own: it must see what whoever had the lock before has committed. In one
// statement, so that a refund which is being settled is counted once: as under way, or as posted.
const READ: Statement = {
  name: "read_available_balance",
  text: `
    with asked as materialized (
      select ?::text as merchant_id, ?::text as currency
    ), account as materialized (
      select a.merchant_id, a.id, coalesce(s.before, '-infinity') as before,
        coalesce(s.credits - s.debits, 0) as balance
      from asked q
      join ledger_accounts a on a.merchant_id = q.merchant_id and a.kind = 'MERCHANT_BALANCE'
        and a.currency = q.currency
      left join lateral (
        select s.before, s.credits, s.debits from balance_snapshots s
        where s.merchant_id = a.merchant_id and s.account_id = a.id
        order by s.before desc limit 1
      ) s on true
    )
    select coalesce((
        select a.balance + credit.posted - debit.posted from account a
        ${joinSideSums({ of: "a", within: "p.created_at >= a.before" })}), 0)
      - coalesce((
        select sum(r.amount) from asked q
        join refunds r on r.merchant_id = q.merchant_id and r.currency = q.currency
          and r.status = 'PENDING'), 0) as "available"`,
};

/** Minor units; below zero when more has been taken than there was. */
export async function claimAvailableBalance(
  tx: Tx,
  merchantId: string,
  currency: string,
): Promise<bigint> {
  await run(tx, LOCK, [`balance ${merchantId} ${currency}`]);
  const [row] = await run<{ available: string }>(tx, READ, [merchantId, currency]);
  return BigInt(row?.available ?? 0);
}
