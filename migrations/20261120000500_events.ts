import type { Knex } from "knex";

export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table events (
      merchant_id text collate "C" not null,
      id text collate "C" not null,
      type text not null,
      api_version text not null,
      -- The intent it is about, and the version of it that this event announces: 1, 2, 3 … without gaps.
      payment_intent_id text collate "C",
      sequence int not null,
      -- json, not jsonb: the text is kept as it was made, so that a delivery's bytes never change.
      object json not null,
      created_at timestamptz not null default now(),
      -- The writing transaction. Ids are not commit order; the feed reads only what is older than every running one.
      xid xid8 not null default pg_current_xact_id(),
      primary key (merchant_id, id)
    ) partition by range (id);
    create table events_default partition of events default;
    insert into partitioned_tables values ('events', 'evt');
    create index events_feed on events (merchant_id, xid, id);
    create trigger append_only before update or delete or truncate on events for each statement execute function refuse_change();
    select keep_append_only('events', 'events_default');

    -- Emptied as fast as it is filled: a relayed row is deleted, so the table stays as small as the backlog.
    create table outbox (
      position bigint generated always as identity primary key,
      merchant_id text collate "C" not null,
      event_id text collate "C",
      attempt_id text collate "C",
      delivery_id text collate "C",
      created_at timestamptz not null default now(),
      check (num_nonnulls(event_id, attempt_id, delivery_id) > 0)
    ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
            autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000, autovacuum_vacuum_cost_delay = 0);
  `);
}
