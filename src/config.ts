import { z } from "zod";
import { DATABASE_SETTINGS, type DatabaseConfig, databaseConfig } from "./db/settings";
import { EDGE_SETTINGS, type EdgeConfig, edgeConfig } from "./edge/settings";
import { LIMIT_SETTINGS, type LimitConfig, limitConfig } from "./limits/settings";
import { CARD_TRIES_MAX, LOOKUP_SCHEDULE_S } from "./payments/attempt";
import { RESOLVE_SETTINGS, type ResolveConfig, resolveConfig } from "./payments/resolve-settings";
import {
  ConfigError,
  PROCESS_SETTINGS,
  describeSettings as describe,
  flag,
  parseSettings,
  port,
  wholeNumber,
} from "./process/settings";
import { QUEUE_SETTINGS, type QueueConfig, queueConfig } from "./process/queue-settings";
import { TRACING_SETTINGS, type TracingConfig, tracingConfig } from "./process/tracing-settings";
import { PROCESSOR_SETTINGS, type ProcessorConfig, processorConfig } from "./processors/settings";
import { BREAK_SETTINGS, type BreakConfig, breakConfig } from "./reconciliation/settings";
import { weakSecrets } from "./security/development-secrets";
import { parseEncryptionKeys } from "./security/secrets";
import { RETRY_SCHEDULE_MS } from "./webhooks/backoff";

/**
 * The settings of the API and the worker processes, all from the environment and read only here. A setting that is
 * malformed, or that starts with ONCEPAY_ and is not known, stops the process with a message that names it.
 */

const milliseconds = wholeNumber(1, 2_147_483_647, "milliseconds");
const numbers = z
  .string()
  .regex(/^\d+(,\d+)*$/, "must be whole numbers separated by commas")
  .transform((text) => text.split(",").map(Number));

/** Also for the commands that rotate them. */
export const encryptionKeys = z.string().transform((text, context) => {
  try {
    return parseEncryptionKeys(text);
  } catch (error) {
    context.addIssue((error as Error).message.replace("ONCEPAY_ENCRYPTION_KEY: ", ""));
    return z.NEVER;
  }
});

