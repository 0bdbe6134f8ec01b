import { recordCommand } from "../audit-log/record-write";
import { connect } from "../db/connect";
import type { Db } from "../db/db";
import { type Role, SYSTEM_ROLE } from "../db/roles";
import { databaseUrl } from "../db/settings";
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

/** A command's way into the database: what it does is about no single tenant, and seldom needs the owner. */
export function withDb<Result>(url: string, work: (db: Db) => Promise<Result>): Promise<Result> {
  return withRole(SYSTEM_ROLE, { url, work });
}

/** For what no process may do: as the user of the URL, who must own the tables. */
export function withOwnersDb<Result>(
  url: string,
  work: (db: Db) => Promise<Result>,
): Promise<Result> {
  return withRole(undefined, { url, work });
}

/** That the database can be connected to is tried first: a pool would only say "timeout". */
async function withRole<Result>(
  role: Role | undefined,
  { url, work }: { readonly url: string; readonly work: (db: Db) => Promise<Result> },
): Promise<Result> {
  await withClient(url, () => Promise.resolve());
  const db = connect({
    url,
    ...(role && { role }),
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

/** For commands that change many rows in many commits: that one was run, and how many rows it changed. */
export async function recordRun(db: Db, name: string, objects: number): Promise<void> {
  const command = { merchantId: PLATFORM_MERCHANT_ID, name, details: { objects } };
  await transact(db, (tx) => recordCommand(tx, command));
}
