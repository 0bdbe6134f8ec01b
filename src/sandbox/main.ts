import pino from "pino";
import { z } from "zod";
import { exitWithParent } from "../process/exit-with-parent";
import { startSandbox } from "./start-sandbox";

const HELP = `The sandbox card network: a slow, careless card processor with books of its own.

  PORT                            where to listen                              default 4100
  HOST                            the address to listen on                     default 127.0.0.1
  ONCEPAY_SANDBOX_DATABASE_URL    its own Postgres database; created when missing   required
  ONCEPAY_SANDBOX_WEBHOOK_URL     where to post its webhooks; none are sent without
  ONCEPAY_SANDBOX_WEBHOOK_SECRET  what it signs them with                 required with a URL
  ONCEPAY_SANDBOX_PUBLIC_URL      where shoppers' browsers reach its challenge page
  ONCEPAY_SANDBOX_MIN_MS          shortest latency of a money-moving request   default 100
  ONCEPAY_SANDBOX_MAX_MS          longest latency                              default 800
  ONCEPAY_SANDBOX_SEED            seed of its latencies and faults             default 1
  LOG_LEVEL                       trace, debug, info, warn, error, silent      default info

For development and tests only: anybody who reaches it can move its money and switch on faults.
`;

const milliseconds = z.coerce.number().min(0).max(600_000);
const environment = z
  .object({
    PORT: z.coerce.number().int().min(0).max(65_535).default(4100),
    HOST: z.string().min(1).default("127.0.0.1"),
    ONCEPAY_SANDBOX_DATABASE_URL: z.string().min(1),
    ONCEPAY_SANDBOX_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
    ONCEPAY_SANDBOX_WEBHOOK_SECRET: z.string().min(1).optional(),
    ONCEPAY_SANDBOX_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
    ONCEPAY_SANDBOX_MIN_MS: milliseconds.default(100),
    ONCEPAY_SANDBOX_MAX_MS: milliseconds.default(800),
    ONCEPAY_SANDBOX_SEED: z.coerce.number().int().default(1),
    LOG_LEVEL: z
      .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
      .default("info"),
  })
  .refine(
    (env) => env.ONCEPAY_SANDBOX_MIN_MS <= env.ONCEPAY_SANDBOX_MAX_MS,
    "ONCEPAY_SANDBOX_MIN_MS must not exceed ONCEPAY_SANDBOX_MAX_MS",
  )
  .refine(
    (env) => !env.ONCEPAY_SANDBOX_WEBHOOK_URL || env.ONCEPAY_SANDBOX_WEBHOOK_SECRET,
    "ONCEPAY_SANDBOX_WEBHOOK_SECRET is required with ONCEPAY_SANDBOX_WEBHOOK_URL",
  );

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(HELP);
    return;
  }
  const env = readEnvironment();
  if (env === undefined) return;
  exitWithParent();
  const log = pino({ name: "sandbox", level: env.LOG_LEVEL });
  const sandbox = await startSandbox({
    port: env.PORT,
    host: env.HOST,
    databaseUrl: env.ONCEPAY_SANDBOX_DATABASE_URL,
    webhookSecret: env.ONCEPAY_SANDBOX_WEBHOOK_SECRET ?? "",
    webhookUrl: env.ONCEPAY_SANDBOX_WEBHOOK_URL,
    publicUrl: env.ONCEPAY_SANDBOX_PUBLIC_URL,
    minMs: env.ONCEPAY_SANDBOX_MIN_MS,
    maxMs: env.ONCEPAY_SANDBOX_MAX_MS,
    seed: env.ONCEPAY_SANDBOX_SEED,
    log,
    onFatal: () => process.exit(1),
  });
  log.info({ url: sandbox.url }, "the sandbox card network is listening");
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, "stopping");
    sandbox.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "did not stop cleanly");
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function readEnvironment(): z.infer<typeof environment> | undefined {
  // A variable that is set to nothing counts as not set, as in every shell script.
  const given = Object.entries(process.env).filter(([, value]) => value !== "");
  const checked = environment.safeParse(Object.fromEntries(given));
  if (checked.success) return checked.data;
  for (const issue of checked.error.issues) {
    process.stderr.write(`${[...issue.path, issue.message].join(": ")}\n`);
  }
  process.stderr.write("Run with --help for what can be set.\n");
  process.exitCode = 2;
  return undefined;
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
