import type { Knex } from "knex";

/**
 * On which timeline of the server an attempt was queued: another one since means that the server was promoted or restored,
 * and that commits may be missing, among them the one that says that it was sent. Null: from before this migration.
 *
 * No row is touched: the column has no default when it is added, and its default is for rows to come, whoever adds them.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create function current_timeline() returns int language sql volatile parallel safe as $$
      select ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int
    $$;
    alter table attempts add column timeline int;
    alter table attempts alter column timeline set default current_timeline();
  `);
}
