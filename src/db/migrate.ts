import { setTimeout as sleep } from "node:timers/promises";
import { runMigrations as migrateQueue } from "bullmq";
import knex from "knex";
import type { Client } from "pg";
import type { Migration } from "../../migrations/index";
import { fullJitter } from "../retry";
import { SILENT, onPrimary } from "./connect";
import type { Db } from "./db";
import { PrimaryClient } from "./primary-client";
import { QUEUE_NAMES, QUEUE_SCHEMA } from "./queue-schema";
import { type Migrator, runMigrations } from "./run-migrations";
import { LOCK_WAIT_MS, LocksHeld, bePatient } from "./take-locks";
import { admitUser, raiseWall } from "./wall/raise";

// Any constant will do, as long as it is the same in every process that migrates, whatever its release.
const MIGRATION_LOCK = 7_460_226_601;
const WAIT_MAX_MS = 300_000;

export interface MigrateOptions {
  readonly databaseUrl: string;
  /** Whom the API and the workers log in as, if not as the owner. */
  readonly appUser?: string;
  readonly log?: (line: string) => void;
  /** How long to wait for locks that others hold, all in all. */
  readonly waitMaxMs?: number;
  /** Those of this release otherwise. */
  readonly migrations?: Readonly<Record<string, Migration>>;
}

/**
 * Brings a database up to date while payments are made in it, and returns the migrations that ran; does nothing when it is
 * up to date already, or when a newer release has migrated it.
 *
 * One at a time: whoever holds an advisory lock, on a session of its own, migrates; the others find nothing to do then. A
 * migration that is killed leaves nothing but an index that is not valid, which the next run replaces; the session's end
 * frees the lock.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const { waitMaxMs = WAIT_MAX_MS } = options;
  const say = options.log ?? (() => undefined);
  const session = new PrimaryClient({
    connectionString: options.databaseUrl,
    application_name: "migrate",
  });
  session.on("error", () => undefined);
  await session.connect();
  const db = connectOnce(options.databaseUrl);
  try {
    await beTheOnly(session, waitMaxMs);
    const patiently = bePatient({ client: session, waitMaxMs, say });
    const migrator: Migrator = { db, session, patiently, waitMaxMs, say };
    const { migrated, isAhead } = await runMigrations(migrator, options.migrations);
    if (isAhead) {
      say("A newer release has migrated this database. Nothing was changed.");
      return [];
    }
    await patiently("the queue", async () => {
      await session.query(`set lock_timeout = ${String(LOCK_WAIT_MS)}`);
      await migrateQueue(session, QUEUE_SCHEMA);
      await makeQueues(session);
    });
    await raiseWall(db, patiently);
    if (options.appUser !== undefined) await admitUser(db, options.appUser);
    return migrated;
  } finally {
    await db.destroy();
    await session.end();
  }
}

/** One connection, as the owner. */
function connectOnce(databaseUrl: string): Db {
  return onPrimary(
    knex({
      client: "pg",
      connection: { connectionString: databaseUrl },
      pool: { min: 0, max: 1 },
      log: SILENT,
    }),
  );
}

/**
 * It asks again and again, and does not wait inside Postgres: a statement that waits has a snapshot, and an index that is
 * built concurrently waits for the end of every snapshot there is, so that the two would wait for each other.
 */
async function beTheOnly(session: Client, waitMaxMs: number): Promise<void> {
  const deadline = performance.now() + waitMaxMs;
  for (let attempt = 0; ; attempt += 1) {
    const { rows } = await session.query<{ mine: boolean }>(
      `select pg_try_advisory_lock($1) as "mine"`,
      [MIGRATION_LOCK],
    );
    if (rows[0]?.mine === true) return;
    if (performance.now() > deadline) {
      throw new LocksHeld("Somebody else has been migrating all the time. Nothing was changed.");
    }
    await sleep(50 + fullJitter({ baseMs: 100, attempt, capMs: 1_000 }));
  }
}

/** A queue's first job makes its sequence, which the workers' role may not: so the owner takes a number first. */
async function makeQueues(session: Client): Promise<void> {
  await session.query(`select ${QUEUE_SCHEMA}.next_job_id(name) from unnest($1::text[]) name`, [
    QUEUE_NAMES,
  ]);
}
