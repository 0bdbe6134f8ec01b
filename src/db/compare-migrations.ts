import { MIGRATIONS } from "../../migrations/index";
import type { Db } from "./db";
import { isNotMigrated } from "./errors";

export interface MigrationGap {
  /** Known to this code and not run. */
  readonly lacking: readonly string[];
  /** Run, and not known to this code: a newer release has migrated already, as it does first in a rolling upgrade. */
  readonly ahead: readonly string[];
}

/** Compares the migrations that have run in a database with those that this code needs. */
export async function compareMigrations(db: Db): Promise<MigrationGap> {
  const done = new Set(await migrationsIn(db));
  const known = Object.keys(MIGRATIONS);
  return {
    lacking: known.filter((name) => !done.has(name)),
    ahead: [...done].filter((name) => !(name in MIGRATIONS)),
  };
}

async function migrationsIn(db: Db): Promise<string[]> {
  try {
    const { rows } = await db.raw<{ rows: { name: string }[] }>("select name from knex_migrations");
    return rows.map(({ name }) => name);
  } catch (error) {
    if (isNotMigrated(error)) return [];
    throw error;
  }
}
