import type { Knex } from "knex";

export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table ledger_accounts (
      merchant_id text collate "C" not null references merchants (id),
      id text collate "C" not null,
      kind text not null,
      currency text not null,
      created_at timestamptz not null default now(),
      primary key (merchant_id, id),
      unique (merchant_id, kind, currency),
      unique (merchant_id, id, currency)
    );

    create table journals (
      merchant_id text collate "C" not null,
      id text collate "C" not null,
      kind text not null,
      payment_intent_id text collate "C" not null,
      attempt_id text collate "C" not null,
      created_at timestamptz not null default now(),
      primary key (merchant_id, id),
      -- One fact is booked once, whoever tells it twice.
      unique (merchant_id, attempt_id, kind),
      foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id)
    );
    create index journals_by_intent on journals (merchant_id, payment_intent_id, id);

    -- One row moves an amount from one account to another, so every row is balanced by construction.
    create table postings (
      merchant_id text collate "C" not null,
      journal_id text collate "C" not null,
      line smallint not null,
      debit_account_id text collate "C" not null,
      credit_account_id text collate "C" not null,
      amount bigint not null check (amount > 0),
      currency text not null,
      -- A pending posting is a hold; the row that posts, voids or expires it is a pending one the other way round.
      pending boolean not null,
      created_at timestamptz not null default now(),
      xid xid8 not null default pg_current_xact_id(),
      primary key (merchant_id, journal_id, line),
      check (debit_account_id <> credit_account_id)
    );
    create index postings_by_commit on postings (merchant_id, xid);

    -- What foreign keys would say, asked once for all the rows of a statement. Foreign keys would lock the account rows,
    -- which every payment of a merchant shares, once for each posting.
    create function check_postings() returns trigger language plpgsql as $$
    begin
      if exists (
        select from inserted p
        left join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
        left join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id and d.currency = p.currency
        left join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id and c.currency = p.currency
        where j.id is null or d.id is null or c.id is null
      ) then
        raise exception 'a posting needs its journal, and accounts of its own merchant and currency' using errcode = 'foreign_key_violation';
      end if;
      return null;
    end $$;
    create trigger check_postings after insert on postings referencing new table as inserted
      for each statement execute function check_postings();
    create trigger keep_accounts before update or delete or truncate on ledger_accounts for each statement execute function refuse_change();

    -- The sums of all postings written by transactions older than "before": balances are read from here plus the rows since.
    create table balance_snapshots (
      merchant_id text collate "C" not null,
      account_id text collate "C" not null,
      before xid8 not null,
      debits numeric not null,
      credits numeric not null,
      pending_debits numeric not null,
      pending_credits numeric not null,
      taken_at timestamptz not null default now(),
      primary key (merchant_id, account_id, before),
      foreign key (merchant_id, account_id) references ledger_accounts (merchant_id, id)
    );

    create trigger append_only before update or delete or truncate on journals for each statement execute function refuse_change();
    create trigger append_only before update or delete or truncate on postings for each statement execute function refuse_change();
  `);
}
