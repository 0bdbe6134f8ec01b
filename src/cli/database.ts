import { databaseUrl } from "../config";
import { connect } from "../db/connect";
import type { Db } from "../db/db";
import { SYSTEM_ROLE } from "../db/roles";
import { withClient } from "../db/with-client";
import { parseSettings } from "../process/settings";

const SETTINGS = {
  DATABASE_URL: databaseUrl.describe("the Postgres database that holds the payments"),
};

export function readDatabaseUrl(environment: NodeJS.ProcessEnv): string {
  return parseSettings(SETTINGS, environment).DATABASE_URL;
}

/**
 * A command's way into the database: what it does is about no single tenant, and never needs the owner. That it can be
 * connected to is tried first: a pool would only say "timeout".
 */
export async function withDb<Result>(
  url: string,
  work: (db: Db) => Promise<Result>,
): Promise<Result> {
  await withClient(url, () => Promise.resolve());
  const db = connect({
    url,
    role: SYSTEM_ROLE,
    poolMax: 2,
    applicationName: "oncepay",
    statementTimeoutMs: 0,
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
