import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/dev/postgres/embedded-postgres";
import { migrate } from "../../src/db/migrate";
import { createRunDirectory, reapDeadRuns } from "../setup/test-run";

/** A Postgres server with databases made to order. */
export interface Cluster {
  readonly serverUrl: string;
  /** For logs and other files of this run. */
  readonly directory: string;
  /** The server itself, where it is ours to kill. */
  readonly postgres?: EmbeddedPostgres;
  /** A migrated database, or an empty one. */
  createDatabase(kind: "migrated" | "empty"): Promise<string>;
  /** Copies what processes wrote to where it outlives the cluster; returns where. */
  keepLogs(): Promise<string>;
  remove(): Promise<void>;
}

/** A private server. `durable` where the attack is a crash of Postgres itself: commits must then survive it. */
export async function startCluster(options: { readonly durable: boolean }): Promise<Cluster> {
  await reapDeadRuns();
  const directory = createRunDirectory();
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(directory, "postgres"),
    durable: options.durable,
    // Several installations at a time, each process with its pools.
    settings: { max_connections: "500", shared_buffers: "256MB" },
  });
  return {
    ...(await clusterOn(postgres.url, directory)),
    postgres,
    remove: async () => {
      await postgres.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** On a server that somebody else has started, and removes. */
export async function clusterOn(serverUrl: string, directory: string): Promise<Cluster> {
  const template = "oncepay_attack_template";
  await onServer(serverUrl, `create database ${template}`);
  await migrate({ databaseUrl: databaseUrl(serverUrl, template) });
  return {
    ...databasesOf(serverUrl, template),
    directory,
    keepLogs: () => keepLogs(directory),
    remove: () => Promise.resolve(),
  };
}

/** Under Jest: the run's own server and its migrated template, which come and go with the run. */
export function clusterOfTestRun(): Cluster {
  const serverUrl = process.env["TEST_SERVER_URL"];
  const template = process.env["TEST_TEMPLATE_DATABASE"];
  if (serverUrl === undefined || template === undefined) throw new Error("Run this under Jest.");
  const directory = createRunDirectory();
  return {
    ...databasesOf(serverUrl, template),
    directory,
    keepLogs: () => keepLogs(directory),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

function databasesOf(
  serverUrl: string,
  template: string,
): Pick<Cluster, "serverUrl" | "createDatabase"> {
  return {
    serverUrl,
    createDatabase: async (kind) => {
      const name = template.replace(/template$/, randomBytes(6).toString("hex"));
      const from = kind === "migrated" ? template : "template0";
      await onServer(serverUrl, `create database ${name} template ${from}`);
      return databaseUrl(serverUrl, name);
    },
  };
}

/** What servers keep beside logs: data, archives, backups. */
const NOT_LOGS = /^(postgres|primary|restored|archive$|backup$)/;

async function keepLogs(directory: string): Promise<string> {
  const kept = await mkdtemp(path.join(tmpdir(), "oncepay-attack-logs-"));
  await cp(directory, kept, {
    recursive: true,
    filter: (source) => !NOT_LOGS.test(path.basename(source)),
  });
  return kept;
}

/** Returns how many rows the statement was about. */
export async function onServer(serverUrl: string, statement: string): Promise<number> {
  const client = new Client({ connectionString: serverUrl });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(statement)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
