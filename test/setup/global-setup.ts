import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import { Client } from "pg";
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from "../../src/dev/postgres/embedded-postgres";
import { migrate } from "../../src/db/migrate";
import { createRunDirectory, reapDeadRuns } from "./test-run";

export interface TestCluster {
  serverUrl: string;
  runId: string;
  directory: string;
  postgres?: EmbeddedPostgres;
}

declare global {
  var oncepayTestCluster: TestCluster | undefined;
}

/** One server and one migrated template database for the whole run; each test file copies the template. */
export default async function globalSetup(): Promise<void> {
  await reapDeadRuns();
  const directory = createRunDirectory();
  const runId = `${process.pid}_${randomBytes(4).toString("hex")}`;
  const external = process.env["TEST_DATABASE_URL"];
  const cluster: TestCluster = { serverUrl: external ?? "", runId, directory };
  globalThis.oncepayTestCluster = cluster;
  if (external === undefined) {
    cluster.postgres = await startEmbeddedPostgres({
      dataDir: path.join(directory, "postgres"),
      durable: false,
    });
    cluster.serverUrl = cluster.postgres.url;
    cleanUpOnSignals(cluster);
  }
  const template = `oncepay_test_${runId}_template`;
  await createTemplate(cluster.serverUrl, template);
  // Jest's workers are forked after this and inherit the environment.
  process.env["TEST_SERVER_URL"] = cluster.serverUrl;
  process.env["TEST_TEMPLATE_DATABASE"] = template;
  process.env["TEST_ARTEFACTS"] = path.join(directory, "artefacts");
}

async function createTemplate(serverUrl: string, template: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`create database ${template}`);
    const url = new URL(serverUrl);
    url.pathname = `/${template}`;
    await migrate({ databaseUrl: url.href });
    // A forgotten connection to the template would make every later copy fail.
    await client.query(`alter database ${template} with is_template true allow_connections false`);
  } finally {
    await client.end();
  }
}

/** Jest runs no teardown on Ctrl-C. What this misses, the next run reaps. */
function cleanUpOnSignals(cluster: TestCluster): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      if (cluster.postgres?.isAlive()) process.kill(cluster.postgres.pid, "SIGQUIT");
      rmSync(cluster.directory, { recursive: true, force: true, maxRetries: 3 });
      process.exit(1);
    });
  }
}
