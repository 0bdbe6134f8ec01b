import { rm } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/dev/postgres/embedded-postgres";
import { migrate } from "../../src/db/migrate";
import { createRunDirectory, reapDeadRuns } from "../setup/test-run";

/** A private Postgres whose commits are on disk, with databases made to order. */
export interface Server {
  readonly directory: string;
  readonly pid: number;
  createDatabase(kind: "migrated" | "empty"): Promise<string>;
  dropDatabase(url: string): Promise<void>;
  remove(): Promise<void>;
}

const TEMPLATE = "bench_template";

export async function startServer(): Promise<Server> {
  // What an earlier run could not remove, because it was killed.
  await reapDeadRuns();
  const directory = createRunDirectory();
  let postgres: EmbeddedPostgres | undefined;
  const remove = async (): Promise<void> => {
    await postgres?.remove();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const started = await startEmbeddedPostgres({
      dataDir: path.join(directory, "postgres"),
      durable: true,
    });
    postgres = started;
    await onServer(started.url, `create database ${TEMPLATE}`);
    await migrate({ databaseUrl: databaseUrl(started.url, TEMPLATE) });
    let made = 0;
    return {
      directory,
      pid: started.pid,
      createDatabase: async (kind) => {
        made += 1;
        const name = `bench_${String(made)}`;
        const template = kind === "migrated" ? TEMPLATE : "template0";
        await onServer(started.url, `create database ${name} template ${template}`);
        return databaseUrl(started.url, name);
      },
      dropDatabase: async (url) => {
        const name = new URL(url).pathname.slice(1);
        await onServer(started.url, `drop database if exists ${name} with (force)`);
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

export async function onServer<Row>(url: string, statement: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query(statement);
    return rows as Row[];
  } finally {
    await client.end();
  }
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
