import { rm } from "node:fs/promises";
import { Client } from "pg";

export default async function globalTeardown(): Promise<void> {
  const cluster = globalThis.oncepayTestCluster;
  if (cluster === undefined) return;
  try {
    if (cluster.postgres) await cluster.postgres.remove();
    else await dropRunDatabases(cluster.serverUrl, cluster.runId);
  } finally {
    await rm(cluster.directory, { recursive: true, force: true });
  }
}

/** On a server that is not ours, the databases of this run, and no others, are dropped. */
async function dropRunDatabases(serverUrl: string, runId: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      "select datname from pg_database where starts_with(datname, $1)",
      [`oncepay_test_${runId}_`],
    );
    for (const { datname } of rows) {
      await client.query(`alter database ${datname} with is_template false`);
      await client.query(`drop database ${datname} with (force)`);
    }
  } finally {
    await client.end();
  }
}
