import type { Client } from "pg";
import { type Migration, MIGRATIONS } from "../../migrations/index";
import { buildIndex } from "./build-index";
import type { Db } from "./db";
import { LOCK_WAIT_MS, type Patience } from "./take-locks";
import { admitToNew, tablesOf } from "./wall/raise";

/** The tables of Knex' own migrator, by which releases up to this one are migrated. */
const OURS = `
  create table if not exists knex_migrations (
    id serial primary key, name varchar(255), batch int, migration_time timestamptz
  );
  create table if not exists knex_migrations_lock (index serial primary key, is_locked int);
  insert into knex_migrations_lock (is_locked)
  select 0 where not exists (select from knex_migrations_lock)`;

const RECORD = `
  insert into knex_migrations (name, batch, migration_time)
  select ?, coalesce(max(batch), 0) + 1, now() from knex_migrations`;

/** What this release's migrations are run with; run by whoever holds the migrators' lock, on the session. */
export interface Migrator {
  readonly db: Db;
  readonly session: Client;
  readonly patiently: Patience;
  readonly waitMaxMs: number;
  readonly say: (line: string) => void;
}

/** A newer release has migrated this database: there is nothing in it for an older one to do. */
export interface Outcome {
  readonly migrated: readonly string[];
  readonly isAhead: boolean;
}

/**
 * Runs what has not run yet, in order, each in a transaction of its own that also records it, and gives the roles what it
 * has made; an index that is built concurrently is recorded once it is there. So whenever it is killed, running it again
 * goes on where it was.
 */
export async function runMigrations(
  migrator: Migrator,
  migrations: Readonly<Record<string, Migration>> = MIGRATIONS,
): Promise<Outcome> {
  await migrator.session.query(OURS);
  const done = await migrator.session.query<{ name: string }>("select name from knex_migrations");
  const names = new Set(done.rows.map(({ name }) => name));
  const pending = Object.entries(migrations).filter(([name]) => !names.has(name));
  const unknown = [...names].filter((name) => !(name in migrations));
  if (unknown.length > 0) {
    if (pending.length === 0) return { migrated: [], isAhead: true };
    const lacking = pending.map(([name]) => name);
    throw new Error(
      `This database was migrated by another release: it has ${unknown.join(", ")}, which this one does not know, ` +
        `and lacks ${lacking.join(", ")}. Nothing was changed.`,
    );
  }
  // In a database that is made now nobody is refused anything meanwhile.
  const isInUse = names.size > 0;
  for (const [name, migration] of pending) {
    await migrator.patiently(name, () => runOne(migrator, { name, migration, isInUse }));
    migrator.say(`migrated ${name}`);
  }
  return { migrated: pending.map(([name]) => name), isAhead: false };
}

interface Step {
  readonly name: string;
  readonly migration: Migration;
  readonly isInUse: boolean;
}

async function runOne(migrator: Migrator, { name, migration, isInUse }: Step): Promise<void> {
  const { index } = migration;
  if (index) await buildIndex(migrator.session, index, migrator.waitMaxMs);
  await migrator.db.transaction(async (tx) => {
    await tx.raw(`set local lock_timeout = ${String(LOCK_WAIT_MS)}`);
    // If the session with the migrators' lock has broken, somebody else may be at it.
    await tx.raw("lock table knex_migrations in share row exclusive mode");
    const { rows } = await tx.raw<{ rows: unknown[] }>(
      "select from knex_migrations where name = ?",
      [name],
    );
    if (rows.length > 0) return;
    const before = await tablesOf(tx);
    await migration.up?.(tx);
    if (isInUse) await admitToNew(tx, before);
    await tx.raw(RECORD, [name]);
  });
}
