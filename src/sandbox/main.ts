import { type Program, type ProcessSettings, runProcess } from "../process/run-process";
import { z } from "zod";
import {
  ConfigError,
  PROCESS_SETTINGS,
  describeSettings,
  parseSettings,
  port,
  wholeNumber,
} from "../process/settings";
import { type SandboxOptions, startSandbox } from "./start-sandbox";

const httpAddress = z.url({ protocol: /^https?$/, error: "must be an http or https address" });
const milliseconds = wholeNumber(0, 600_000, "milliseconds");

const SETTINGS = {
  ONCEPAY_SANDBOX_DATABASE_URL: z
    .string()
    .describe("the sandbox's own Postgres database, created if it is missing"),
  HOST: z.string().default("127.0.0.1").describe("the address to listen on"),
  PORT: port.default(4010).describe("the port to listen on"),
  ONCEPAY_SANDBOX_WEBHOOK_URL: httpAddress
    .optional()
    .describe("the URL that its webhooks are sent to; without it none are sent"),
  ONCEPAY_SANDBOX_WEBHOOK_SECRET: z
    .string()
    .optional()
    .describe("the secret that its webhooks are signed with; required with a webhook URL"),
  ONCEPAY_SANDBOX_PUBLIC_URL: httpAddress
    .optional()
    .describe("the URL at which shoppers' browsers reach its challenge page"),
  ONCEPAY_SANDBOX_MIN_MS: milliseconds
    .default(100)
    .describe("the shortest latency of a request that moves money"),
  ONCEPAY_SANDBOX_MAX_MS: milliseconds
    .default(800)
    .describe("the longest latency of such a request"),
  ONCEPAY_SANDBOX_SEED: wholeNumber(-2_147_483_648, 2_147_483_647)
    .default(1)
    .describe("the seed for its latencies and faults"),
  ...PROCESS_SETTINGS,
} as const;

const HELP = `The sandbox card network: a slow, careless card processor with books of its own.

${describeSettings(SETTINGS)}
For development and tests only: anybody who can reach it can move its money and switch on faults.
`;

type SandboxSettings = ProcessSettings & Omit<SandboxOptions, "log" | "onFatal">;

const SANDBOX: Program<SandboxSettings> = {
  name: "sandbox",
  help: HELP,
  read: readSandboxSettings,
  start: async (settings, log) => {
    const sandbox = await startSandbox({ ...settings, log, onFatal: () => process.exit(1) });
    return { url: sandbox.url, port: sandbox.port, stop: () => sandbox.close() };
  },
};

function readSandboxSettings(environment: NodeJS.ProcessEnv): SandboxSettings {
  const given = parseSettings(SETTINGS, environment);
  if (given.ONCEPAY_SANDBOX_MIN_MS > given.ONCEPAY_SANDBOX_MAX_MS) {
    throw new ConfigError("ONCEPAY_SANDBOX_MIN_MS must not exceed ONCEPAY_SANDBOX_MAX_MS");
  }
  if (given.ONCEPAY_SANDBOX_WEBHOOK_URL && !given.ONCEPAY_SANDBOX_WEBHOOK_SECRET) {
    throw new ConfigError(
      "ONCEPAY_SANDBOX_WEBHOOK_SECRET is required with ONCEPAY_SANDBOX_WEBHOOK_URL",
    );
  }
  return {
    databaseUrl: given.ONCEPAY_SANDBOX_DATABASE_URL,
    host: given.HOST,
    port: given.PORT,
    portFallback: given.ONCEPAY_PORT_FALLBACK,
    webhookUrl: given.ONCEPAY_SANDBOX_WEBHOOK_URL,
    webhookSecret: given.ONCEPAY_SANDBOX_WEBHOOK_SECRET ?? "",
    publicUrl: given.ONCEPAY_SANDBOX_PUBLIC_URL,
    minMs: given.ONCEPAY_SANDBOX_MIN_MS,
    maxMs: given.ONCEPAY_SANDBOX_MAX_MS,
    seed: given.ONCEPAY_SANDBOX_SEED,
    logLevel: given.LOG_LEVEL,
    instanceId: given.ONCEPAY_INSTANCE_ID,
    exitWithParent: given.ONCEPAY_EXIT_WITH_PARENT === "1",
  };
}

runProcess(SANDBOX);
