import { whoseDatabase } from "../db/whose-database";
import { withClient } from "../db/with-client";
import { ConfigError } from "../process/settings";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "./postgres/embedded-postgres";

export interface DevDatabases {
  databaseUrl: string;
  sandboxDatabaseUrl: string;
  postgres?: EmbeddedPostgres;
}

export interface DatabaseOptions {
  /** The user's own; none for the embedded one. */
  readonly databaseUrl: string | undefined;
  readonly sandboxDatabaseUrl: string | undefined;
  /** Put oncepay's tables next to those of others, if there are any. */
  readonly migrate: boolean;
  readonly dataDir: string;
}

/** A Postgres of the user's own when DATABASE_URL names one, else the embedded one. */
export async function openDevDatabases(
  options: DatabaseOptions,
  log: (line: string) => void,
): Promise<DevDatabases> {
  if (options.databaseUrl !== undefined) {
    return useExternal(options.databaseUrl, options);
  }
  const postgres = await startEmbeddedPostgres({ dataDir: options.dataDir, durable: true, log });
  log(`the data is in ${postgres.dataDir}; npm run reset removes it`);
  const databaseUrl = await ensureDatabase(postgres.url, "oncepay");
  const sandboxDatabaseUrl = await ensureDatabase(postgres.url, "oncepay_sandbox");
  return { databaseUrl, sandboxDatabaseUrl, postgres };
}

/** The card network keeps its own books, so that they can be compared with ours: never in our database. */
async function useExternal(databaseUrl: string, options: DatabaseOptions): Promise<DevDatabases> {
  const whose = await withClient(databaseUrl, whoseDatabase).catch((error: unknown) => {
    throw new ConfigError(`DATABASE_URL: ${(error as Error).message}.`);
  });
  const own = decodeURIComponent(new URL(databaseUrl).pathname.slice(1));
  if (whose.owner === "others" && !options.migrate) {
    throw new ConfigError(
      `DATABASE_URL: the database ${own} holds tables that are not oncepay's (${whose.tables.join(", ")}). ` +
        "Nothing was changed. Give the address of an empty database, " +
        'or run "npm start -- --migrate" to create oncepay\'s tables alongside them.',
    );
  }
  const given = options.sandboxDatabaseUrl;
  if (given !== undefined) return { databaseUrl, sandboxDatabaseUrl: given };
  const name = `${own}_sandbox`;
  try {
    return { databaseUrl, sandboxDatabaseUrl: await ensureDatabase(databaseUrl, name) };
  } catch (error) {
    throw new ConfigError(
      `The database ${name} for the sandbox card network could not be created: ${(error as Error).message}. ` +
        "Set ONCEPAY_SANDBOX_DATABASE_URL to a database it may use.",
      { cause: error },
    );
  }
}

async function ensureDatabase(serverUrl: string, name: string): Promise<string> {
  await withClient(serverUrl, async (client) => {
    const found = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (found.rowCount === 0) {
      await client.query(`create database ${client.escapeIdentifier(name)}`);
    }
  });
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}
