import type { Knex } from "knex";

/**
 * Tables that grow for ever are partitioned by month, so that old rows are dropped and not deleted.
 * Ids are time-ordered, so a range of ids is a range of time: the partition key is the id itself,
 * and the primary key needs nothing added to it.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- The smallest id a prefix can have at a moment: its 10 characters of milliseconds (see src/ids.ts).
    create function id_floor(prefix text, at timestamptz) returns text language plpgsql immutable strict as $$
    declare
      alphabet constant text := '0123456789abcdefghjkmnpqrstvwxyz';
      rest bigint := floor(extract(epoch from at) * 1000);
      body text := '';
    begin
      for i in 1..10 loop
        body := substr(alphabet, (rest % 32)::int + 1, 1) || body;
        rest := rest / 32;
      end loop;
      return prefix || '_' || body;
    end $$;

    create table partitioned_tables (
      name text primary key,
      id_prefix text  -- null: partitioned by the date column "period"
    );

    -- Gives a partition the append-only trigger that its parent has: a statement that names the partition would not meet the parent's.
    create function keep_append_only(parent text, partition text) returns void language plpgsql as $$
    begin
      if exists (select from pg_trigger where tgrelid = to_regclass(parent) and tgname = 'append_only') then
        execute format('create trigger append_only before update or delete or truncate on %I for each statement execute function refuse_change()', partition);
      end if;
    end $$;

    -- Makes the partitions of this month and of those up to the moment given. Safe to run at any time, by several at once.
    create function ensure_partitions(until timestamptz) returns int language plpgsql as $$
    declare
      parent record;
      month timestamptz;
      partition text;
      lower_bound text;
      upper_bound text;
      made int := 0;
    begin
      perform pg_advisory_xact_lock(hashtext('oncepay.ensure_partitions'));
      for parent in select * from partitioned_tables order by name loop
        month := date_trunc('month', now(), 'UTC');
        while month <= until loop
          partition := parent.name || '_' || to_char(month at time zone 'UTC', 'YYYY_MM');
          if to_regclass(partition) is null then
            if parent.id_prefix is null then
              lower_bound := quote_literal((month at time zone 'UTC')::date);
              upper_bound := quote_literal(((month at time zone 'UTC') + interval '1 month')::date);
            else
              lower_bound := quote_literal(id_floor(parent.id_prefix, month));
              upper_bound := quote_literal(id_floor(parent.id_prefix, month + interval '1 month'));
            end if;
            execute format('create table %I partition of %I for values from (%s) to (%s)', partition, parent.name, lower_bound, upper_bound);
            perform keep_append_only(parent.name, partition);
            made := made + 1;
          end if;
          month := month + interval '1 month';
        end loop;
      end loop;
      return made;
    end $$;

    -- Drops the monthly partitions of a table that end before the moment given; returns their names.
    create function drop_partitions_before(parent text, horizon timestamptz) returns setof text language plpgsql as $$
    declare
      partition text;
    begin
      for partition in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = parent::regclass and c.relname ~ ('^' || parent || '_\\d{4}_\\d{2}$')
          and to_timestamp(right(c.relname, 7) || '_01+00', 'YYYY_MM_DD+TZH') + interval '1 month' <= horizon
        order by c.relname
      loop
        execute format('drop table %I', partition);
        return next partition;
      end loop;
    end $$;

    -- For append-only tables: a statement-level trigger costs nothing per inserted row.
    create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
    end $$;
  `);
}
