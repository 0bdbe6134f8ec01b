import { Client } from "pg";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "./postgres/embedded-postgres";

export interface DevDatabases {
  databaseUrl: string;
  sandboxDatabaseUrl: string;
  postgres?: EmbeddedPostgres;
}

/** A Postgres of the user's own when DATABASE_URL names one, else the embedded one. */
export async function openDevDatabases(
  dataDir: string,
  log: (line: string) => void,
): Promise<DevDatabases> {
  const external = process.env["DATABASE_URL"];
  if (external) return useExternal(external);
  const postgres = await startEmbeddedPostgres({ dataDir, durable: true, log });
  const databaseUrl = await ensureDatabase(postgres.url, "oncepay");
  const sandboxDatabaseUrl = await ensureDatabase(postgres.url, "oncepay_sandbox");
  return { databaseUrl, sandboxDatabaseUrl, postgres };
}

/** The card network keeps its own books, so that they can be compared with ours: never in our database. */
async function useExternal(databaseUrl: string): Promise<DevDatabases> {
  const given = process.env["ONCEPAY_SANDBOX_DATABASE_URL"];
  if (given) return { databaseUrl, sandboxDatabaseUrl: given };
  const name = `${decodeURIComponent(new URL(databaseUrl).pathname.slice(1))}_sandbox`;
  try {
    return { databaseUrl, sandboxDatabaseUrl: await ensureDatabase(databaseUrl, name) };
  } catch (error) {
    throw new Error(
      `The database ${name} for the sandbox card network cannot be made: ${(error as Error).message}. ` +
        "Set ONCEPAY_SANDBOX_DATABASE_URL to a database it may use.",
      { cause: error },
    );
  }
}

async function ensureDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const found = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (found.rowCount === 0) {
      await client.query(`create database ${client.escapeIdentifier(name)}`);
    }
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}
