import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import path from "node:path";
import {
  NODE_FLAGS,
  PROGRAMS,
  sandboxEnvironment,
  systemEnvironment,
} from "../../src/dev/programs";
import type { Db } from "../../src/db/db";
import { connect } from "../../src/db/connect";
import { migrate } from "../../src/db/migrate";
import { newId } from "../../src/ids";
import { type CreatedMerchant, createMerchant } from "../../src/merchants/create-merchant";
import { createSecretBox, parseEncryptionKeys } from "../../src/security/secrets";
import { newWebhookSecret } from "../../src/webhooks/sign";
import { type Child, type ChildPlan, startChild } from "./child";
import { REGISTER } from "./helper";
import type { Checkout } from "./pair/checkout";
import { listeningPort } from "../support/listening-port";
import type { Server } from "./server";

/** One deployment of the product as real processes over a database of its own, with its merchants. */
export interface Installation {
  readonly databaseUrl: string;
  /** Our own way into the database. */
  readonly db: Db;
  readonly merchants: readonly CreatedMerchant[];
  readonly encryptionKey: string;
  start(program: ProgramName, options?: StartOptions): Promise<Child>;
  /** One more process of a program that runs already, on a port of its own. */
  startAnother(program: ProgramName): Promise<Child>;
  stop(): Promise<void>;
}

export type ProgramName = "api" | "worker" | "sandbox";

export interface StartOptions {
  readonly nodeFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface InstallationOptions {
  readonly name: string;
  readonly merchants?: number;
  readonly webhooks?: {
    readonly port: number;
    readonly secret: string;
    /** None: all of them. */
    readonly eventTypes: readonly string[];
  };
  readonly latencyMs?: readonly [number, number];
  readonly env?: Readonly<Record<string, string>>;
  readonly source: boolean;
  /** Whose programs, tables and keys; this checkout's own when absent. */
  readonly checkout?: Checkout;
}

const ROOT = path.resolve(__dirname, "../..");
const HOST = "127.0.0.1";

const OURS: Checkout = { directory: ROOT, migrate, connect, createMerchant, NODE_FLAGS };

export function programArgs(name: ProgramName, source: boolean, directory = ROOT): string[] {
  const { entry } = PROGRAMS[name];
  return source
    ? ["-r", REGISTER, path.join(directory, `${entry}.ts`)]
    : [path.join(directory, "dist", `${entry}.js`)];
}

export async function createInstallation(
  server: Server,
  options: InstallationOptions,
): Promise<Installation> {
  const { checkout = OURS } = options;
  const databaseUrl = await server.createDatabase(options.checkout ? "empty" : "migrated");
  if (options.checkout) await checkout.migrate({ databaseUrl });
  const sandboxDatabaseUrl = await server.createDatabase("empty");
  const encryptionKey = randomBytes(32).toString("base64");
  const db = checkout.connect({
    url: databaseUrl,
    poolMax: 4,
    applicationName: "oncepay bench",
    // What we fill tables with takes as long as it takes.
    statementTimeoutMs: 0,
  });
  const logDirectory = path.join(server.directory, options.name);
  mkdirSync(logDirectory, { recursive: true });
  const children = new Set<Child>();
  const merchants = await createMerchants(db, options, encryptionKey);
  const ports = {
    api: await listeningPort(),
    worker: await listeningPort(),
    sandbox: await listeningPort(),
  };
  const start = async (
    program: ProgramName,
    given: StartOptions = {},
    at: typeof ports = ports,
  ): Promise<Child> => {
    const plan = planOf(program, {
      options,
      ports: at,
      databaseUrl,
      sandboxDatabaseUrl,
      encryptionKey,
    });
    const child = await startChild(
      {
        ...plan,
        args: [
          ...(checkout.NODE_FLAGS ?? []),
          ...(given.nodeFlags ?? []),
          ...programArgs(program, options.source, checkout.directory),
        ],
        env: { ...plan.env, ...given.env },
      },
      logDirectory,
    );
    children.add(child);
    return child;
  };
  return {
    databaseUrl,
    db,
    merchants,
    encryptionKey,
    start: (program, given) => start(program, given),
    startAnother: async (program) =>
      start(program, {}, { ...ports, [program]: await listeningPort() }),
    stop: async () => {
      await Promise.all([...children].map((child) => child.kill()));
      await db.destroy();
      await server.dropDatabase(databaseUrl);
      await server.dropDatabase(sandboxDatabaseUrl);
    },
  };
}

async function createMerchants(
  db: Db,
  { merchants = 1, webhooks, checkout = OURS }: InstallationOptions,
  encryptionKey: string,
): Promise<CreatedMerchant[]> {
  const made: CreatedMerchant[] = [];
  for (let count = 0; count < merchants; count += 1) {
    made.push(await checkout.createMerchant(db, `Shop ${String(count + 1)}`));
  }
  if (!webhooks) return made;
  const box = createSecretBox(parseEncryptionKeys(encryptionKey));
  await db.batchInsert(
    "webhook_endpoints",
    made.map((merchant) => {
      const id = newId("webhookEndpoint");
      return {
        merchant_id: merchant.id,
        id,
        url: `http://${HOST}:${String(webhooks.port)}/webhooks`,
        event_types: webhooks.eventTypes,
        secret: box.seal(webhooks.secret, id),
        idempotency_key: "bench",
      };
    }),
    500,
  );
  return made;
}

export function newReceiverSecret(): string {
  return newWebhookSecret();
}

interface PlanInput {
  readonly options: InstallationOptions;
  readonly ports: Readonly<Record<ProgramName, number>>;
  readonly databaseUrl: string;
  readonly sandboxDatabaseUrl: string;
  readonly encryptionKey: string;
}

function planOf(program: ProgramName, input: PlanInput): Omit<ChildPlan, "args"> {
  const { options, ports } = input;
  const port = ports[program];
  const base = {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? "",
    NODE_ENV: "production",
    LOG_LEVEL: "warn",
    HOST,
    PORT: String(port),
  };
  const { readyPath } = PROGRAMS[program];
  if (program === "sandbox") {
    const env = {
      ...base,
      ...sandboxEnvironment({
        databaseUrl: input.sandboxDatabaseUrl,
        latencyMs: options.latencyMs ?? [0, 0],
      }),
    };
    return { name: program, env, port, readyPath };
  }
  const env = {
    ...base,
    ...systemEnvironment({
      databaseUrl: input.databaseUrl,
      encryptionKey: input.encryptionKey,
      sandboxUrl: `http://${HOST}:${String(ports.sandbox)}`,
    }),
    ONCEPAY_METRICS_PORT: String(ports.worker),
    // Nobody looks.
    ONCEPAY_INTERNAL_PORT: "0",
    // One tenant asks for as many pages as there can be. It is counted all the same.
    ONCEPAY_LIMIT_QUERY_COST: "key=100000000000,tenant=100000000000,address=100000000000",
    ...options.env,
  };
  return { name: program, env, port, readyPath };
}