/** What the API and the worker read. */
export const SETTINGS = {
  ...DATABASE_SETTINGS,
  ...QUEUE_SETTINGS,
  HOST: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("the address that the API listens on, and a worker for probes and metrics"),
  PORT: port.default(4000).describe("the port that the API listens on"),
  ...PROCESS_SETTINGS,
  NODE_ENV: z
    .enum(["development", "production", "test"], "must be development, production or test")
    .default("production")
    .describe("development and test are only for working on this project"),
  IDEMPOTENCY_RETENTION: z
    .string()
    .regex(/^[1-9]\d{0,4}d$/, "must be a number of days such as 30d")
    .default("30d")
    .transform((text) => Number.parseInt(text, 10))
    .meta({ shown: "30d" })
    .describe("how many days an idempotency key replays its result"),
  ONCEPAY_AUDIT_RETENTION: z
    .string()
    .regex(/^[1-9]\d{0,4}d$/, "must be a number of days such as 400d")
    .default("400d")
    .transform((text) => Number.parseInt(text, 10))
    .meta({ shown: "400d" })
    .describe("how many days the audit log is kept at least"),
  ONCEPAY_ENCRYPTION_KEY: encryptionKeys.describe(
    "the key that encrypts stored secrets: 32 bytes in base64; several keys are separated by commas, newest first",
  ),
  ONCEPAY_PUBLIC_URL: z.url().optional().describe("the URL at which clients reach the API"),
  ONCEPAY_DEFAULT_PROCESSOR: z
    .string()
    .default("sandbox")
    .describe("the card processor that new payments go to"),
  ONCEPAY_SANDBOX_URL: z
    .url()
    .default("http://127.0.0.1:4010")
    .describe("the sandbox card network"),
  ONCEPAY_SANDBOX_WEBHOOK_SECRET: z
    .string()
    .min(16)
    .optional()
    .describe("the secret that the sandbox signs its webhooks with; without it they are refused"),
  ...PROCESSOR_SETTINGS,
  ONCEPAY_LOOKUP_SCHEDULE_MS: numbers
    .default(LOOKUP_SCHEDULE_S.map((seconds) => seconds * 1_000))
    .describe("the waits between look-ups of an UNKNOWN outcome; the last one repeats"),
  ONCEPAY_HOLD_EXPIRING_MS: wholeNumber(0, 2_147_483_647, "milliseconds")
    .default(86_400_000)
    .describe(
      "how long before it expires an authorisation is said to, and captured or voided where the payment asks for that",
    ),
  ONCEPAY_AUTHENTICATION_MAX_MS: milliseconds
    .default(1_800_000)
    .describe(
      "how long a shopper may take to authenticate (3-D Secure), if the processor allows as much",
    ),
  ONCEPAY_ATTEMPTS_PER_INTENT_MAX: wholeNumber(1, 100)
    .default(CARD_TRIES_MAX)
    .describe("how many cards may be tried on one payment before it fails for good"),
  ONCEPAY_NEGATIVE_BALANCES: flag
    .default(true)
    .describe(
      "whether a refund may take a merchant's balance below zero; if not, refunds of a merchant wait for each other",
    ),
  ONCEPAY_WEBHOOK_SCHEDULE_MS: numbers
    .default([...RETRY_SCHEDULE_MS])
    .describe("the mean waits between the attempts of a webhook delivery"),
  ONCEPAY_WEBHOOK_TIMEOUT_MS: milliseconds
    .default(15_000)
    .describe("how long a webhook endpoint may take to answer"),
  ONCEPAY_KEEP_WEBHOOK_SUCCESSES: flag
    .default(false)
    .describe(
      "whether a try is kept of deliveries that succeed at once, too, which costs a row for each; tries that fail, or come after one that did, always are",
    ),
  ONCEPAY_WEBHOOK_RETENTION: z
    .string()
    .regex(/^[1-9]\d{0,4}d$/, "must be a number of days such as 90d")
    .default("90d")
    .transform((text) => Number.parseInt(text, 10))
    .meta({ shown: "90d" })
    .describe("how many days the tries of webhook deliveries are kept at least"),
  ONCEPAY_WEBHOOK_CHALLENGE: flag
    .optional()
    .describe(
      "whether a webhook endpoint gets no events before it has echoed a challenge; true in production, otherwise false",
    ),
  ONCEPAY_WEBHOOK_ALLOW_LOOPBACK: flag
    .default(false)
    .describe("whether webhooks may be sent to this machine over http; for development only"),
  ONCEPAY_METRICS_PORT: port
    .default(4001)
    .describe("the port of the worker's health checks and metrics"),
  ONCEPAY_WORKER_LEASE_MS: milliseconds
    .default(3_000)
    .describe("how long a worker may be silent before its attempts are looked up"),
  ONCEPAY_SWEEP_MS: milliseconds.default(1_000).describe("how often the sweeper runs"),
  ONCEPAY_RELAY_RATE: wholeNumber(0, 1_000_000)
    .default(0)
    .describe(
      "how many outbox rows a second are relayed of what has piled up, while new ones are relayed at once; 0: as fast as it goes",
    ),
  ONCEPAY_POOL_MAX: wholeNumber(2, 200)
    .default(10)
    .describe("the maximum number of connections to Postgres in each process"),
  ONCEPAY_LOCK_TIMEOUT_MS: milliseconds
    .default(2_000)
    .describe("how long a duplicate request waits for the first one to commit"),
  ONCEPAY_REPLAY_CACHE_SECONDS: wholeNumber(0, 86_400)
    .default(600)
    .describe("how long Redis answers repeats of a finished idempotency key; 0 for never"),
  ONCEPAY_REDIS_DEADLINE_MS: milliseconds
    .default(10)
    .describe("how long the API waits for Redis before it carries on without it"),
  ONCEPAY_LIST_TIMEOUT_MS: milliseconds
    .default(1_000)
    .describe("how long a list may take whose filter has no index"),
  ...LIMIT_SETTINGS,
  ...EDGE_SETTINGS,
  ...RESOLVE_SETTINGS,
  ...BREAK_SETTINGS,
  ...TRACING_SETTINGS,
  ONCEPAY_FAILPOINTS: z
    .string()
    .optional()
    .describe("for tests only: where to fail; see src/failpoints.ts"),
  ONCEPAY_FAILPOINTS_SEED: wholeNumber(-2_147_483_648, 2_147_483_647)
    .default(1)
    .describe("for tests only"),
  ONCEPAY_FAILPOINTS_LOG: z.string().optional().describe("for tests only"),
} as const;

