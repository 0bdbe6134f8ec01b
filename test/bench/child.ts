import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface ChildPlan {
  readonly name: string;
  /** Arguments for node: its flags, the program, the program's arguments. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  readonly readyPath: string;
}

/** A real process of the product. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** From the start of the process until it said that it was ready. */
  readonly startedInMs: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const READY_TIMEOUT_MS = 180_000;
const READY_EVERY_MS = 5;
const STOP_TIMEOUT_MS = 60_000;

/** Its output goes to a file and not through us: we are busy, and it must not wait for us. */
export async function startChild(plan: ChildPlan, logDirectory: string): Promise<Child> {
  const logFile = path.join(logDirectory, `${plan.name}.log`);
  const log = openSync(logFile, "a");
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...plan.args], {
    env: { ...plan.env, ONCEPAY_EXIT_WITH_PARENT: "1" },
    // Its standard input is a pipe that we hold: however we end, it closes, and the child ends too.
    stdio: ["pipe", log, log],
  });
  child.stdin?.on("error", () => undefined);
  closeSync(log);
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  while (!(await answersOk(plan.port, plan.readyPath))) {
    if (isGone() || performance.now() - startedAt > READY_TIMEOUT_MS) {
      child.kill("SIGKILL");
      throw new Error(`${plan.name} did not start. It says:\n${tail(logFile)}`);
    }
    await delay(READY_EVERY_MS);
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (isGone()) return;
    child.kill(signal);
    if (await endsWithin(child, STOP_TIMEOUT_MS)) return;
    child.kill("SIGKILL");
    await endsWithin(child, STOP_TIMEOUT_MS);
  };
  return {
    name: plan.name,
    pid: child.pid ?? 0,
    port: plan.port,
    startedInMs: performance.now() - startedAt,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

async function endsWithin(child: ChildProcess, timeoutMs: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function answersOk(port: number, readyPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get(
      { port, host: "127.0.0.1", path: readyPath, agent: false },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    request.setTimeout(2_000, () => request.destroy());
    request.once("error", () => resolve(false));
  });
}

function tail(file: string): string {
  return readFileSync(file, "utf8").slice(-3_000);
}
