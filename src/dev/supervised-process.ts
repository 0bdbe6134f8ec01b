import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { waitUntil } from "./wait-until";

export interface ProcessPlan {
  name: string;
  entry: string;
  env: NodeJS.ProcessEnv;
  /** Answers 200 once the process does its work. */
  readyUrl: string;
}

export interface ProcessReport {
  line: (name: string, text: string) => void;
  /** Called at every start and restart, when `pid` has changed. */
  started: () => void;
}

export interface SupervisedProcess {
  readonly plan: ProcessPlan;
  pid(): number | undefined;
  isReady(): Promise<boolean>;
  stop(): Promise<void>;
  kill(): void;
}

const BACKOFF_MIN_MS = 200;
const BACKOFF_MAX_MS = 5_000;
/** A process that lived this long was not killed by its own start. */
const SETTLED_MS = 10_000;
/** The API and the worker finish what they have begun, and the longest they wait for is a card network. */
const STOP_TIMEOUT_MS = 20_000;

/** Keeps one child process running until it is stopped. */
export function supervise(plan: ProcessPlan, report: ProcessReport): SupervisedProcess {
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let backoffMs = BACKOFF_MIN_MS;
  let isStopping = false;

  const start = (): void => {
    const startedAt = Date.now();
    child = launch(plan, report);
    report.started();
    // "close" follows also when the program could not be started at all, which "exit" does not.
    child.once("close", (code, signal) => {
      child = undefined;
      if (isStopping) return;
      if (Date.now() - startedAt > SETTLED_MS) backoffMs = BACKOFF_MIN_MS;
      const end = signal ?? `exit code ${code}`;
      report.line("start", `${plan.name} ended (${end}); starting it again in ${backoffMs} ms`);
      restart = setTimeout(start, backoffMs);
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
    });
  };
  start();

  return {
    plan,
    pid: () => child?.pid,
    isReady: async () => child !== undefined && answersOk(plan.readyUrl),
    stop: async () => {
      isStopping = true;
      clearTimeout(restart);
      child?.kill("SIGTERM");
      if (await waitUntil(() => child === undefined, { timeoutMs: STOP_TIMEOUT_MS })) return;
      report.line("start", `${plan.name} did not stop within ${STOP_TIMEOUT_MS} ms; killing it`);
      child?.kill("SIGKILL");
      await waitUntil(() => child === undefined, { timeoutMs: 5_000 });
    },
    kill: () => {
      isStopping = true;
      clearTimeout(restart);
      child?.kill("SIGKILL");
    },
  };
}

function launch(plan: ProcessPlan, report: ProcessReport): ChildProcess {
  const child = spawn(process.execPath, ["--enable-source-maps", plan.entry], {
    env: { ...plan.env, ONCEPAY_EXIT_WITH_PARENT: "1" },
    stdio: ["pipe", "pipe", "pipe"],
    // A group of its own: Ctrl-C must reach us alone, or all would stop at once and in no order.
    detached: true,
  });
  child.stdin.on("error", () => undefined);
  child.once("error", (error) => report.line(plan.name, error.message));
  const pass = (stream: Readable): void => {
    createInterface({ input: stream }).on("line", (text) => report.line(plan.name, text));
  };
  pass(child.stdout);
  pass(child.stderr);
  return child;
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
