import type { Knex } from "knex";

/**
 * What is open in the accounts that should be empty, item by item: kept by the continuous audit, which fills it as it next
 * comes to each merchant. `ledger_proofs.open_since` is read no more; workers of an earlier release still write it.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table clearing_items (
      merchant_id text collate "C" not null,
      account_id text collate "C" not null,
      item_id text collate "C" not null,
      kind text not null,
      currency text not null,
      payment_intent_id text collate "C",
      amount numeric not null,
      open_since timestamptz not null,
      primary key (merchant_id, account_id, item_id),
      foreign key (merchant_id, account_id) references ledger_accounts (merchant_id, id)
    );
    create index clearing_items_by_age on clearing_items (kind, open_since);
    create index clearing_items_cleared on clearing_items (merchant_id) where amount = 0;

    -- Behind posted_before where a worker of an earlier release was the last one at it.
    alter table audit_marks
      add column cleared_before timestamptz not null default '-infinity';

    alter table audit_state add column pass_took interval not null default '0';

    create table proven_totals (
      currency text primary key,
      difference numeric not null default 0
    );
    insert into proven_totals (currency, difference)
    select currency, sum(debits - credits) from ledger_proofs group by currency;

    create index payouts_on_their_way on payouts (arrives_at) where status = 'IN_TRANSIT';
  `);
}
