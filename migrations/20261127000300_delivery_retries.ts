import type { Knex } from "knex";

/**
 * That deliveries were asked to be tried at once, and how many there were. The record of a key expires; this does not,
 * so that a late repeat hurries nothing a second time.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table delivery_retries (
      merchant_id text collate "C" not null references merchants (id),
      idempotency_key text collate "C" not null,
      fingerprint bytea not null,
      count int not null check (count >= 0),
      has_more boolean not null,
      created_at timestamptz not null default now(),
      constraint delivery_retries_spent_key primary key (merchant_id, idempotency_key)
    );
    create trigger append_only before update or delete or truncate on delivery_retries
      for each statement execute function refuse_change();
  `);
}
