import type { Knex } from "knex";

/** Who is signed in to the console, and with which API key. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table console_sessions (
      merchant_id text collate "C" not null,
      token_hash bytea not null check (length(token_hash) = 32),
      key_id text collate "C" not null,
      created_at timestamptz not null default now(),
      -- By a person: what a page asks by itself keeps no session alive.
      last_used_at timestamptz not null default now(),
      primary key (merchant_id, token_hash),
      foreign key (merchant_id, key_id) references api_keys (merchant_id, id)
    );
  `);
}
