import type { Knex } from "knex";

/**
 * Accounts at card processors that merchants connect. What an account is (its merchant, processor, mode and name at the
 * processor) never changes; its credentials and secrets do, each time with a new version, so that whoever holds a
 * connection knows that it is out of date.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table processor_accounts (
      merchant_id text collate "C" not null references merchants (id),
      id text collate "C" not null,
      processor text not null,
      mode text not null check (mode in ('TEST', 'LIVE')),
      -- The processor's name for the account, as it said itself when the credentials were shown to it.
      external_account_id text collate "C" not null check (length(external_account_id) between 1 and 255),
      status text not null default 'ACTIVE' check (status in ('ACTIVE', 'DISABLED')),
      disabled_reason text,
      disabled_at timestamptz,
      api_version text,
      settings jsonb not null default '{}',
      -- Sealed, like the secrets below; see src/security/secrets.ts.
      credentials bytea not null,
      credentials_hint text not null,
      credentials_changed_at timestamptz not null default now(),
      webhook_secret bytea,
      webhook_secret_hint text,
      -- While the secret is rotated: the one before, and until when the processor may sign with it.
      old_webhook_secret bytea,
      old_webhook_secret_until timestamptz,
      version int not null default 1,
      idempotency_key text collate "C" not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (merchant_id, id),
      constraint processor_accounts_spent_key unique (merchant_id, idempotency_key),
      -- Of two merchants with one account, each would be told what the other has moved.
      constraint processor_accounts_external unique (processor, mode, external_account_id),
      check ((status = 'DISABLED') = (disabled_at is not null)),
      check ((webhook_secret is null) = (webhook_secret_hint is null)),
      check ((old_webhook_secret is null) = (old_webhook_secret_until is null))
    );
    -- A processor's webhook names the account and no merchant.
    create index processor_accounts_by_id on processor_accounts (id);
    create index processor_accounts_old_secret_until on processor_accounts (old_webhook_secret_until)
      where old_webhook_secret_until is not null;

    create function guard_processor_account() returns trigger language plpgsql as $$
    begin
      if (new.merchant_id, new.id, new.processor, new.mode, new.external_account_id, new.idempotency_key, new.created_at)
        is distinct from (old.merchant_id, old.id, old.processor, old.mode, old.external_account_id, old.idempotency_key,
          old.created_at)
      then
        raise exception 'what a processor account is does not change' using errcode = 'restrict_violation';
      end if;
      return new;
    end $$;
    create trigger guard_processor_account before update on processor_accounts for each row
      execute function guard_processor_account();
    create trigger keep_processor_accounts before delete or truncate on processor_accounts
      for each statement execute function refuse_change();

    -- What was asked for under which key. The record of a key expires; this does not, so that a late repeat changes
    -- nothing a second time.
    create table processor_changes (
      merchant_id text collate "C" not null references merchants (id),
      operation text not null,
      idempotency_key text collate "C" not null,
      -- The account; null where it is about all of a merchant's.
      account_id text collate "C",
      fingerprint bytea not null,
      created_at timestamptz not null default now(),
      constraint processor_changes_spent_key primary key (merchant_id, operation, idempotency_key)
    );
    create trigger append_only before update or delete or truncate on processor_changes
      for each statement execute function refuse_change();

    update api_keys set scopes = scopes || array['processors:read', 'processors:write']
    where kind in ('SECRET', 'OPERATOR', 'PLATFORM') and not 'processors:read' = any (scopes);
  `);
}
