import type { Knex } from "knex";

export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- The unique insert of a row here is the lock on a logical operation. Unique within a month, which is the partition;
    -- across months the statements look first, and two at once over midnight meet the *_spent_key constraints.
    create table idempotency_keys (
      merchant_id text collate "C" not null,
      operation text not null,
      key text collate "C" not null,
      period date not null default date_trunc('month', now() at time zone 'UTC')::date,
      fingerprint bytea not null,
      -- The event that the commit wrote, whose snapshot is the original result; or the original failure.
      event_id text collate "C",
      failure_code text,
      failure_details jsonb,
      created_at timestamptz not null default now(),
      primary key (merchant_id, operation, key, period),
      check ((event_id is null) <> (failure_code is null))
    ) partition by range (period);
    create table idempotency_keys_default partition of idempotency_keys default;
    insert into partitioned_tables values ('idempotency_keys', null);
  `);
}
