import type { Knex } from "knex";

/**
 * Who did what, and who was refused: append-only like the history of payments, partitioned by month, and dropped by
 * whole months once it is past its retention.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table audit_log (
      merchant_id text collate "C" not null,
      id text collate "C" not null,
      action text not null
        check (action in ('AUTHENTICATION_REFUSED', 'ACCESS_REFUSED', 'API_KEY_USED', 'READ', 'WRITE', 'COMMAND')),
      -- A mutation, a query field or a command: names of ours, never text of the caller's.
      operation text,
      outcome text not null check (outcome in ('SUCCEEDED', 'REPLAYED', 'REFUSED')),
      error_code text,
      actor_kind text not null,
      -- The API key, and what may be shown of it.
      actor_id text collate "C",
      actor_hint text,
      address text,
      request_id text,
      subject_id text collate "C",
      idempotency_key text,
      -- How often, and from when to when: more than once only where entries are counted together.
      count int not null default 1 check (count > 0),
      at timestamptz not null default now(),
      last_at timestamptz not null default now(),
      details jsonb not null default '{}' check (length(details::text) <= 2000),
      primary key (merchant_id, id),
      constraint audit_log_refusals_say_why check ((outcome = 'REFUSED') = (error_code is not null)),
      check (last_at >= at)
    ) partition by range (id);
    create table audit_log_default partition of audit_log default;
    insert into partitioned_tables values ('audit_log', 'aud');
    create index audit_log_of_action on audit_log (merchant_id, action, id);
    create index audit_log_of_subject on audit_log (merchant_id, subject_id, id) where subject_id is not null;
    create index audit_log_of_actor on audit_log (merchant_id, actor_id, id) where actor_id is not null;
    create trigger append_only before update or delete or truncate on audit_log for each statement execute function refuse_change();
    select keep_append_only('audit_log', 'audit_log_default');

    -- The planner is to believe in many keys as it is to believe in few merchants: as long as one operator has done
    -- everything, a key looks as if it said nothing, and all of a merchant's entries would be read for another's.
    create or replace function expect_busy_merchants() returns void language plpgsql as $$
    declare
      expected record;
    begin
      for expected in
        select c.relname, a.attname, case a.attname when 'merchant_id' then 10 else 1000 end as distinct_values
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attoptions is null
          and (a.attname = 'merchant_id' or (a.attname = 'actor_id' and c.relname like 'audit\\_log\\_%'))
      loop
        execute format('alter table %I alter column %I set (n_distinct = %s)',
          expected.relname, expected.attname, expected.distinct_values);
      end loop;
    end $$;
    select ensure_partitions(now() + interval '3 months');

    -- Dropping a month needs the owner's rights, which the workers need not have: so it is done as the owner, by a
    -- function that does only this, with a search path of its own.
    create function drop_expired_audit_entries(horizon timestamptz) returns setof text language sql
    as $$
      select drop_partitions_before('audit_log', horizon)
    $$;
    do $$
    begin
      execute format('alter function drop_expired_audit_entries(timestamptz) security definer set search_path = %I, pg_temp', current_schema());
    end $$;
    revoke all on function drop_expired_audit_entries(timestamptz) from public;

    -- Whoever may see what goes wrong may see who did what.
    update api_keys set scopes = array_append(scopes, 'audit:read')
    where kind in ('OPERATOR', 'PLATFORM') and not 'audit:read' = any(scopes);
  `);
}
