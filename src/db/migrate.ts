import knex, { type Knex } from "knex";
import { runMigrations } from "bullmq";
import type { Client } from "pg";
import { MIGRATIONS } from "../../migrations/index";
import { onPrimary } from "./connect";
import { PrimaryClient } from "./primary-client";
import { QUEUE_NAMES, QUEUE_SCHEMA } from "./queue-schema";
import { admitUser, raiseWall } from "./wall/raise";

// Any constant will do, as long as it is the same in every process that migrates.
const MIGRATION_LOCK = 7_460_226_601;
const LOCK_TIMEOUT_MS = 120_000;

const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: () => Promise.resolve(Object.keys(MIGRATIONS)),
  getMigrationName: (name) => name,
  getMigration: (name) => {
    const migration = MIGRATIONS[name];
    if (!migration) throw new Error(`unknown migration ${name}`);
    return Promise.resolve({
      up: (tx: Knex) => migration.up(tx as Knex.Transaction),
      down: () => Promise.reject(new Error("migrations only go forward")),
    });
  },
};

/**
 * Brings a database up to date, and returns the migrations that ran; does nothing when it is up to date already.
 *
 * Knex's own lock table breaks permanently when several processes migrate a fresh database at once (each inserts a lock
 * row), so an advisory lock on a connection of its own comes first: whoever holds it migrates, the others wait and find
 * nothing to do. A killed migration leaves nothing: each runs in a transaction, and the session's end frees the lock.
 */
export async function migrate(options: {
  databaseUrl: string;
  /** Whom the API and the workers log in as, if not as the owner. */
  appUser?: string;
  log?: (line: string) => void;
}): Promise<readonly string[]> {
  const session = new PrimaryClient({
    connectionString: options.databaseUrl,
    application_name: "migrate",
  });
  session.on("error", () => undefined);
  await session.connect();
  try {
    await session.query(`set lock_timeout = ${String(LOCK_TIMEOUT_MS)}`);
    await session.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
    const db = onPrimary(
      knex({
        client: "pg",
        connection: { connectionString: options.databaseUrl },
        pool: { min: 0, max: 1 },
        // Knex also throws everything that it would log.
        log: { warn: () => undefined, error: () => undefined },
      }),
    );
    let done: string[];
    try {
      [, done] = (await db.migrate.latest({
        migrationSource,
        disableMigrationsListValidation: false,
      })) as [number, string[]];
      for (const name of done) options.log?.(`migrated ${name}`);
      await session.query("set lock_timeout = default");
      await runMigrations(session, QUEUE_SCHEMA);
      await makeQueues(session);
      await raiseWall(db);
      if (options.appUser !== undefined) await admitUser(db, options.appUser);
    } finally {
      await db.destroy();
    }
    return done;
  } finally {
    await session.end();
  }
}

/** A queue's first job makes its sequence, which the workers' role may not: so the owner takes a number first. */
async function makeQueues(session: Client): Promise<void> {
  await session.query(`select ${QUEUE_SCHEMA}.next_job_id(name) from unnest($1::text[]) name`, [
    QUEUE_NAMES,
  ]);
}
