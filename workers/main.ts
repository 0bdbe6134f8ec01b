import { type Program, runProcess } from "../src/process/run-process";
import { setTimeout as pause } from "node:timers/promises";
import { type App, createApp } from "../src/app";
import { type Config, describeSettings, readConfig } from "../src/config";
import { nameCell } from "../src/observability/name-cell";
import { observeProcess } from "../src/observability/observe-process";
import { checkReplication } from "../src/db/check-replication";
import { checkKeyring } from "../src/key-rotation/check-keyring";
import { observeReplication } from "../src/observability/observe-replication";
import { observeReconciliation } from "../src/observability/reconciliation-gauges";
import { startTracing } from "../src/observability/open-telemetry";
import { observeTables } from "../src/observability/observe-tables";
import { ConfigError } from "../src/process/settings";
import { type Health, serveHealth } from "./health";
import { ROLES, type Role, type RunningWorker, startWorker } from "./worker";

const HELP = `Usage: node dist/workers/main.js [--only ROLE[,ROLE]]

The worker process: relays the outbox, sends attempts to card processors, delivers webhooks, and sweeps up.

  --only    run only these roles: ${ROLES.join(", ")} (default: all)
  --help    show this text

${describeSettings()}`;

const WORKER: Program<Config & { readonly roles: readonly Role[] }> = {
  name: "worker",
  help: HELP,
  options: { only: { type: "string" } },
  read: (environment, { only }) => ({
    roles: parseRoles(only as string | undefined),
    ...readConfig(environment),
  }),
  start: async ({ roles, ...config }, unnamed) => {
    const log = nameCell(config.cell, unnamed);
    const stopTracing = await startTracing({ name: "worker", log, config });
    const app = createApp(config, log, { name: "worker" });
    observeProcess(app.db, app.tenantPool);
    await checkReplication(app);
    await checkKeyring(app);
    const health = await serveHealth(app, config);
    const working = startWhenReady(app, roles, health);
    observeTables(app.db, working.relays);
    observeReconciliation(app.db, working.relays);
    observeReplication(app.db, working.relays);
    return {
      url: health.url,
      port: health.port,
      stop: async () => {
        health.drain();
        await working.stop();
        await health.close();
        await app.close();
        await stopTracing();
      },
    };
  },
};

const LOOK_AGAIN_MS = 500;
const SAY_AGAIN_MS = 10_000;

/**
 * A worker may be started before the database is there, or before it is migrated: it waits for both and says so, for
 * whoever deploys starts things in any order.
 */
function startWhenReady(
  app: App,
  roles: readonly Role[],
  health: Health,
): Pick<RunningWorker, "relays" | "stop"> {
  const stopping = new AbortController();
  let running: RunningWorker | undefined;
  const untilReady = async (): Promise<void> => {
    let saidAtMs = -Infinity;
    for (;;) {
      const missing = await health.missing();
      if (missing.length === 0 || stopping.signal.aborted) return;
      if (performance.now() - saidAtMs > SAY_AGAIN_MS) {
        saidAtMs = performance.now();
        app.log.warn({ missing }, "waiting to begin");
      }
      await pause(LOOK_AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  // A worker that has started only in part cannot be started again in the same process: if this rejects, the process
  // ends.
  const starting = (async (): Promise<RunningWorker | undefined> => {
    await untilReady();
    if (stopping.signal.aborted) return undefined;
    const worker = await startWorker(app, roles);
    running = worker;
    health.working();
    app.log.info({ roles, workerId: worker.workerId }, "working");
    return worker;
  })();
  return {
    relays: () => running?.relays() ?? false,
    stop: async () => {
      stopping.abort();
      await (await starting)?.stop();
    },
  };
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

runProcess(WORKER);
