import { recordCommand } from "../audit-log/record-write";
import { databaseUrl } from "../config";
import { connect } from "../db/connect";
import type { Db } from "../db/db";
import { transact } from "../db/transact";
import { withClient } from "../db/with-client";
import { PLATFORM_MERCHANT_ID } from "../merchants/api-key";
import { parseSettings } from "../process/settings";

const SETTINGS = {
  DATABASE_URL: databaseUrl.describe("the Postgres database that holds the payments"),
};

export function readDatabaseUrl(environment: NodeJS.ProcessEnv): string {
  return parseSettings(SETTINGS, environment).DATABASE_URL;
}

/** A command's way into the database. That it can be connected to is tried first: a pool would only say "timeout". */
export async function withDb<Result>(
  url: string,
  work: (db: Db) => Promise<Result>,
): Promise<Result> {
  await withClient(url, () => Promise.resolve());
  const db = connect({ url, poolMax: 2, applicationName: "oncepay", statementTimeoutMs: 0 });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/** For commands that change many rows in many commits: that one was run, and how many rows it changed. */
export async function recordRun(db: Db, name: string, objects: number): Promise<void> {
  const command = { merchantId: PLATFORM_MERCHANT_ID, name, details: { objects } };
  await transact(db, (tx) => recordCommand(tx, command));
}
