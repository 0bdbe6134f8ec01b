/**
 * `npm start`: everything on one machine, with one command, and nothing to install beside Node.
 *
 * The parts are processes of their own, as in production, so that each can be killed to see that no money
 * is lost. The database stops last, after all who write to it. Killed itself, this supervisor leaves
 * nothing that hinders the next start: children end with it, and the database is adopted.
 */
import path from "node:path";
import { migrate } from "../db/migrate";
import { openDevDatabases, type DevDatabases } from "./dev-databases";
import {
  clearLeftovers,
  forgetState,
  keptSecrets,
  openDevFiles,
  writePrivateJson,
  type DevFiles,
  type DevState,
} from "./dev-files";
import { choosePorts, planProcesses, urlsOf } from "./process-plans";
import { seedDemo } from "./seed";
import { takeStartLock } from "./start-lock";
import { supervise, type SupervisedProcess } from "./supervised-process";
import { waitUntil } from "./wait-until";
import { HELP, welcome } from "./welcome";

const CHECKOUT = path.resolve(__dirname, "../../..");
const DIST = path.resolve(__dirname, "../..");
const READY_TIMEOUT_MS = 60_000;
const WATCH_MS = 500;
const NAME_WIDTH = 8;
/** Npm passes Ctrl-C on to us, which the terminal has sent us as well: the second is not a second wish. */
const SAME_SIGNAL_MS = 500;

interface Running {
  files: DevFiles;
  isStopping: boolean;
  processes: SupervisedProcess[];
  databases?: DevDatabases;
  watch?: NodeJS.Timeout;
  /** Set when all is ready; from then on the state file is kept up to date. */
  state?: Omit<DevState, "pids">;
}

async function main(): Promise<void> {
  if (process.argv.includes("--help") || process.argv.includes("-h")) {
    console.log(HELP);
    return;
  }
  const files = openDevFiles(CHECKOUT);
  const releaseLock = takeStartLock(files.lock);
  const running: Running = { files, isStopping: false, processes: [] };
  const bringingUp = bringUp(running);
  stopOnSignals(running, bringingUp, releaseLock);
  try {
    await bringingUp;
  } catch (error) {
    if (running.isStopping) return;
    print("start", (error as Error).message);
    running.isStopping = true;
    await stopAll(running);
    releaseLock();
    process.exit(1);
  }
}

async function bringUp(running: Running): Promise<void> {
  const { files } = running;
  const log = (line: string): void => print("start", line);
  await clearLeftovers(files.state, DIST);
  const secrets = keptSecrets(files.secrets);
  const databases = await openDevDatabases(files.dataDir, log);
  running.databases = databases;
  const { databaseUrl } = databases;
  if (running.isStopping) return;
  await migrate({ databaseUrl, log });
  const ports = await choosePorts(log);
  const urls = urlsOf(ports);
  const demo = await seedDemo({
    databaseUrl,
    encryptionKey: secrets.ONCEPAY_ENCRYPTION_KEY,
    webhookReceiverUrl: urls.webhookReceiverUrl,
    statePath: files.seedState,
  });
  if (running.isStopping) return;

  const plans = planProcesses({
    dist: DIST,
    ports,
    databases,
    secrets,
    webhookSecret: demo.webhookSecret,
  });
  const report = { line: print, started: () => writeState(running) };
  running.processes = plans.map((plan) => supervise(plan, report));
  running.watch = setInterval(() => void keepPostgresRunning(running), WATCH_MS);
  await untilReady(running);
  if (running.isStopping) return;

  const { secretKey, publishableKey, operatorKey } = demo;
  running.state = { ...urls, secretKey, publishableKey, operatorKey, databaseUrl };
  writeState(running);
  console.log(welcome(running.state));
}

async function untilReady(running: Running): Promise<void> {
  let waitingFor = running.processes;
  await waitUntil(
    async () => {
      const answers = await Promise.all(waitingFor.map((one) => one.isReady()));
      waitingFor = waitingFor.filter((_, index) => !answers[index]);
      return running.isStopping || waitingFor.length === 0;
    },
    { timeoutMs: READY_TIMEOUT_MS, everyMs: 100 },
  );
  if (running.isStopping || waitingFor.length === 0) return;
  const names = waitingFor.map(({ plan }) => `${plan.name} (${plan.readyUrl})`).join(", ");
  throw new Error(`Not ready after ${READY_TIMEOUT_MS / 1_000} s: ${names}.`);
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
    // A stop that came meanwhile found nothing to stop.
    if (running.isStopping) await postgres.stop();
    else writeState(running);
  } catch (error) {
    print("postgres", (error as Error).message);
  } finally {
    isReviving = false;
  }
}

function writeState(running: Running): void {
  if (running.state === undefined || running.isStopping) return;
  const pids: Record<string, number> = { start: process.pid };
  for (const one of running.processes) {
    const pid = one.pid();
    if (pid !== undefined) pids[one.plan.name] = pid;
  }
  const postgres = running.databases?.postgres;
  if (postgres) pids["postgres"] = postgres.pid;
  writePrivateJson(running.files.state, { ...running.state, pids } satisfies DevState);
}

function stopOnSignals(running: Running, bringingUp: Promise<void>, releaseLock: () => void): void {
  let askedAt = 0;
  const stop = (reason: string): void => {
    if (running.isStopping) {
      if (Date.now() - askedAt < SAME_SIGNAL_MS) return;
      print("start", "stopping at once");
      for (const one of running.processes) one.kill();
      const postgres = running.databases?.postgres;
      if (postgres?.isAlive()) process.kill(postgres.pid, "SIGQUIT");
      forgetState(running.files.state);
      releaseLock();
      process.exit(130);
    }
    running.isStopping = true;
    askedAt = Date.now();
    print("start", `${reason}: stopping, in order; once more stops at once`);
    // A step of the start that is under way is finished first, so that nothing is left half started.
    void bringingUp
      .catch(() => undefined)
      .then(() => stopAll(running))
      .catch((error: unknown) => print("start", String(error)))
      .then(() => {
        releaseLock();
        process.exit(0);
      });
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => stop(signal));
  }
  // Output to a closed terminal must not end us before the database has stopped.
  process.stdout.on("error", () => undefined);
  stopWithNpm(() => stop("npm is gone"));
}

/** A signal sent to npm alone need not reach us: its shell may stand in between. */
function stopWithNpm(stop: () => void): void {
  if (process.env["npm_lifecycle_event"] !== "start") return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, WATCH_MS);
  timer.unref();
}

/** Upstream first: the API drains, the worker finishes its calls, and the database hears from nobody. */
const STOP_ORDER = ["api", "worker", "sandbox", "receiver"];

async function stopAll(running: Running): Promise<void> {
  clearInterval(running.watch);
  for (const name of STOP_ORDER) {
    await running.processes.find(({ plan }) => plan.name === name)?.stop();
  }
  await running.databases?.postgres?.stop();
  forgetState(running.files.state);
  print("start", "stopped");
}

function print(name: string, text: string): void {
  process.stdout.write(`${name.padEnd(NAME_WIDTH)} | ${text}\n`);
}

main().catch((error: unknown) => {
  print("start", error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
