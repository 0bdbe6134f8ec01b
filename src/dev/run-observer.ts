import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { waitUntil } from "./wait-until";

/** A program that is not ours, run beside an installation for as long as that runs. */
export interface Observer {
  readonly url: string;
  stop(): Promise<void>;
  kill(): void;
}

interface ObserverPlan {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly url: string;
  /** What only the one that we started answers. */
  readonly isOurs: { readonly path: string; readonly says: string };
  readonly log: (name: string, line: string) => void;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const ASK_TIMEOUT_MS = 2_000;

// The shell ends the program when its own standard input closes, and so also when this process is killed. What it runs
// in the background has no standard input, so it is kept as the third.
const TIED_TO_US = `
  exec 3<&0
  "$@" & program=$!
  { read -r _ <&3; kill "$program"; } & reader=$!
  wait "$program"; code=$?
  kill "$reader" 2>/dev/null
  exit $code`;

/** Undefined when it ended, or did not answer: what it said is in the log. */
export async function tryObserver(plan: ObserverPlan): Promise<Observer | undefined> {
  const { name, program, args, environment, url, isOurs, log } = plan;
  const shell = spawn("sh", ["-c", TIED_TO_US, "sh", program, ...args], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment },
    stdio: ["pipe", "pipe", "pipe"],
    // Ctrl-C must reach us alone.
    detached: true,
  });
  shell.stdin.on("error", () => undefined);
  shell.once("error", (error) => {
    log(name, error.message);
  });
  for (const stream of [shell.stdout, shell.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      log(name, line);
    });
  }
  const answers = (): Promise<boolean> => says(url + isOurs.path, isOurs.says);
  await waitUntil(async () => hasEnded(shell) || (await answers()), {
    timeoutMs: READY_TIMEOUT_MS,
  });
  const observer = observerOf(shell, plan);
  if (!hasEnded(shell) && (await answers())) return observer;
  log("start", `${name} did not start`);
  await observer.stop();
  return undefined;
}

function observerOf(shell: ChildProcess, { url, name, log }: ObserverPlan): Observer {
  const kill = (): void => {
    try {
      // The shell and what it runs are a group of their own.
      if (shell.pid !== undefined) process.kill(-shell.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  };
  return {
    url,
    stop: async () => {
      shell.stdin?.end();
      if (await waitUntil(() => hasEnded(shell), { timeoutMs: STOP_TIMEOUT_MS })) return;
      log("start", `${name} did not stop within ${String(STOP_TIMEOUT_MS)} ms; killing it`);
      kill();
    },
    kill,
  };
}

function hasEnded({ exitCode, signalCode, pid }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

async function says(url: string, text: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    return response.ok && (await response.text()).includes(text);
  } catch {
    return false;
  }
}

/** The first of these that is on the PATH. */
export function findProgram(names: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return names
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find((file) => isFile(file, constants.X_OK));
}

export function isFile(file: string, mode = constants.R_OK): boolean {
  try {
    accessSync(file, mode);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
