import type { Knex } from "knex";

/**
 * What is done to an endpoint after it was made: it is changed, disabled, enabled, deleted, and its secret rotated. Each
 * change keeps its key for ever, and the deliveries of an endpoint follow its status slice by slice.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table webhook_endpoints
      add column metadata jsonb not null default '{}',
      -- The version of the shapes that it gets its events in: the newest when it was made.
      add column api_version text not null default '2026-11-20',
      add column disabled_at timestamptz,
      -- The end of the secret, to tell one from another; null: it was made before there were hints.
      add column secret_hint text,
      -- While a secret is rotated: the one before, sealed as the other is, and until when it signs as well.
      add column old_secret bytea,
      add column old_secret_hint text,
      add column old_secret_until timestamptz,
      -- Since when its deliveries have yet to follow a change of its status. Null: they have.
      add column behind_since timestamptz,
      -- Of what was paused, only what was created from then on is delivered when it is enabled. Null: all.
      add column catch_up_from timestamptz,
      -- What is deleted signs nothing any more.
      alter column secret drop not null;
    update webhook_endpoints set secret = null where status = 'DELETED';
    alter table webhook_endpoints
      add constraint webhook_endpoints_secret check ((secret is null) = (status = 'DELETED')),
      add constraint webhook_endpoints_old_secret check ((old_secret is null) = (old_secret_until is null));
    create index webhook_endpoints_behind on webhook_endpoints (behind_since) where behind_since is not null;
    create index webhook_endpoints_old_secret_until on webhook_endpoints (old_secret_until) where old_secret_until is not null;
    -- Of an endpoint that is enabled or deleted. What is not paused is not in it.
    create index webhook_deliveries_paused on webhook_deliveries (merchant_id, endpoint_id, id) where status = 'PAUSED';

    -- Whoever changes the status: when that was is known, and the deliveries follow.
    create function endpoint_status_changes() returns trigger language plpgsql as $$
    begin
      if old.status = 'DELETED' then
        raise exception 'a deleted webhook endpoint stays deleted' using errcode = 'restrict_violation';
      end if;
      new.behind_since := now();
      if new.status = 'ENABLED' then
        new.disabled_at := null;
        new.disabled_reason := null;
      elsif new.status = 'DISABLED' then
        new.disabled_at := now();
      else
        new.secret := null;
        new.old_secret := null;
        new.old_secret_until := null;
      end if;
      return new;
    end $$;
    create trigger endpoint_status_changes before update on webhook_endpoints for each row
      when (new.status <> old.status) execute function endpoint_status_changes();

    -- What was asked for under which key. The record of a key expires; this does not, so that a late repeat changes
    -- nothing a second time.
    create table webhook_endpoint_changes (
      merchant_id text collate "C" not null,
      operation text not null,
      idempotency_key text collate "C" not null,
      endpoint_id text collate "C" not null,
      fingerprint bytea not null,
      created_at timestamptz not null default now(),
      constraint webhook_endpoint_changes_spent_key primary key (merchant_id, operation, idempotency_key),
      foreign key (merchant_id, endpoint_id) references webhook_endpoints (merchant_id, id)
    );
    create trigger append_only before update or delete or truncate on webhook_endpoint_changes
      for each statement execute function refuse_change();
  `);
}
