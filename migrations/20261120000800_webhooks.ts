import type { Knex } from "knex";

export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table webhook_endpoints (
      merchant_id text collate "C" not null references merchants (id),
      id text collate "C" not null,
      url text not null check (length(url) <= 2048),
      description text,
      -- Empty: every type.
      event_types text[] not null default '{}',
      status text not null default 'ENABLED' check (status in ('ENABLED', 'DISABLED', 'DELETED')),
      disabled_reason text,
      -- AES-256-GCM under the deployment's key; see src/secrets.ts.
      secret bytea not null,
      idempotency_key text collate "C" not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (merchant_id, id),
      constraint webhook_endpoints_spent_key unique (merchant_id, idempotency_key)
    );

    create table webhook_deliveries (
      merchant_id text collate "C" not null,
      id text collate "C" not null,
      event_id text collate "C" not null,
      endpoint_id text collate "C" not null,
      status text not null default 'SCHEDULED' check (status in ('SCHEDULED', 'IN_FLIGHT', 'SUCCEEDED', 'RETRYING', 'PAUSED', 'DEAD', 'DISCARDED')),
      tries int not null default 0,
      -- When the next try is due; while IN_FLIGHT, when the lease of the worker that posts it runs out. Null: nothing is due.
      next_at timestamptz default now(),
      status_code int,
      error text,
      response_body text check (length(response_body) <= 2048),
      duration_ms int,
      replay_of text collate "C",
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (merchant_id, id),
      check ((status in ('SCHEDULED', 'IN_FLIGHT', 'RETRYING')) = (next_at is not null))
    ) partition by range (id);
    create table webhook_deliveries_default partition of webhook_deliveries default;
    insert into partitioned_tables values ('webhook_deliveries', 'whd');
    create index webhook_deliveries_due on webhook_deliveries (next_at) where next_at is not null;
    create index webhook_deliveries_by_event on webhook_deliveries (merchant_id, event_id);
    create index webhook_deliveries_unwell on webhook_deliveries (merchant_id, status, id) where status in ('RETRYING', 'PAUSED', 'DEAD', 'DISCARDED');

    -- As for postings: a foreign key would lock the endpoint's row for each of its deliveries.
    create function check_deliveries() returns trigger language plpgsql as $$
    begin
      if exists (
        select from inserted d left join webhook_endpoints w on w.merchant_id = d.merchant_id and w.id = d.endpoint_id
        where w.id is null
      ) then
        raise exception 'a delivery needs an endpoint of its own merchant' using errcode = 'foreign_key_violation';
      end if;
      return null;
    end $$;
    create trigger check_deliveries after insert on webhook_deliveries referencing new table as inserted
      for each statement execute function check_deliveries();
    create trigger keep_endpoints before delete or truncate on webhook_endpoints for each statement execute function refuse_change();

    -- Replays are rare and their keys are for ever, as everywhere; the deliveries themselves are dropped by the month.
    create table webhook_replays (
      merchant_id text collate "C" not null,
      idempotency_key text collate "C" not null,
      delivery_id text collate "C" not null,
      constraint webhook_replays_spent_key primary key (merchant_id, idempotency_key)
    );

    select ensure_partitions(now() + interval '3 months');
  `);
}
