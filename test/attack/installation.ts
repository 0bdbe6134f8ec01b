import { mkdirSync } from "node:fs";
import { randomBytes } from "node:crypto";
import path from "node:path";
import {
  NODE_FLAGS,
  PROGRAMS,
  inboxUrl,
  sandboxEnvironment,
  systemEnvironment,
} from "../../src/dev/programs";
import type { Db } from "../../src/db/db";
import { connect } from "../../src/db/connect";
import { type CreatedMerchant, createMerchant } from "../../src/merchants/create-merchant";
import type { Movement } from "../../src/audit/compare-movements";
import { newId } from "../../src/ids";
import { createSecretBox, parseEncryptionKeys } from "../../src/security/secrets";
import { newWebhookSecret } from "../../src/webhooks/sign";
import { type Child, type ChildPlan, type Env, createChild } from "./child";
import type { Cluster } from "./cluster";
import { listeningPort } from "../support/listening-port";
import type { Release } from "./rolling/release";
import { type TcpProxy, startTcpProxy } from "./tcp-proxy";

/** Everything that takes part in a payment, as real processes, with a tenant and its webhook receiver. */
export interface Installation {
  readonly apis: readonly Child[];
  readonly workers: readonly Child[];
  readonly sandbox: Child;
  readonly consumer: Child;
  readonly merchant: CreatedMerchant;
  /** What the card network signs its webhooks with. */
  readonly sandboxSecret: string;
  /** The harness' own way into the database, past every proxy. */
  readonly db: Db;
  readonly databaseUrl: string;
  readonly proxies: Proxies;
  readonly logDirectory: string;
  /** What our processes are given, as the last of the workers has it: for one that is started by hand. */
  readonly env: Env;
  /** Where it is not the sandbox. */
  readonly network: WitnessedNetwork | undefined;
  /** Where clients call: each API process, through its proxy where there is one. */
  readonly graphqlUrls: readonly string[];
  stop(): Promise<void>;
}

export interface Proxies {
  /** Between clients and the first API process. */
  readonly api?: TcpProxy;
  /** Between our processes and Postgres. */
  readonly database?: TcpProxy;
  /** Between the workers and the card network. */
  readonly processor?: TcpProxy;
}

export interface InstallationOptions {
  readonly name: string;
  readonly apis?: number;
  readonly workers?: number;
  /** For API and worker processes. */
  readonly env?: Env;
  /** For one worker process beyond that. */
  readonly workerEnv?: (index: number) => Env;
  readonly workerArgs?: (index: number) => readonly string[];
  readonly proxied?: readonly (keyof Proxies)[];
  /** Processes that connect to the database past its proxy. */
  readonly direct?: readonly string[];
  /** Processes that reach the database's server by another address, as host:port. */
  readonly through?: Readonly<Record<string, string>>;
  readonly latencyMs?: readonly [number, number];
  readonly seed?: number;
  /** Another processor than the sandbox, whose books are the witness of what moved; closed with the installation. */
  readonly network?: WitnessedNetwork;
  /** Where the card network and the consumer keep theirs, when our own server is what is attacked. */
  readonly witnesses?: Cluster;
  /** What runs the API and the workers, over a database that it has migrated itself; what is built here otherwise. */
  readonly release?: Release;
  /** Where callers and the card network's webhooks come in, if not at each API. */
  readonly frontPort?: number;
  /** Of another installation, which shares it. */
  readonly encryptionKey?: string;
}

export interface WitnessedNetwork {
  movements(): Promise<Movement[]>;
  close(): Promise<void>;
}

const ROOT = path.resolve(__dirname, "../..");
const DIST = path.join(ROOT, "dist");
const REGISTER = path.join(__dirname, "register.js");
const PRELOAD = path.join(__dirname, "preload.js");
const HOST = "127.0.0.1";

/** Everything that waits, waits a little: minutes of the world in seconds of ours. */
const SHORT_SCHEDULES: Env = {
  ONCEPAY_LOOKUP_SCHEDULE_MS: "500,1000,2000,5000",
  // Answers are lost, or kept back, and not too late because the machine is slow. What a dead worker was looking up, or
  // delivering, is nobody else's for a few times as long.
  ONCEPAY_PROCESSOR_TIMEOUT_MS: "10000",
  ONCEPAY_WORKER_LEASE_MS: "3000",
  ONCEPAY_SWEEP_MS: "300",
  ONCEPAY_WEBHOOK_SCHEDULE_MS: "300,500,1000,2000,2000,2000,5000,5000,5000,5000",
  ONCEPAY_WEBHOOK_TIMEOUT_MS: "5000",
};

