import path from "node:path";
import { migrate } from "../db/migrate";
import { ConfigError } from "../process/settings";
import { openDevDatabases } from "./dev-databases";
import { clearLeftovers, keptSecrets } from "./dev-files";
import { startObservers } from "./observers";
import { planProcesses, tellSandbox } from "./process-plans";
import type { ProgramName } from "./programs";
import { type Running, print, targetsOf, writeState } from "./running";
import { pointEndpoint, seedDemo } from "./seed";
import { checkConfiguration } from "./start-options";
import { type ProcessPlan, type ProcessReport, supervise } from "./supervised-process";
import { waitUntil } from "./wait-until";
import { welcome } from "./welcome";

const DIST = path.resolve(__dirname, "../..");
const READY_TIMEOUT_MS = 60_000;
const SAY_EVERY_MS = 5_000;
const WATCH_MS = 500;

class Stopped extends Error {}

/**
 * Starts the parts in the order in which their addresses become known: a part that needs an address is started after
 * the part at that address has bound it. Throws when one cannot start, or when the start is stopped meanwhile.
 */
export async function bringUp(running: Running): Promise<void> {
  const { files, options } = running;
  const log = (line: string): void => print("start", line);
  const secrets = keptSecrets(files.secrets);
  checkConfiguration(process.env, secrets.ONCEPAY_ENCRYPTION_KEY);
  await clearLeftovers(files.state, DIST);
  const databases = await openDevDatabases({ ...options, dataDir: files.dataDir }, log);
  running.databases = databases;
  const { databaseUrl } = databases;
  assertGoesOn(running);
  await migrate({ databaseUrl, log });
  const demo = await seedDemo({
    databaseUrl,
    encryptionKey: secrets.ONCEPAY_ENCRYPTION_KEY,
    statePath: files.seedState,
  });
  assertGoesOn(running);

  const urlOf = (name: ProgramName): string | undefined => running.processes[name]?.url();
  const plans = planProcesses({ dist: DIST, options, databases, secrets, demo, urlOf });
  const [sandbox, receiver] = await startBoth(running, [plans.sandbox, plans.receiver]);
  await pointEndpoint(databaseUrl, demo, `${receiver}/webhooks`);
  assertGoesOn(running);
  const [api] = await startBoth(running, [plans.api, plans.worker]);
  await tellSandbox({ sandbox, api }, secrets.ONCEPAY_SANDBOX_WEBHOOK_SECRET);
  running.watch = setInterval(() => void keepPostgresRunning(running), WATCH_MS);
  await untilReady(running);
  if (options.observed) {
    const targets = targetsOf(running);
    running.observers = await startObservers({ directory: files.directory, targets, log: print });
    assertGoesOn(running);
  }
  const { prometheusUrl, grafanaUrl } = running.observers ?? {};

  const { secretKey, publishableKey, operatorKey, platformKey } = demo;
  const { postgres } = databases;
  running.state = {
    graphqlUrl: `${api}/graphql`,
    secretKey,
    publishableKey,
    operatorKey,
    platformKey,
    sandboxUrl: sandbox,
    databaseUrl,
    webhookReceiverUrl: `${receiver}/webhooks`,
    ...(postgres && { dataDir: postgres.dataDir }),
    ...(prometheusUrl !== undefined && { prometheusUrl }),
    ...(grafanaUrl !== undefined && { grafanaUrl }),
  };
  writeState(running);
  console.log(welcome(running.state));
}

function assertGoesOn(running: Running): void {
  if (running.isStopping) throw new Stopped();
  if (running.failure) throw running.failure;
}

type Pair<Item> = readonly [Item, Item];

/** Answers with their addresses, once both have bound their ports. */
async function startBoth(running: Running, plans: Pair<ProcessPlan>): Promise<Pair<string>> {
  const report: ProcessReport = {
    line: print,
    changed: () => writeState(running),
    failed: (name, lastWords) => {
      running.failure ??= new ConfigError(`The ${name} process could not start.\n${lastWords}`);
    },
  };
  for (const plan of plans) running.processes[plan.name as ProgramName] = supervise(plan, report);
  const urlOf = ({ name }: ProcessPlan) => running.processes[name as ProgramName]?.url();
  await until(running, {
    condition: () => plans.every((plan) => urlOf(plan) !== undefined),
    waitingFor: () => {
      const silent = plans.filter((plan) => urlOf(plan) === undefined);
      return silent.map(({ name }) => `${name} to listen`).join(", ");
    },
  });
  plans.forEach((plan) => {
    const { wanted, isChosen } = plan.port;
    const url = urlOf(plan) ?? "";
    if (!isChosen && !url.endsWith(`:${String(wanted)}`)) {
      print("start", `port ${String(wanted)} is taken; ${plan.name} listens on ${url}`);
    }
  });
  return [urlOf(plans[0]) ?? "", urlOf(plans[1]) ?? ""];
}

async function untilReady(running: Running): Promise<void> {
  let waitingFor = Object.values(running.processes);
  await until(running, {
    condition: async () => {
      const answers = await Promise.all(waitingFor.map((one) => one.isReady()));
      waitingFor = waitingFor.filter((_, index) => !answers[index]);
      return waitingFor.length === 0;
    },
    waitingFor: () =>
      waitingFor.map((one) => `${one.plan.name} (${one.missing().join(", ")})`).join(", "),
  });
}

interface Wait {
  readonly condition: () => boolean | Promise<boolean>;
  readonly waitingFor: () => string;
}

async function until(running: Running, { condition, waitingFor }: Wait): Promise<void> {
  const startedAt = Date.now();
  let sayAt = startedAt + SAY_EVERY_MS;
  const isDone = await waitUntil(
    async () => {
      assertGoesOn(running);
      if (await condition()) return true;
      if (Date.now() > sayAt) {
        sayAt += SAY_EVERY_MS;
        print("start", `waiting for ${waitingFor()}`);
      }
      return false;
    },
    { timeoutMs: READY_TIMEOUT_MS, everyMs: 50 },
  );
  if (isDone) return;
  throw new Error(`Not ready after ${READY_TIMEOUT_MS / 1_000} s: ${waitingFor()}.`);
}

let isReviving = false;

/** Everybody keeps the address, so it has to come back at the same port. */
async function keepPostgresRunning(running: Running): Promise<void> {
  const postgres = running.databases?.postgres;
  if (!postgres || isReviving || running.isStopping || postgres.isAlive()) return;
  isReviving = true;
  try {
    print("postgres", "ended; starting it again");
    await postgres.restart();
    print("postgres", `is back (process ${postgres.pid})`);
    // A stop that came in the meantime found nothing to stop.
    if (running.isStopping) await postgres.stop();
    else writeState(running);
  } catch (error) {
    print("postgres", (error as Error).message);
  } finally {
    isReviving = false;
  }
}
