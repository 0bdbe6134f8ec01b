import type { Client } from "pg";
import { explainConnection } from "./explain-connection";
import { PrimaryClient } from "./primary-client";

const CONNECT_MS = 5_000;

/** The database cannot be reached. The message says why, in words for a person. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
}

/** One connection for a few statements of a command. */
export async function withClient<Result>(
  databaseUrl: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new PrimaryClient({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: "oncepay",
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new DatabaseError(explainConnection(databaseUrl, error), { cause: error });
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
