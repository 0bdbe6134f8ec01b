import path from "node:path";
import type { DevDatabases } from "./dev-databases";
import type { DevSecrets } from "./dev-files";
import {
  PROGRAMS,
  type ProgramName,
  inboxUrl,
  sandboxEnvironment,
  systemEnvironment,
} from "./programs";
import type { Seed } from "./seed";
import type { StartOptions } from "./start-options";
import type { ProcessPlan } from "./supervised-process";

const LOOPBACK = "127.0.0.1";

export interface PlanInput {
  readonly dist: string;
  readonly options: StartOptions;
  readonly databases: DevDatabases;
  readonly secrets: DevSecrets;
  readonly demo: Pick<Seed, "secretKey" | "publishableKey" | "webhookSecret">;
  /** Where a program listens; undefined until it has said so. */
  readonly urlOf: (name: ProgramName) => string | undefined;
}

/** Each process gets what it needs and no more: the card network in particular never our database. */
export function planProcesses(input: PlanInput): Record<ProgramName, ProcessPlan> {
  const { databases, secrets, urlOf } = input;
  const ours = (): NodeJS.ProcessEnv => ({
    ...systemEnvironment({
      databaseUrl: databases.databaseUrl,
      encryptionKey: secrets.ONCEPAY_ENCRYPTION_KEY,
      sandboxUrl: urlOf("sandbox") ?? "",
      sandboxWebhookSecret: secrets.ONCEPAY_SANDBOX_WEBHOOK_SECRET,
    }),
    ONCEPAY_CORS_ORIGINS: process.env["ONCEPAY_CORS_ORIGINS"] ?? "*",
  });
  const network = (): NodeJS.ProcessEnv => {
    const api = urlOf("api");
    const secret = secrets.ONCEPAY_SANDBOX_WEBHOOK_SECRET;
    return sandboxEnvironment({
      databaseUrl: databases.sandboxDatabaseUrl,
      ...(api !== undefined && { webhooks: { url: inboxUrl(api), secret } }),
    });
  };
  const plan = (name: ProgramName, own: () => NodeJS.ProcessEnv, host = LOOPBACK): ProcessPlan => ({
    name,
    file: path.join(input.dist, `${PROGRAMS[name].entry}.js`),
    program: PROGRAMS[name],
    host,
    port: input.options.ports[name],
    environment: () => ({ ...inherited(), ...own(), HOST: host }),
  });
  return {
    sandbox: plan("sandbox", network),
    receiver: plan("receiver", () => ({ ONCEPAY_RECEIVER_SECRET: input.demo.webhookSecret })),
    api: plan("api", () => ({ ...ours(), ...demoShop(input.demo) }), input.options.host),
    worker: plan("worker", ours),
  };
}

/** A seed from before there were modes has no demo shop: nothing says that its keys are for tests. */
function demoShop({ secretKey, publishableKey }: PlanInput["demo"]): NodeJS.ProcessEnv {
  if (!secretKey.startsWith("sk_test_")) return {};
  return {
    ONCEPAY_DEMO_SECRET_KEY: secretKey,
    ONCEPAY_DEMO_PUBLISHABLE_KEY: publishableKey,
  };
}

/** Decided for each process; a value from the user's shell must not slip in beside it. */
const DECIDED_HERE =
  /^(npm_.*|HOST|PORT|DATABASE_URL|ONCEPAY_(ENCRYPTION_KEY|METRICS_PORT|CORS_ORIGINS|DEMO_(SECRET|PUBLISHABLE)_KEY)|ONCEPAY_RECEIVER_(PORT|SECRET)|ONCEPAY_SANDBOX_(URL|PORT|DATABASE_URL|WEBHOOK_URL|WEBHOOK_SECRET|PUBLIC_URL))$/;

function inherited(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !DECIDED_HERE.test(name));
  return { NODE_ENV: "development", LOG_LEVEL: "info", ...Object.fromEntries(kept) };
}

/** The card network is started before the API, whose address it posts to; it keeps the address through a restart. */
export async function tellSandbox(
  urls: { readonly sandbox: string; readonly api: string },
  secret: string,
): Promise<void> {
  const response = await fetch(`${urls.sandbox}/admin/webhooks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ url: inboxUrl(urls.api), secret }),
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) throw new Error(`The card network answered ${String(response.status)}.`);
}
