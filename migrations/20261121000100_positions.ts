import type { Knex } from "knex";

/**
 * Positions that mean the same in another cluster. Transaction ids do not: after a restore, or on a promoted logical
 * replica, new ones are lower than those in the rows. The feed's positions are given by the relay, from the feed itself;
 * the ledger's are times, and the database refuses a posting that would come before what has been summed up.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- One order for all of them, before anything is changed.
    lock table events, outbox, postings, balance_snapshots in access exclusive mode;

    -- A relay of before would delete rows without giving their events a place. It finds no column
    -- of this name any more.
    alter table outbox rename column position to id;
    alter sequence outbox_position_seq rename to outbox_id_seq;

    -- The order in which a merchant's events were relayed: 1, 2, 3 … for each merchant, without
    -- gaps. Whatever shows a position shows all before it, because each is given by a statement
    -- that saw the one before committed.
    create table event_feed (
      merchant_id text collate "C" not null,
      position bigint not null,
      event_id text collate "C" not null,
      type text not null,
      primary key (merchant_id, position)
    ) with (autovacuum_vacuum_insert_scale_factor = 0.02);
    create trigger append_only before update or delete or truncate on event_feed
      for each statement execute function refuse_change();
    -- What is still in the outbox is left to the relay.
    insert into event_feed (merchant_id, position, event_id, type)
    select e.merchant_id, row_number() over (partition by e.merchant_id order by e.xid, e.id),
      e.id, e.type
    from events e
    where not exists (
      select from outbox o where o.merchant_id = e.merchant_id and o.event_id = e.id);
    drop index events_feed;
    alter table events drop column xid;

    drop index postings_by_commit;
    alter table postings drop column xid;
    create index postings_by_time on postings (merchant_id, created_at);

    -- Every posting with an earlier time than this is committed, and there will never be another
    -- one.
    create table balance_horizon (
      only_row boolean primary key default true check (only_row),
      before timestamptz not null
    );
    insert into balance_horizon (before) values (now() - interval '1 minute');

    -- The sums of all postings with a time before "before": balances are read from here plus the
    -- postings since.
    drop table balance_snapshots;
    create table balance_snapshots (
      merchant_id text collate "C" not null,
      account_id text collate "C" not null,
      before timestamptz not null,
      debits numeric not null,
      credits numeric not null,
      pending_debits numeric not null,
      pending_credits numeric not null,
      taken_at timestamptz not null default now(),
      primary key (merchant_id, account_id, before),
      foreign key (merchant_id, account_id) references ledger_accounts (merchant_id, id)
    );
    insert into balance_snapshots
      (merchant_id, account_id, before, debits, credits, pending_debits, pending_credits)
    select s.merchant_id, s.account_id, h.before,
      coalesce(sum(s.debit) filter (where not s.pending), 0),
      coalesce(sum(s.credit) filter (where not s.pending), 0),
      coalesce(sum(s.debit) filter (where s.pending), 0),
      coalesce(sum(s.credit) filter (where s.pending), 0)
    from balance_horizon h
    join (
      select merchant_id, debit_account_id as account_id, created_at, amount as debit, 0 as credit,
        pending
      from postings
      union all
      select merchant_id, credit_account_id, created_at, 0, amount, pending from postings
    ) s on s.created_at < h.before
    group by s.merchant_id, s.account_id, h.before;

    -- Before, this only asked what foreign keys would ask, once for all the rows of a statement.
    -- Now it also keeps postings out of the time that has been summed up. The lock is shared among
    -- all who post and held until they commit; whoever moves the horizon takes it alone. So a
    -- posting was either committed before the horizon moved, or meets the new one here. To ask for
    -- the transaction once more is right: it will then have a later time, unless the server's clock
    -- was set back.
    create or replace function check_postings() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(hashtext('oncepay.balance_horizon'));
      if exists (select from balance_horizon h join inserted p on p.created_at < h.before) then
        raise exception 'a posting is older than what balances have been summed up to'
          using errcode = 'serialization_failure',
            hint = 'Its transaction took long, or the clock of this server is behind.';
      end if;
      if exists (
        select from inserted p
        left join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
        left join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
          and d.currency = p.currency
        left join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
          and c.currency = p.currency
        where j.id is null or d.id is null or c.id is null
      ) then
        raise exception 'a posting needs its journal, and accounts of its own merchant and currency'
          using errcode = 'foreign_key_violation';
      end if;
      return null;
    end $$;

    -- The horizon only moves on, and stays.
    create function keep_horizon() returns trigger language plpgsql as $$
    begin
      raise exception 'the balance horizon only moves on' using errcode = 'restrict_violation';
    end $$;
    create trigger keep_horizon before update on balance_horizon for each row
      when (new.before < old.before) execute function keep_horizon();
    create trigger keep_row before delete or truncate on balance_horizon
      for each statement execute function keep_horizon();

    select expect_busy_merchants();
  `);
}
