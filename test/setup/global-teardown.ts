import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Client } from "pg";
import { artefactsDirectory, leaksInFiles } from "../support/artefacts";

export default async function globalTeardown(): Promise<void> {
  const cluster = globalThis.oncepayTestCluster;
  if (cluster === undefined) return;
  const leaks = findLeaks();
  try {
    if (cluster.postgres) await cluster.postgres.remove();
    else await dropRunDatabases(cluster.serverUrl, cluster.runId);
  } finally {
    await rm(cluster.directory, { recursive: true, force: true });
  }
  // Jest fails with this, whatever the tests have said.
  if (leaks.length > 0) {
    throw new Error(`The run has left behind what it must not:\n  ${leaks.join("\n  ")}`);
  }
}

function findLeaks(): string[] {
  const directory = artefactsDirectory();
  if (directory === undefined || !existsSync(directory)) return [];
  return leaksInFiles(directory).slice(0, SHOWN_MAX);
}

const SHOWN_MAX = 50;

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
