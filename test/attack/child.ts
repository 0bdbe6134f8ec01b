import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import path from "node:path";
import { waitUntil } from "../../src/dev/wait-until";

/** Environment that is merged into a plan's; undefined takes a variable away. */
export type Env = Readonly<Record<string, string | undefined>>;

export interface ChildPlan {
  readonly name: string;
  readonly entry: string;
  readonly execArgv?: readonly string[];
  readonly args?: readonly string[];
  readonly env: Env;
  /** Where it is reached; a restarted process is found at the same place. */
  readonly url: string;
  /** Where its metrics are, if not there. */
  readonly internalUrl?: string;
  readonly readyPath: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly atMs: number;
}

/** A real process, which can be killed, frozen and started again. */
export interface Child {
  readonly name: string;
  readonly url: string;
  readonly internalUrl: string;
  /** How it ended, each time; those it was asked for included. */
  readonly exits: readonly Exit[];
  isAlive(): boolean;
  pid(): number | undefined;
  kill(): Promise<void>;
  /** SIGSTOP: it is there and does nothing, like a machine that swaps or a paused container. */
  freeze(): void;
  thaw(): void;
  signal(signal: NodeJS.Signals): void;
  /** Starts it, with these changes to its environment, and waits until it is ready. */
  start(changes?: Env, args?: readonly string[]): Promise<void>;
  /** Kills it first. */
  restart(changes?: Env, args?: readonly string[]): Promise<void>;
  /** From now on a death is followed by a start with these changes, until told otherwise. */
  reviveWith(changes: Env | undefined): void;
  /** Waits for a death; false when it lives on. */
  diedWithin(timeoutMs: number, since?: number): Promise<boolean>;
  untilReady(timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

// Limits of a hang: on a busy machine a process needs long to begin, and to end.
const READY_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 60_000;
const STARTS_FAILED_MAX = 5;

export function createChild(plan: ChildPlan, logDirectory: string): Child {
  const exits: Exit[] = [];
  const logFile = path.join(logDirectory, `${plan.name}.log`);
  let env: Env = plan.env;
  let child: ChildProcess | undefined;
  let revival: Env | undefined;
  let isWanted = false;
  // The one that was seen to be ready, and how often one ended before it was.
  let readyChild: ChildProcess | undefined;
  let startsFailed = 0;

  const launch = (changes: Env, args = plan.args): void => {
    env = { ...env, ...changes };
    isWanted = true;
    const started = spawnLogged({ ...plan, args: args ?? [], env }, logFile);
    child = started;
    started.once("exit", (code, signal) => {
      child = undefined;
      // As a supervisor does with what could not start, for example because the database was too slow for it.
      const couldNotStart = code !== null && started !== readyChild && isWanted;
      if (couldNotStart && startsFailed < STARTS_FAILED_MAX) {
        startsFailed += 1;
        return void launch({}, args);
      }
      exits.push({ code, signal, atMs: Date.now() });
      if (isWanted && revival !== undefined) launch(revival);
    });
  };
  const isAlive = (): boolean => child !== undefined;
  const untilReady = async (timeoutMs = READY_TIMEOUT_MS): Promise<void> => {
    const before = exits.length;
    const isReady = (): Promise<boolean> => answersOk(plan.url + plan.readyPath);
    const isBroken = (): boolean =>
      !isAlive() && exits.slice(before).some(({ code }) => code !== null);
    // Asked no second time: one that has a failpoint may die the moment after it was ready.
    let ready = false;
    await waitUntil(
      async () => {
        const asked = child;
        ready = await isReady();
        if (ready) readyChild = asked;
        return ready || isBroken();
      },
      { timeoutMs },
    );
    if (!ready) throw new Error(`${plan.name} is not ready; see ${logFile}`);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    isWanted = false;
    child?.kill(signal);
    if (await waitUntil(() => !isAlive(), { timeoutMs: STOP_TIMEOUT_MS, everyMs: 5 })) return;
    child?.kill("SIGKILL");
    await waitUntil(() => !isAlive(), { timeoutMs: STOP_TIMEOUT_MS, everyMs: 5 });
  };
  const start = async (changes: Env = {}, args?: readonly string[]): Promise<void> => {
    startsFailed = 0;
    if (!isAlive()) launch(changes, args);
    await untilReady();
  };
  return {
    name: plan.name,
    url: plan.url,
    internalUrl: plan.internalUrl ?? plan.url,
    exits,
    isAlive,
    pid: () => child?.pid,
    kill: () => end("SIGKILL"),
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    signal: (signal) => void child?.kill(signal),
    start,
    restart: async (changes, args) => {
      await end("SIGKILL");
      await start(changes, args);
    },
    reviveWith: (changes) => {
      revival = changes;
      if (changes !== undefined && isWanted && !isAlive()) launch(changes);
    },
    diedWithin: (timeoutMs, since = exits.length) =>
      waitUntil(() => exits.length > since, { timeoutMs, everyMs: 10 }),
    untilReady,
    stop: async () => {
      child?.kill("SIGCONT");
      await end("SIGTERM");
    },
  };
}

/** Its output goes to a file and not through us: we may be busy, and it must not wait for us. */
function spawnLogged(plan: ChildPlan, logFile: string): ChildProcess {
  const log = openSync(logFile, "a");
  const given = Object.entries({ ...plan.env, ONCEPAY_EXIT_WITH_PARENT: "1" });
  const words = [...(plan.execArgv ?? []), plan.entry, ...(plan.args ?? [])];
  const child = spawn(process.execPath, words, {
    env: Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    // Its standard input is a pipe that we hold: when we are killed it closes, and the child ends too.
    stdio: ["pipe", log, log],
  });
  child.stdin?.on("error", () => undefined);
  closeSync(log);
  return child;
}

export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