export async function startInstallation(
  cluster: Cluster,
  options: InstallationOptions,
): Promise<Installation> {
  const logDirectory = path.join(cluster.directory, options.name);
  mkdirSync(logDirectory, { recursive: true });
  const [databaseUrl, sandboxDatabaseUrl, consumerDatabaseUrl] = await Promise.all([
    cluster.createDatabase(options.release ? "empty" : "migrated"),
    (options.witnesses ?? cluster).createDatabase("empty"),
    (options.witnesses ?? cluster).createDatabase("empty"),
  ]);
  const { network } = options;
  const closers: (() => Promise<void>)[] = network ? [() => network.close()] : [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close().catch(() => undefined);
  };
  try {
    const db = connect({
      url: databaseUrl,
      poolMax: 4,
      applicationName: "oncepay attack",
      statementTimeoutMs: 0,
      lockTimeoutMs: 60_000,
      connectTimeoutMs: 60_000,
    });
    closers.push(() => db.destroy());
    const secrets = newSecrets(options);
    const ports = await choosePorts(options);
    const consumerUrl = `http://${HOST}:${String(ports.consumer)}`;
    await options.release?.migrate(databaseUrl);
    const merchant =
      (await options.release?.createMerchant(databaseUrl)) ??
      (await createMerchant(db, "A shop under attack"));
    await createEndpoint(db, merchant.id, { ...secrets, receiverUrl: `${consumerUrl}/webhooks` });
    const proxies = await startProxies(options.proxied ?? [], {
      api: { host: HOST, port: ports.apis[0] ?? 0 },
      database: options.proxied?.includes("database") === true ? addressOf(databaseUrl) : NOWHERE,
      processor: { host: HOST, port: ports.sandbox },
    });
    closers.push(async () => {
      await Promise.all(Object.values(proxies).map((proxy: TcpProxy) => proxy.close()));
    });
    const plans = planChildren({
      options,
      ports,
      secrets,
      proxies,
      databaseUrl,
      sandboxDatabaseUrl,
      consumerDatabaseUrl,
    });
    const children = plans.map((plan) => createChild(plan, logDirectory));
    closers.push(async () => {
      await Promise.all(children.map((child) => child.kill()));
    });
    await Promise.all(children.map((child) => child.start()));
    const named = (name: string): Child[] =>
      children.filter((child) => child.name.startsWith(name));
    const [sandbox, consumer] = [...named("sandbox"), ...named("consumer")];
    if (!sandbox || !consumer) throw new Error("a part of the installation is missing");
    const apis = named("api");
    const graphqlUrls = apis.map(({ url }, index) => {
      const port = options.frontPort ?? (index === 0 ? proxies.api?.port : undefined);
      return `${port === undefined ? url : `http://${HOST}:${String(port)}`}/graphql`;
    });
    const workers = named("worker");
    const { env = {} } = plans.filter(({ name }) => name.startsWith("worker")).at(-1) ?? {};
    return {
      env,
      apis,
      workers,
      sandbox,
      consumer,
      merchant,
      db,
      databaseUrl,
      proxies,
      logDirectory,
      network,
      graphqlUrls,
      sandboxSecret: secrets.sandboxSecret,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Secrets {
  readonly encryptionKey: string;
  readonly endpointSecret: string;
  readonly sandboxSecret: string;
}

function newSecrets({ encryptionKey }: InstallationOptions): Secrets {
  return {
    encryptionKey: encryptionKey ?? randomBytes(32).toString("base64"),
    endpointSecret: newWebhookSecret(),
    sandboxSecret: `whsec_${randomBytes(32).toString("base64")}`,
  };
}

interface Ports {
  readonly apis: readonly number[];
  /** The internal ports of the same processes. */
  readonly internal: readonly number[];
  readonly workers: readonly number[];
  readonly sandbox: number;
  readonly consumer: number;
}

async function choosePorts({ apis = 1, workers = 1 }: InstallationOptions): Promise<Ports> {
  const free = (count: number): Promise<number[]> =>
    Promise.all(Array.from({ length: count }, listeningPort));
  const [sandbox = 0, consumer = 0] = await free(2);
  return {
    apis: await free(apis),
    internal: await free(apis),
    workers: await free(workers),
    sandbox,
    consumer,
  };
}

/** Of a way that has no proxy: one that names several hosts has no address. */
const NOWHERE = { host: HOST, port: 0 };

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

async function createEndpoint(
  db: Db,
  merchantId: string,
  given: { encryptionKey: string; endpointSecret: string; receiverUrl: string },
): Promise<void> {
  const id = newId("webhookEndpoint");
  const box = createSecretBox(parseEncryptionKeys(given.encryptionKey));
  await db("webhook_endpoints").insert({
    merchant_id: merchantId,
    id,
    url: given.receiverUrl,
    secret: box.seal(given.endpointSecret, id),
    idempotency_key: "attack",
  });
}

async function startProxies(
  names: readonly (keyof Proxies)[],
  targets: Record<keyof Proxies, { host: string; port: number }>,
): Promise<Proxies> {
  const started = await Promise.all(
    names.map(async (name) => [name, await startTcpProxy(targets[name])] as const),
  );
  return Object.fromEntries(started);
}

interface PlanInput {
  readonly options: InstallationOptions;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly proxies: Proxies;
  readonly databaseUrl: string;
  readonly sandboxDatabaseUrl: string;
  readonly consumerDatabaseUrl: string;
}

function planChildren(input: PlanInput): ChildPlan[] {
  const { options, ports, secrets } = input;
  const base: Env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    NODE_ENV: "test",
    HOST,
  };
  const ours: Env = {
    ...base,
    ...SHORT_SCHEDULES,
    LOG_LEVEL: "info",
    ...systemEnvironment({
      databaseUrl: throughProxy(input.databaseUrl, input.proxies.database),
      encryptionKey: secrets.encryptionKey,
      sandboxUrl: `http://${HOST}:${String(input.proxies.processor?.port ?? ports.sandbox)}`,
      sandboxWebhookSecret: secrets.sandboxSecret,
    }),
    ...options.env,
  };
  const url = (port: number): string => `http://${HOST}:${String(port)}`;
  const apis = ports.apis.map((port, index): ChildPlan => ({
    name: `api-${String(index)}`,
    ...programOf("api", options.release?.dist),
    env: {
      ...ours,
      PORT: String(port),
      ONCEPAY_INTERNAL_PORT: String(ports.internal[index] ?? 0),
    },
    url: url(port),
    internalUrl: url(ports.internal[index] ?? 0),
  }));
  const workers = ports.workers.map((port, index): ChildPlan => ({
    name: `worker-${String(index)}`,
    ...programOf("worker", options.release?.dist),
    execArgv: [...NODE_FLAGS, "-r", PRELOAD],
    args: options.workerArgs?.(index) ?? [],
    env: { ...ours, ONCEPAY_METRICS_PORT: String(port), ...options.workerEnv?.(index) },
    url: url(port),
  }));
  const all = [...apis, ...workers].map((plan) => {
    const through = options.through?.[plan.name];
    if (through === undefined && options.direct?.includes(plan.name) !== true) return plan;
    const direct = through === undefined ? input.databaseUrl : at(through, input.databaseUrl);
    return { ...plan, env: { ...plan.env, DATABASE_URL: direct } };
  });
  return [...all, ...planOthers(input, base)];
}

/** A program of this build, or of another one. */
export function programOf(
  name: "api" | "worker" | "sandbox",
  dist: string = DIST,
): Pick<ChildPlan, "entry" | "readyPath" | "execArgv"> {
  const { entry, readyPath } = PROGRAMS[name];
  return { entry: path.join(dist, `${entry}.js`), readyPath, execArgv: NODE_FLAGS };
}

/** Those that are not ours: each has what a stranger would have. */
function planOthers({ options, ports, secrets, ...databases }: PlanInput, base: Env): ChildPlan[] {
  return [
    {
      name: "sandbox",
      ...programOf("sandbox"),
      env: {
        ...base,
        PORT: String(ports.sandbox),
        LOG_LEVEL: "warn",
        ...sandboxEnvironment({
          databaseUrl: databases.sandboxDatabaseUrl,
          webhooks: {
            url: inboxUrl(`http://${HOST}:${String(options.frontPort ?? ports.apis[0] ?? 0)}`),
            secret: secrets.sandboxSecret,
          },
          latencyMs: options.latencyMs ?? [5, 50],
          seed: options.seed ?? 1,
        }),
      },
      url: `http://${HOST}:${String(ports.sandbox)}`,
    },
    {
      name: "consumer",
      entry: path.join(ROOT, "examples/downstream-consumer/main.ts"),
      execArgv: ["-r", REGISTER],
      env: {
        ...base,
        PORT: String(ports.consumer),
        CONSUMER_DATABASE_URL: databases.consumerDatabaseUrl,
        CONSUMER_WEBHOOK_SECRET: secrets.endpointSecret,
      },
      url: `http://${HOST}:${String(ports.consumer)}`,
      readyPath: "/effects",
    },
  ];
}

/** The same database, where the server has another address. */
function at(address: string, databaseUrl: string): string {
  const { pathname } = new URL(databaseUrl.replace(/@[^/]*/, "@host"));
  return `${databaseUrl.replace(/@.*/, "")}@${address}${pathname}`;
}

function throughProxy(databaseUrl: string, proxy: TcpProxy | undefined): string {
  if (!proxy) return databaseUrl;
  const url = new URL(databaseUrl);
  url.port = String(proxy.port);
  return url.href;
}
