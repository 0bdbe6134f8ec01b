import type { Knex } from "knex";

/**
 * An update that changes no indexed column, nor one in an index's condition, writes no index (a HOT update). Claiming
 * an attempt is now such an update, and what guards an intent's updates calls a function only to refuse one.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    drop index attempts_one_charge_in_flight, attempts_due, attempts_held, attempts_unknown, attempts_by_reference;

    -- Open is what is not settled: the conditions say so by a column that changes once, instead of by the status.
    create unique index attempts_one_charge_in_flight on attempts (merchant_id, payment_intent_id)
      where operation in ('charge', 'authorize') and settled_at is null;
    -- Across merchants, for the sweeper: what is due. A claim leaves next_at as it is.
    create index attempts_due on attempts (next_at) where settled_at is null;
    create index attempts_unknown on attempts (merchant_id, id) where unknown_since is not null and settled_at is null;

    -- The id first, because a processor's webhook knows our reference and not our merchant.
    alter table attempt_evidence drop constraint attempt_evidence_merchant_id_attempt_id_fkey;
    alter table attempts drop constraint attempts_pkey, add primary key (id, merchant_id);
    alter table attempt_evidence add foreign key (merchant_id, attempt_id) references attempts (merchant_id, id);
    -- Room on the page for the claimed version of most rows on it.
    alter table attempts set (fillfactor = 70);

    -- Stable like to_char itself, or it could not be inlined, and it is called ten times for each payment.
    create or replace function iso(at timestamptz) returns text language sql stable as $$
      select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    $$;

    create or replace trigger guard_payment_intent before update on payment_intents for each row
      when (new.status <> old.status and not payment_intent_may_move(old.status, new.status)
        or new.version <= old.version or new.amount <> old.amount or new.currency <> old.currency
        or new.id <> old.id or new.merchant_id <> old.merchant_id or new.idempotency_key <> old.idempotency_key)
      execute function guard_payment_intent();

    -- As long as most merchants have one row, the merchant's id looks as selective as a whole key, and the planner may
    -- choose any index that begins with it: then the first merchant to get busy has all its rows read for each look-up.
    -- It is to believe in few merchants, whatever ANALYZE finds, so that only the whole key looks good for one row.
    create function expect_busy_merchants() returns void language plpgsql as $$
    declare
      relation text;
    begin
      for relation in
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
          and a.attname = 'merchant_id' and a.attoptions is null
      loop
        execute format('alter table %I alter column merchant_id set (n_distinct = 10)', relation);
      end loop;
    end $$;

    alter function ensure_partitions(timestamptz) rename to make_partitions;
    create function ensure_partitions(until timestamptz) returns int language plpgsql as $$
    declare
      made int := make_partitions(until);
    begin
      if made > 0 then
        perform expect_busy_merchants();
      end if;
      return made;
    end $$;
    select expect_busy_merchants();

    -- Likewise any status may be rare, although nearly all payments end in the same one.
    alter table payment_intents alter column status set (n_distinct = 8);
  `);
}
