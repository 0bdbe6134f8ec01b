import type { Knex } from "knex";

/*
 * The API and the workers run as roles that own nothing. What the workers do to partitions needs the owner, so it is
 * done by functions that run as the owner and do only that. Their search path is fixed: a function that ran with its
 * caller's could be made to use tables and functions of the caller's choice.
 *
 * The roles themselves, their rights and the policies of the tables are not here: they are a state that `migrate`
 * brings the database to, whatever migrations have run (src/db/wall).
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create function drop_expired_keys(horizon timestamptz) returns setof text language sql
    as $$
      select drop_partitions_before('idempotency_keys', horizon)
    $$;

    do $$
    declare
      own regprocedure;
    begin
      foreach own in array array[
        'ensure_partitions(timestamptz)'::regprocedure, 'drop_expired_keys(timestamptz)'::regprocedure]
      loop
        execute format('alter function %s security definer set search_path = %I, pg_temp', own, current_schema());
        execute format('revoke all on function %s from public', own);
      end loop;
    end $$;
  `);
}
