import path from "node:path";
import type { DevDatabases } from "./dev-databases";
import type { DevSecrets, DevState } from "./dev-files";
import { freePort } from "./free-port";
import type { ProcessPlan } from "./supervised-process";

export interface DevPorts {
  api: number;
  workerMetrics: number;
  sandbox: number;
  receiver: number;
}

const HOST = "127.0.0.1";
/** Where the API takes the card network's webhooks. */
const INBOX_PATH = "/processors/sandbox/webhooks";
const USUAL_PORTS: DevPorts = { api: 4000, workerMetrics: 4001, sandbox: 4010, receiver: 4020 };

export async function choosePorts(log: (line: string) => void): Promise<DevPorts> {
  const ports = { ...USUAL_PORTS };
  const wanted = process.env["PORT"];
  if (wanted) ports.api = Number(wanted);
  for (const name of Object.keys(ports) as (keyof DevPorts)[]) {
    const free = await freePort(ports[name]);
    if (free !== ports[name]) log(`port ${ports[name]} (${name}) is taken; using ${free}`);
    ports[name] = free;
  }
  return ports;
}

export function urlsOf(
  ports: DevPorts,
): Pick<DevState, "graphqlUrl" | "sandboxUrl" | "webhookReceiverUrl"> {
  return {
    graphqlUrl: `http://${HOST}:${ports.api}/graphql`,
    sandboxUrl: `http://${HOST}:${ports.sandbox}`,
    webhookReceiverUrl: `http://${HOST}:${ports.receiver}/webhooks`,
  };
}

export interface PlanInput {
  dist: string;
  ports: DevPorts;
  databases: DevDatabases;
  secrets: DevSecrets;
  webhookSecret: string;
}

/** Each process gets what it needs and no more: the card network in particular never our database. */
export function planProcesses(input: PlanInput): ProcessPlan[] {
  const { dist, ports, databases, secrets } = input;
  const shared = sharedEnvironment(ports);
  const ours = {
    DATABASE_URL: databases.databaseUrl,
    ONCEPAY_ENCRYPTION_KEY: secrets.ONCEPAY_ENCRYPTION_KEY,
    ONCEPAY_SANDBOX_URL: `http://${HOST}:${ports.sandbox}`,
    ONCEPAY_SANDBOX_WEBHOOK_SECRET: secrets.ONCEPAY_SANDBOX_WEBHOOK_SECRET,
    ONCEPAY_WEBHOOK_ALLOW_LOOPBACK: "true",
    ONCEPAY_CORS_ORIGINS: "*",
  };
  const sandboxOnly = {
    ONCEPAY_SANDBOX_DATABASE_URL: databases.sandboxDatabaseUrl,
    ONCEPAY_SANDBOX_PUBLIC_URL: `http://${HOST}:${ports.sandbox}`,
    ONCEPAY_SANDBOX_WEBHOOK_URL: `http://${HOST}:${ports.api}${INBOX_PATH}`,
    ONCEPAY_SANDBOX_WEBHOOK_SECRET: secrets.ONCEPAY_SANDBOX_WEBHOOK_SECRET,
  };
  const entry = (file: string): string => path.join(dist, file);
  return [
    {
      name: "sandbox",
      entry: entry("src/sandbox/main.js"),
      env: { ...shared, ...sandboxOnly, PORT: String(ports.sandbox) },
      readyUrl: `http://${HOST}:${ports.sandbox}/health/live`,
    },
    {
      name: "api",
      entry: entry("src/server.js"),
      env: { ...shared, ...ours, PORT: String(ports.api) },
      readyUrl: `http://${HOST}:${ports.api}/health/ready`,
    },
    {
      name: "worker",
      entry: entry("workers/main.js"),
      env: { ...shared, ...ours, ONCEPAY_METRICS_PORT: String(ports.workerMetrics) },
      readyUrl: `http://${HOST}:${ports.workerMetrics}/health/ready`,
    },
    {
      name: "receiver",
      entry: entry("src/dev/receiver.js"),
      env: {
        ...shared,
        ONCEPAY_RECEIVER_SECRET: input.webhookSecret,
        PORT: String(ports.receiver),
      },
      readyUrl: `http://${HOST}:${ports.receiver}/received`,
    },
  ];
}

/** Decided here for each process; a value from the user's shell must not slip in beside it. */
const DECIDED_HERE =
  /^(npm_.*|PORT|DATABASE_URL|ONCEPAY_(ENCRYPTION_KEY|METRICS_PORT|RECEIVER_SECRET)|ONCEPAY_SANDBOX_(URL|DATABASE_URL|WEBHOOK_URL|WEBHOOK_SECRET|PUBLIC_URL))$/;

function sharedEnvironment(ports: DevPorts): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !DECIDED_HERE.test(name));
  return {
    NODE_ENV: "development",
    LOG_LEVEL: "info",
    ...Object.fromEntries(inherited),
    HOST,
    ONCEPAY_PUBLIC_URL: `http://${HOST}:${ports.api}`,
  };
}
