import type { DevDatabases } from "./dev-databases";
import { type DevFiles, type DevState, writePrivateJson } from "./dev-files";
import type { Observers, Target } from "./observers";
import type { ProgramName } from "./programs";
import type { StartOptions } from "./start-options";
import type { SupervisedProcess } from "./supervised-process";

/** What an `npm start` consists of, as far as it has come. */
export interface Running {
  readonly files: DevFiles;
  readonly options: StartOptions;
  readonly processes: Partial<Record<ProgramName, SupervisedProcess>>;
  isStopping: boolean;
  /** Why it can never be ready. */
  failure?: Error;
  databases?: DevDatabases;
  observers?: Observers;
  watch?: NodeJS.Timeout;
  /** Set when all is ready; from then on the state file is kept up to date. */
  state?: Omit<DevState, "pids" | "processes">;
}

const NAME_WIDTH = 8;

export function print(name: string, text: string): void {
  process.stdout.write(`${name.padEnd(NAME_WIDTH)} | ${text}\n`);
}

/** Those of our programs that have metrics, and have said where. */
export function targetsOf({ processes }: Running): Target[] {
  return (["api", "worker"] as const).flatMap((name) => {
    const url = processes[name]?.metricsUrl();
    return url === undefined ? [] : [{ name, url }];
  });
}

export function writeState(running: Running): void {
  if (running.state === undefined || running.isStopping) return;
  running.observers?.follow(targetsOf(running));
  const pids: DevState["pids"] = { start: process.pid };
  const processes: DevState["processes"] = {};
  for (const [name, one] of Object.entries(running.processes)) {
    const [pid, url] = [one.pid(), one.url()];
    if (pid === undefined || url === undefined) continue;
    pids[name] = pid;
    processes[name] = { pid, url, instance: one.instance() };
  }
  const postgres = running.databases?.postgres;
  if (postgres) pids["postgres"] = postgres.pid;
  writePrivateJson(running.files.state, {
    ...running.state,
    pids,
    processes,
  } satisfies DevState);
}
