import type { Knex } from "knex";

/**
 * Every try of a delivery that failed, or came after one that did, and all of them where the installation wants that:
 * append-only like the history of payments, partitioned by the month of the delivery, and dropped by whole months once
 * it is past its retention.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table webhook_delivery_attempts (
      merchant_id text collate "C" not null,
      delivery_id text collate "C" not null,
      number int not null check (number > 0),
      started_at timestamptz not null,
      duration_ms int not null,
      status_code int,
      -- A word of ours; null: it was delivered.
      error_class text,
      -- Words of ours, for the merchant.
      error text,
      response_body text check (length(response_body) <= 2048),
      primary key (merchant_id, delivery_id, number)
    ) partition by range (delivery_id);
    create table webhook_delivery_attempts_default partition of webhook_delivery_attempts default;
    insert into partitioned_tables values ('webhook_delivery_attempts', 'whd');

    -- What a receiver answered may repeat what it was sent. So it may be taken away, with an erasure; nothing else may.
    create function guard_webhook_delivery_attempt() returns trigger language plpgsql as $$
    begin
      if (new.merchant_id, new.delivery_id, new.number, new.started_at, new.duration_ms)
          = (old.merchant_id, old.delivery_id, old.number, old.started_at, old.duration_ms)
        and (new.status_code, new.error_class, new.error)
          is not distinct from (old.status_code, old.error_class, old.error)
        and new.response_body is null
      then
        return new;
      end if;
      raise exception 'webhook_delivery_attempts is append-only' using errcode = 'restrict_violation';
    end $$;
    create trigger append_only before delete or truncate on webhook_delivery_attempts
      for each statement execute function refuse_change();
    create trigger guard_webhook_delivery_attempt before update on webhook_delivery_attempts
      for each row execute function guard_webhook_delivery_attempt();

    -- A statement that names a partition finds it wholly closed, as those of events are.
    select keep_append_only('webhook_delivery_attempts', 'webhook_delivery_attempts_default');

    select ensure_partitions(now() + interval '3 months');

    -- As for the audit log: done as the owner, by a function that does only this.
    create function drop_expired_webhook_attempts(horizon timestamptz) returns setof text language sql
    as $$
      select drop_partitions_before('webhook_delivery_attempts', horizon)
    $$;
    do $$
    begin
      execute format('alter function drop_expired_webhook_attempts(timestamptz) security definer set search_path = %I, pg_temp', current_schema());
    end $$;
    revoke all on function drop_expired_webhook_attempts(timestamptz) from public;
    select expect_busy_merchants();
  `);
}
