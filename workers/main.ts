import { parseArgs } from "node:util";
import { createApp } from "../src/app";
import { ConfigError, describeSettings, readConfig } from "../src/config";
import { exitWithParent } from "../src/process/exit-with-parent";
import { configureFailpoints } from "../src/failpoints";
import { createLog } from "../src/observability/log";
import { observe } from "../src/observability/gauges";
import { serveHealth } from "./health";
import { ROLES, type Role, startWorker } from "./worker";

const HELP = `Usage: node dist/workers/main.js [--only ROLE[,ROLE]]

The worker process: relays the outbox, sends attempts to card processors, delivers webhooks, and sweeps up.

  --only    run only these roles: ${ROLES.join(", ")} (default: all)
  --help    this text

${describeSettings()}`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const roles = parseRoles(values.only);
  const config = readConfig(process.env);
  if (config.exitWithParent) exitWithParent();
  configureFailpoints(config.failpoints, {
    seed: config.failpointsSeed,
    logFile: config.failpointsLog,
  });
  const log = createLog("worker", config.logLevel);
  const app = createApp(config, log, { name: "worker" });
  observe(app.db);
  const worker = await startWorker(app, roles);
  const health = await serveHealth(app, config.metricsPort);
  log.info({ roles, workerId: worker.workerId, health: health.url }, "working");

  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, "stopping");
    health.drain();
    void worker
      .stop()
      .then(() => health.close())
      .then(() => app.close())
      .finally(() => {
        log.info("stopped");
        process.exit(0);
      });
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("unhandledRejection", (error) => {
    log.fatal({ err: error }, "a promise was rejected and nobody listened");
    process.exit(1);
  });
}

function parseRoles(text: string | undefined): Role[] {
  if (text === undefined) return [...ROLES];
  return text.split(",").map((name) => {
    const role = ROLES.find((known) => known === name.trim());
    if (!role)
      throw new ConfigError(`--only: there is no role ${name}; roles are ${ROLES.join(", ")}`);
    return role;
  });
}

main().catch((error: unknown) => {
  const message = error instanceof ConfigError ? error.message : String((error as Error).stack);
  process.stderr.write(`${message}\n`);
  process.exit(1);
});
