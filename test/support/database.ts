import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { keepLeaksOf } from "./artefacts";

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A migrated, empty database of the caller's own: a copy of the run's template, about 50 ms. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(setting("TEST_TEMPLATE_DATABASE"));
}

/** A database with nothing in it, for what brings its own migrations. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase("template0");
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const suffix = randomBytes(6).toString("hex");
  const name = setting("TEST_TEMPLATE_DATABASE").replace(/template$/, suffix);
  await onServer(`create database ${name} template ${template}`);
  const url = new URL(testServerUrl());
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => {
      await keepLeaksOf(url.href).catch(gone);
      await onServer(`drop database if exists ${name} with (force)`);
    },
  };
}

/** The run's server, logged in as its superuser. */
export function testServerUrl(): string {
  return setting("TEST_SERVER_URL");
}

/** Some tests drop their database themselves, or do not let anybody connect to it. */
function gone(error: unknown): void {
  const { code = "" } = error as { code?: string };
  if (!["3D000", "55000", "ECONNREFUSED", "57P03"].includes(code)) throw error;
}

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: testServerUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run this under Jest.`);
  return value;
}
