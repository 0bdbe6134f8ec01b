import type { Knex } from "knex";

/**
 * The continuous audit adds up what is pending, too, and what was added up already is completed here, which reads all
 * postings once. A correction names a journal that is there; verify looks at those from before.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table ledger_proofs
      add column pending_debits numeric not null default 0,
      add column pending_credits numeric not null default 0;
    with side as (
      select merchant_id, debit_account_id as account_id, created_at, currency, amount as debit,
        0 as credit
      from postings where pending
      union all
      select merchant_id, credit_account_id, created_at, currency, 0, amount
      from postings where pending
    ), added as (
      select s.merchant_id, s.account_id, s.currency, sum(s.debit) as debits,
        sum(s.credit) as credits
      from side s
      join audit_marks m on m.merchant_id = s.merchant_id and s.created_at < m.posted_before
      group by s.merchant_id, s.account_id, s.currency
    )
    insert into ledger_proofs as l
      (merchant_id, account_id, kind, currency, pending_debits, pending_credits)
    select n.merchant_id, n.account_id, a.kind, a.currency, n.debits, n.credits
    from added n
    join ledger_accounts a on a.merchant_id = n.merchant_id and a.id = n.account_id
      and a.currency = n.currency
    on conflict (merchant_id, account_id) do update
    set pending_debits = excluded.pending_debits, pending_credits = excluded.pending_credits;

    alter table journals add constraint journals_corrects
      foreign key (merchant_id, corrects_journal_id) references journals (merchant_id, id) not valid;
  `);
}
