/**
 * `npm start`: everything on one machine, with one command, and nothing to install beside Node.
 *
 * The parts are processes of their own, as in production, so that each can be killed to see that no money is lost. The
 * database stops last, after everything that writes to it. Killed itself, this supervisor leaves nothing that hinders
 * the next start: children end with it, and the database is adopted.
 */
import "../process/node-version";
import { EXIT, describeEnd } from "../process/run-process";
import { ConfigError } from "../process/settings";
import { bringUp } from "./bring-up";
import { forgetState, openDevFiles } from "./dev-files";
import { type Running, print } from "./running";
import { readStartOptions } from "./start-options";
import { takeStartLock } from "./start-lock";
import { HELP } from "./welcome";

const WATCH_MS = 500;
/**
 * Npm passes Ctrl-C on to us, although the terminal has sent it to us as well: the second one is not a second request.
 */
const SAME_SIGNAL_MS = 500;

async function main(): Promise<void> {
  const options = readStartOptions(process.argv.slice(2), process.env);
  if (options.help) {
    console.log(HELP);
    return;
  }
  const files = openDevFiles(options.directory);
  const releaseLock = takeStartLock(files.lock);
  const running: Running = { files, options, isStopping: false, processes: {} };
  const bringingUp = bringUp(running);
  stopOnSignals(running, bringingUp, releaseLock);
  try {
    await bringingUp;
  } catch (error) {
    if (running.isStopping) return;
    running.isStopping = true;
    await stopAll(running);
    releaseLock();
    // Last, because it is what the reader has to know.
    process.exit(sayEnd(error));
  }
}

/** Whatever ends a start is reported in a sentence; only a ConfigError is known to fail again the next time. */
function sayEnd(error: unknown): number {
  const isUsage = describeEnd(error).code === EXIT.usage;
  const text = isUsage ? describeEnd(error).text : (error as Error).message;
  process.stderr.write(`\n${text}\n`);
  return error instanceof ConfigError ? EXIT.unusableConfiguration : EXIT.failed;
}

function stopOnSignals(running: Running, bringingUp: Promise<void>, releaseLock: () => void): void {
  let askedAt = 0;
  const stop = (reason: string): void => {
    if (running.isStopping) {
      if (Date.now() - askedAt < SAME_SIGNAL_MS) return;
      print("start", "stopping at once");
      for (const one of Object.values(running.processes)) one.kill();
      const postgres = running.databases?.postgres;
      running.observers?.kill();
      if (postgres?.isAlive()) process.kill(postgres.pid, "SIGQUIT");
      forgetState(running.files.state);
      releaseLock();
      process.exit(130);
    }
    running.isStopping = true;
    askedAt = Date.now();
    print("start", `${reason}: stopping, in order; once more stops at once`);
    // A step of the start that is in progress is finished first, so that nothing is left half started.
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
  if (!/^start(:observed)?$/.test(process.env["npm_lifecycle_event"] ?? "")) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, WATCH_MS);
  timer.unref();
}

/** Upstream first: the API drains, the worker finishes its calls, and then nobody uses the database. */
const STOP_ORDER = ["api", "worker", "sandbox", "receiver"] as const;

async function stopAll(running: Running): Promise<void> {
  clearInterval(running.watch);
  for (const name of STOP_ORDER) await running.processes[name]?.stop();
  await running.databases?.postgres?.stop();
  await running.observers?.stop();
  forgetState(running.files.state);
  print("start", "stopped");
}

main().catch((error: unknown) => {
  process.exitCode = sayEnd(error);
});
