import type { Db } from "../../src/db/db";
import type { TestApi } from "../support/api";

/*
 * The trial balance at every commit: at the end of each transaction that posted, what it posted is summed from both sides,
 * each by its account, and the commit is refused where they differ in a currency. The ledger was empty, so that what is
 * zero for each commit is zero for all of them. What refuses such postings in the product is not asked.
 */

const WATCH = `
  create sequence commits_watched;
  create function watch_trial_balance() returns trigger language plpgsql security definer as $$
  begin
    perform nextval('commits_watched');
    if exists (
      select from (
        select debit_account_id as account_id, amount, currency, pending from postings
        where merchant_id = new.merchant_id and created_at = new.created_at
        union all
        select credit_account_id, -amount, currency, pending from postings
        where merchant_id = new.merchant_id and created_at = new.created_at
      ) side
      join ledger_accounts a on a.merchant_id = new.merchant_id and a.id = side.account_id
        and a.currency = side.currency
      group by side.currency, side.pending having sum(side.amount) <> 0
    ) then
      raise exception 'the trial balance is not zero at this commit';
    end if;
    return null;
  end $$;
  create constraint trigger watch_trial_balance after insert on postings
    deferrable initially deferred for each row execute function watch_trial_balance()`;

/** Has every later commit watched. */
export async function watchTrialBalance(db: Db): Promise<void> {
  await db.raw(WATCH);
}

/** What it was done with is gone: the audit knows every function there may be. */
export async function stopWatching(db: Db): Promise<void> {
  await db.raw("drop function watch_trial_balance cascade; drop sequence commits_watched");
}

/** How many postings were watched as they were committed. */
export async function watchedCommits(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { last_value: number }[] }>(
    "select last_value from commits_watched",
  );
  return Number(rows[0]?.last_value);
}

/** A posting of which one side is in no account, with nothing in its way but the watch. */
export async function postOneSided(db: Db, merchantId: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.raw("drop trigger check_postings on postings");
    await tx.raw(
      `insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id,
         amount, currency, pending)
       select merchant_id, 'jrn_x', 1, id, 'acct_of_nobody', 1, currency, false
       from ledger_accounts where merchant_id = ? limit 1`,
      [merchantId],
    );
  });
}

const TRIAL_BALANCE = "{ trialBalance { balanced currencies { currency difference } } }";

/** As the merchant reads it. */
export async function compareTrialBalance(api: TestApi): Promise<void> {
  const { data, error } = await api.send({ query: TRIAL_BALANCE });
  if (error) throw new Error(error.message);
  const { balanced, currencies } = data.trialBalance;
  const differing = currencies.filter(
    ({ difference }: { difference: string }) => difference !== "0",
  );
  expect({ balanced, differing }).toEqual({ balanced: true, differing: [] });
}