type Settings = z.infer<z.ZodObject<typeof SETTINGS>>;

export interface Config
  extends
    DatabaseConfig,
    EdgeConfig,
    LimitConfig,
    BreakConfig,
    ResolveConfig,
    ProcessorConfig,
    QueueConfig,
    TracingConfig {
  readonly host: string;
  readonly port: number;
  readonly logLevel: Settings["LOG_LEVEL"];
  readonly isProduction: boolean;
  readonly idempotencyRetentionDays: number;
  readonly auditRetentionDays: number;
  /** Newest first. */
  readonly encryptionKeys: readonly Buffer[];
  readonly publicUrl: string | undefined;
  /** One of the registry's names. */
  readonly defaultProcessor: string;
  readonly sandboxUrl: string;
  readonly sandboxWebhookSecret: string | undefined;
  readonly lookupScheduleMs: readonly number[];
  readonly authorizationExpiringMs: number;
  readonly authenticationMaxMs: number;
  readonly attemptsPerIntentMax: number;
  readonly negativeBalances: boolean;
  readonly webhookScheduleMs: readonly number[];
  readonly webhookTimeoutMs: number;
  readonly webhookChallenge: boolean;
  readonly webhookAllowLoopback: boolean;
  readonly keepWebhookSuccesses: boolean;
  readonly webhookRetentionDays: number;
  readonly metricsPort: number;
  readonly workerLeaseMs: number;
  readonly sweepMs: number;
  /** 0: as fast as it goes. */
  readonly relayRate: number;
  readonly poolMax: number;
  readonly lockTimeoutMs: number;
  readonly replayCacheSeconds: number;
  readonly redisDeadlineMs: number;
  readonly listTimeoutMs: number;
  /** Which process this is: a restarted one counts as another. */
  readonly instanceId: string;
  readonly cell: string | undefined;
  readonly portFallback: boolean;
  readonly exitWithParent: boolean;
  readonly failpoints: string | undefined;
  readonly failpointsSeed: number;
  readonly failpointsLog: string | undefined;
}

// Read by other processes of the development set-up, which is started in the same environment.
const OTHERS =
  /^ONCEPAY_(SANDBOX_(DATABASE_URL|WEBHOOK_URL|PUBLIC_URL|MIN_MS|MAX_MS|SEED|PORT)|RECEIVER_(SECRET|PORT))$/;

export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith("ONCEPAY_") && !(name in SETTINGS) && !OTHERS.test(name),
  );
  const problems = unknown.map((name) => `${name}: this setting does not exist`);
  const settings = parseSettings(SETTINGS, environment, problems);
  if (settings.NODE_ENV === "production") refuseWeakSecrets(settings);
  return fromSettings(settings);
}

function refuseWeakSecrets(settings: Settings): void {
  const weak = weakSecrets({
    encryptionKeys: settings.ONCEPAY_ENCRYPTION_KEY,
    webhookSecret: settings.ONCEPAY_SANDBOX_WEBHOOK_SECRET,
    databaseUrl: settings.DATABASE_URL,
    replicaUrl: settings.ONCEPAY_REPLICA_URL,
    redisUrl: settings.REDIS_URL,
  });
  if (weak.length === 0) return;
  throw new ConfigError(
    `The configuration must not be used in production (NODE_ENV).\n  ${weak.join("\n  ")}`,
  );
}

