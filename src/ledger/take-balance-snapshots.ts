import { type Db, type Statement, run } from "../db/db";
import { isLockTimeout } from "../db/errors";
import { transact } from "../db/transact";
import { joinSideSums } from "./side-sums";

/*
 * For the sweeper: sums up what has been posted since the last snapshots, where there is a lot of it.
 *
 * A snapshot must hold every posting there will ever be with a time before its own. So it covers what is below the
 * balance horizon: a time stored in the database, before which the database accepts no more postings (see
 * check_postings in the migrations). First the horizon is moved, in a transaction of its own that takes some
 * milliseconds; then what is below it is final, and summed up without a lock. A crash in between leaves a horizon that
 * has moved, and the next snapshots are taken up to the next one.
 *
 * Nothing here depends on who is running at this moment. What is stored means the same after a restore and on a
 * replica, other databases of the cluster do not matter, and if a clock is set back, postings are refused rather than
 * forgotten.
 */

// Longer than a transaction that posts ever takes, so that none of them is refused and has to begin again.
const MARGIN_MS = 60_000;
// Anybody who posts in the meantime waits as well.
const HORIZON_WAIT = "200ms";

const MOVE_HORIZON: Statement = {
  name: "move_balance_horizon",
  text: `
    update balance_horizon
    set before = greatest(before, now() - ? * interval '1 millisecond') returning before`,
};

/** Waits for those who are posting to commit. False when one of them does not: then it stays where it is. */
async function moveHorizon(db: Db, marginMs: number): Promise<boolean> {
  try {
    await transact(db, async (tx) => {
      await tx.raw(`set local lock_timeout = '${HORIZON_WAIT}'`);
      await tx.raw("select pg_advisory_xact_lock(hashtext('oncepay.balance_horizon'))");
      await run(tx, MOVE_HORIZON, [marginMs]);
    });
    return true;
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
}

/* Across merchants, in this one place. An account has one new row, and is read from its last snapshot on. */
const TAKE_SNAPSHOTS: Statement = {
  name: "take_balance_snapshots",
  text: `
    with due as materialized (
      select a.merchant_id, a.id, h.before as until, coalesce(s.before, '-infinity') as since,
        coalesce(s.debits, 0) as debits, coalesce(s.credits, 0) as credits,
        coalesce(s.pending_debits, 0) as pending_debits,
        coalesce(s.pending_credits, 0) as pending_credits
      from (select ?::int as enough) q
      cross join balance_horizon h
      cross join ledger_accounts a
      left join lateral (
        select * from balance_snapshots s
        where s.merchant_id = a.merchant_id and s.account_id = a.id
        order by s.before desc limit 1) s on true
      cross join lateral (
        select count(*) as postings from (
          (select from postings p
          where p.debit_account_id = a.id and p.merchant_id = a.merchant_id
            and p.created_at < h.before and p.created_at >= coalesce(s.before, '-infinity')
          limit q.enough)
          union all
          (select from postings p
          where p.credit_account_id = a.id and p.merchant_id = a.merchant_id
            and p.created_at < h.before and p.created_at >= coalesce(s.before, '-infinity')
          limit q.enough)) counted) c
      where c.postings >= q.enough limit ?
    )
    insert into balance_snapshots
      (merchant_id, account_id, before, debits, credits, pending_debits, pending_credits)
    select d.merchant_id, d.id, d.until, d.debits + debit.posted, d.credits + credit.posted,
      d.pending_debits + debit.pending, d.pending_credits + credit.pending
    from due d
    ${joinSideSums({ of: "d", within: "p.created_at >= d.since and p.created_at < d.until" })}
    order by d.merchant_id, d.id
    on conflict do nothing
    returning account_id`,
};

// A thousand postings are summed up in a millisecond; fewer are not worth a row.
const POSTINGS_MIN = 1_000;

/** Returns how many it took; undefined when the horizon could not be moved and only what was below it is summed up. */
export async function takeBalanceSnapshots(
  db: Db,
  options: { readonly limit: number; readonly postingsMin?: number; readonly marginMs?: number },
): Promise<number | undefined> {
  const postingsMin = options.postingsMin ?? POSTINGS_MIN;
  const hasMoved = await moveHorizon(db, options.marginMs ?? MARGIN_MS);
  const taken = await transact(db, async (tx) => {
    // The first snapshot of a large account reads the whole of it.
    await tx.raw("set local statement_timeout = '60s'");
    return run(tx, TAKE_SNAPSHOTS, [postingsMin, options.limit]);
  });
  return hasMoved ? taken.length : undefined;
}
