import type { Knex } from "knex";

export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table merchants (
      id text collate "C" primary key,
      name text not null check (length(name) between 1 and 200),
      created_at timestamptz not null default now()
    );

    -- A key names its tenant (see src/merchants/api-key-format.ts), so that even this look-up begins with the merchant.
    create table api_keys (
      merchant_id text collate "C" not null references merchants (id),
      id text collate "C" not null,
      kind text not null check (kind in ('SECRET', 'PUBLISHABLE', 'RESTRICTED', 'OPERATOR')),
      name text not null default '',
      scopes text[] not null,
      secret_hash bytea not null check (length(secret_hash) = 32),
      hint text not null,
      idempotency_key text,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      revoked_at timestamptz,
      primary key (merchant_id, id),
      unique (merchant_id, secret_hash),
      unique (merchant_id, idempotency_key)
    );
  `);
}
