import type { Knex } from "knex";

/**
 * Where it is required, an endpoint gets nothing but a challenge until what listens at its URL has echoed it: so nobody
 * can have events sent to a stranger. An endpoint from before is not asked.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table webhook_endpoints
      drop constraint webhook_endpoints_status_check,
      add constraint webhook_endpoints_status_check
        check (status in ('PENDING', 'ENABLED', 'DISABLED', 'DELETED')),
      -- The URL that echoed its challenge, and when. Null: none was asked for one.
      add column proven_url text,
      add column proven_at timestamptz,
      -- Why the last challenge was not echoed: words of ours, for the merchant.
      add column challenge_error text,
      add column challenges int not null default 0,
      -- When the next one is due. Null: none is.
      add column challenge_at timestamptz,
      add constraint webhook_endpoints_challenge_at check (challenge_at is null or status = 'PENDING');
    create index webhook_endpoints_challenge_at on webhook_endpoints (challenge_at) where challenge_at is not null;

    create or replace function endpoint_status_changes() returns trigger language plpgsql as $$
    begin
      if old.status = 'DELETED' then
        raise exception 'a deleted webhook endpoint stays deleted' using errcode = 'restrict_violation';
      end if;
      new.behind_since := now();
      if new.status <> 'PENDING' then
        new.challenge_at := null;
      end if;
      if new.status in ('PENDING', 'ENABLED') then
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
  `);
}