function fromSettings(settings: Settings): Config {
  return Object.freeze({
    ...databaseConfig(settings),
    ...queueConfig(settings),
    host: settings.HOST,
    port: settings.PORT,
    logLevel: settings.LOG_LEVEL,
    isProduction: settings.NODE_ENV === "production",
    idempotencyRetentionDays: settings.IDEMPOTENCY_RETENTION,
    auditRetentionDays: settings.ONCEPAY_AUDIT_RETENTION,
    encryptionKeys: settings.ONCEPAY_ENCRYPTION_KEY,
    publicUrl: settings.ONCEPAY_PUBLIC_URL,
    defaultProcessor: settings.ONCEPAY_DEFAULT_PROCESSOR,
    sandboxUrl: settings.ONCEPAY_SANDBOX_URL,
    sandboxWebhookSecret: settings.ONCEPAY_SANDBOX_WEBHOOK_SECRET,
    ...processorConfig(settings),
    lookupScheduleMs: settings.ONCEPAY_LOOKUP_SCHEDULE_MS,
    authorizationExpiringMs: settings.ONCEPAY_HOLD_EXPIRING_MS,
    authenticationMaxMs: settings.ONCEPAY_AUTHENTICATION_MAX_MS,
    attemptsPerIntentMax: settings.ONCEPAY_ATTEMPTS_PER_INTENT_MAX,
    negativeBalances: settings.ONCEPAY_NEGATIVE_BALANCES,
    webhookScheduleMs: settings.ONCEPAY_WEBHOOK_SCHEDULE_MS,
    webhookTimeoutMs: settings.ONCEPAY_WEBHOOK_TIMEOUT_MS,
    webhookChallenge: settings.ONCEPAY_WEBHOOK_CHALLENGE ?? settings.NODE_ENV === "production",
    webhookAllowLoopback: settings.ONCEPAY_WEBHOOK_ALLOW_LOOPBACK,
    keepWebhookSuccesses: settings.ONCEPAY_KEEP_WEBHOOK_SUCCESSES,
    webhookRetentionDays: settings.ONCEPAY_WEBHOOK_RETENTION,
    metricsPort: settings.ONCEPAY_METRICS_PORT,
    workerLeaseMs: settings.ONCEPAY_WORKER_LEASE_MS,
    sweepMs: settings.ONCEPAY_SWEEP_MS,
    relayRate: settings.ONCEPAY_RELAY_RATE,
    poolMax: settings.ONCEPAY_POOL_MAX,
    lockTimeoutMs: settings.ONCEPAY_LOCK_TIMEOUT_MS,
    replayCacheSeconds: settings.ONCEPAY_REPLAY_CACHE_SECONDS,
    redisDeadlineMs: settings.ONCEPAY_REDIS_DEADLINE_MS,
    listTimeoutMs: settings.ONCEPAY_LIST_TIMEOUT_MS,
    ...limitConfig(settings),
    ...breakConfig(settings),
    ...resolveConfig(settings),
    ...edgeConfig(settings, settings.NODE_ENV === "production"),
    ...tracingConfig(settings),
    instanceId: settings.ONCEPAY_INSTANCE_ID,
    cell: settings.ONCEPAY_CELL,
    portFallback: settings.ONCEPAY_PORT_FALLBACK,
    exitWithParent: settings.ONCEPAY_EXIT_WITH_PARENT === "1",
    failpoints: settings.ONCEPAY_FAILPOINTS,
    failpointsSeed: settings.ONCEPAY_FAILPOINTS_SEED,
    failpointsLog: settings.ONCEPAY_FAILPOINTS_LOG,
  });
}

/** For --help. */
export function describeSettings(): string {
  return describe(SETTINGS);
}
