/** The programs of an installation: said once, for `npm start`, the attacks and the bench. */

/**
 * How Node runs them, which is about garbage (docs/speed.md has the figures). Deployments say the same for themselves
 * (test/deploy/deploy).
 *
 * - Its young generation holds some hundred requests by default, 100 KB each: with more under way than that, a third of
 *   the API's time went into copying what they still needed. Four times as much costs 50 MB of memory.
 * - The old generation was collected whenever it had grown by 8 MB, every few seconds, with both cores at work on it for
 *   50 to 100 ms. Now it may grow to twice what is needed, which is 40 MB more.
 */
export const NODE_FLAGS: readonly string[] = [
  "--max-semi-space-size=64",
  "--heap-growing-percent=100",
];

export type ProgramName = "api" | "worker" | "sandbox" | "receiver";

export interface ProgramFacts {
  /** Below the checkout as .ts, below dist as .js. */
  readonly entry: string;
  /** The setting that the program takes its port from. */
  readonly portSetting: "PORT" | "ONCEPAY_METRICS_PORT";
  /** What `npm start` calls the same setting, which has four programs to tell apart. */
  readonly chosenBy:
    "PORT" | "ONCEPAY_METRICS_PORT" | "ONCEPAY_SANDBOX_PORT" | "ONCEPAY_RECEIVER_PORT";
  readonly usualPort: number;
  /** Answers 200 once the program does its work, and names the instance that answers. */
  readonly readyPath: string;
}

export const PROGRAMS: Readonly<Record<ProgramName, ProgramFacts>> = {
  api: {
    entry: "src/server",
    portSetting: "PORT",
    chosenBy: "PORT",
    usualPort: 4000,
    readyPath: "/health/ready",
  },
  worker: {
    entry: "workers/main",
    portSetting: "ONCEPAY_METRICS_PORT",
    chosenBy: "ONCEPAY_METRICS_PORT",
    usualPort: 4001,
    readyPath: "/health/ready",
  },
  sandbox: {
    entry: "src/sandbox/main",
    portSetting: "PORT",
    chosenBy: "ONCEPAY_SANDBOX_PORT",
    usualPort: 4010,
    readyPath: "/health/live",
  },
  receiver: {
    entry: "src/dev/receiver",
    portSetting: "PORT",
    chosenBy: "ONCEPAY_RECEIVER_PORT",
    usualPort: 4020,
    readyPath: "/health/live",
  },
};

/** Where the API takes the card network's webhooks. */
const INBOX_PATH = "/processors/sandbox/webhooks";

export function inboxUrl(apiUrl: string): string {
  return apiUrl + INBOX_PATH;
}

/** What the API and the worker need to know. */
export function systemEnvironment(given: {
  readonly databaseUrl: string;
  readonly encryptionKey: string;
  readonly sandboxUrl: string;
  readonly sandboxWebhookSecret?: string;
}): Record<string, string> {
  return {
    DATABASE_URL: given.databaseUrl,
    ONCEPAY_ENCRYPTION_KEY: given.encryptionKey,
    ONCEPAY_SANDBOX_URL: given.sandboxUrl,
    ...(given.sandboxWebhookSecret && {
      ONCEPAY_SANDBOX_WEBHOOK_SECRET: given.sandboxWebhookSecret,
    }),
    // Receivers of development are on this machine.
    ONCEPAY_WEBHOOK_ALLOW_LOOPBACK: "true",
  };
}

/** What the card network needs to know, and no more: in particular never our database. */
export function sandboxEnvironment(given: {
  readonly databaseUrl: string;
  readonly webhooks?: { readonly url: string; readonly secret: string };
  readonly latencyMs?: readonly [min: number, max: number];
  readonly seed?: number;
}): Record<string, string> {
  const { webhooks, latencyMs, seed } = given;
  return {
    ONCEPAY_SANDBOX_DATABASE_URL: given.databaseUrl,
    ...(webhooks && {
      ONCEPAY_SANDBOX_WEBHOOK_URL: webhooks.url,
      ONCEPAY_SANDBOX_WEBHOOK_SECRET: webhooks.secret,
    }),
    ...(latencyMs && {
      ONCEPAY_SANDBOX_MIN_MS: String(latencyMs[0]),
      ONCEPAY_SANDBOX_MAX_MS: String(latencyMs[1]),
    }),
    ...(seed !== undefined && { ONCEPAY_SANDBOX_SEED: String(seed) }),
  };
}
