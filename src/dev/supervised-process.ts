import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { EXIT, type ListeningReport } from "../process/run-process";
import { httpUrl } from "../process/listen";
import { NODE_FLAGS, type ProgramFacts } from "./programs";
import { waitUntil } from "./wait-until";

export interface ProcessPlan {
  readonly name: string;
  /** The file that Node runs. */
  readonly file: string;
  readonly program: ProgramFacts;
  readonly host: string;
  readonly port: { readonly wanted: number; readonly isChosen: boolean };
  /** Asked at every start, because addresses of others become known only when those listen. */
  readonly environment: () => NodeJS.ProcessEnv;
}

export interface ProcessReport {
  line: (name: string, text: string) => void;
  /** Called whenever `pid` or `port` has changed. */
  changed: () => void;
  /** Set when it will never become ready: its last words. */
  failed: (name: string, lastWords: string) => void;
}

export interface SupervisedProcess {
  readonly plan: ProcessPlan;
  pid(): number | undefined;
  /** The name of the child that is running now: never that of another checkout, nor of an earlier child. */
  instance(): string;
  /** Where it is reached; undefined until it has said where it listens. */
  url(): string | undefined;
  /** Where its metrics are, under the same condition. */
  metricsUrl(): string | undefined;
  isReady(): Promise<boolean>;
  /** What it was missing when it was last asked whether it was ready. */
  missing(): readonly string[];
  stop(): Promise<void>;
  kill(): void;
}

const BACKOFF_MIN_MS = 200;
const BACKOFF_MAX_MS = 5_000;
/** A process that lived this long was not killed by its own start. */
const SETTLED_MS = 10_000;
/** The API and the worker finish what they have begun, and the longest they wait for is a card network. */
const STOP_TIMEOUT_MS = 20_000;
/** A start that failed three times in a row fails again. */
const FAILED_STARTS_MAX = 3;
const LAST_WORDS_MAX = 20;

/** Keeps one child process running until it is stopped, or until it is clear that it cannot run. */
export function supervise(plan: ProcessPlan, report: ProcessReport): SupervisedProcess {
  let child: Launched | undefined;
  let restart: NodeJS.Timeout | undefined;
  let backoffMs = BACKOFF_MIN_MS;
  let isStopping = false;
  let boundPort: number | undefined;
  let metricsPort: number | undefined;
  let failedStarts = 0;
  let missing: readonly string[] = [];

  const start = (): void => {
    const startedAt = Date.now();
    const launched = launch(plan, boundPort, report);
    child = launched;
    launched.process.on("message", (message: Partial<ListeningReport>) => {
      if (message.listening?.instance !== launched.instance) return;
      boundPort = message.listening.port;
      metricsPort = message.listening.internalPort ?? boundPort;
      report.changed();
    });
    report.changed();
    // "close" follows also when the program could not be started at all, which "exit" does not.
    launched.process.once("close", (code, signal) => {
      child = undefined;
      if (isStopping) return;
      failedStarts += 1;
      const isUnusable = code === EXIT.unusableConfiguration || code === EXIT.usage;
      if (boundPort === undefined && (isUnusable || failedStarts === FAILED_STARTS_MAX)) {
        report.failed(plan.name, launched.lastWords());
        return;
      }
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
    pid: () => child?.process.pid,
    url: () => (boundPort === undefined ? undefined : httpUrl(plan.host, boundPort)),
    // What is internal stays on the loopback address.
    metricsUrl: () => (metricsPort === undefined ? undefined : httpUrl("127.0.0.1", metricsPort)),
    missing: () => missing,
    instance: () => child?.instance ?? "",
    isReady: async () => {
      if (child === undefined || boundPort === undefined) return false;
      const url = httpUrl(plan.host, boundPort) + plan.program.readyPath;
      const answer = await askReadiness(url, child.instance);
      missing = answer.missing;
      return answer.isReady;
    },
    stop: async () => {
      isStopping = true;
      clearTimeout(restart);
      child?.process.kill("SIGTERM");
      if (await waitUntil(() => child === undefined, { timeoutMs: STOP_TIMEOUT_MS })) return;
      report.line("start", `${plan.name} did not stop within ${STOP_TIMEOUT_MS} ms; killing it`);
      child?.process.kill("SIGKILL");
      await waitUntil(() => child === undefined, { timeoutMs: 5_000 });
    },
    kill: () => {
      isStopping = true;
      clearTimeout(restart);
      child?.process.kill("SIGKILL");
    },
  };
}

interface Launched {
  readonly process: ChildProcess;
  readonly instance: string;
  /** What it wrote to standard error, where a program says why it ends. */
  lastWords(): string;
}

/** Once it has bound a port, it keeps that port through restarts: others have been told about it. */
function launch(plan: ProcessPlan, bound: number | undefined, report: ProcessReport): Launched {
  const instance = randomUUID();
  const child = spawn(process.execPath, [...NODE_FLAGS, "--enable-source-maps", plan.file], {
    env: {
      ...plan.environment(),
      [plan.program.portSetting]: String(bound ?? plan.port.wanted),
      ONCEPAY_PORT_FALLBACK: String(bound === undefined && !plan.port.isChosen),
      ONCEPAY_INSTANCE_ID: instance,
      ONCEPAY_EXIT_WITH_PARENT: "1",
    },
    // The fourth is the channel over which it reports its port.
    stdio: ["pipe", "pipe", "pipe", "ipc"],
    // A group of its own: Ctrl-C must reach us alone, or all would stop at once and in no order.
    detached: true,
  });
  child.stdin?.on("error", () => undefined);
  child.once("error", (error) => report.line(plan.name, error.message));
  const words: string[] = [];
  const pass = (stream: Readable | null, listen: (text: string) => void): void => {
    if (stream) createInterface({ input: stream }).on("line", listen);
  };
  pass(child.stdout, (text) => report.line(plan.name, text));
  pass(child.stderr, (text) => {
    report.line(plan.name, text);
    words.push(text);
    if (words.length > LAST_WORDS_MAX) words.shift();
  });
  return { process: child, instance, lastWords: () => words.join("\n") };
}

/** Somebody else's process may answer at an address intended for ours: only our own counts. */
async function askReadiness(
  url: string,
  instance: string,
): Promise<{ isReady: boolean; missing: readonly string[] }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    const body = (await response.json()) as { instance?: string; missing?: readonly string[] };
    if (body.instance !== instance) return { isReady: false, missing: ["another process answers"] };
    return { isReady: response.ok, missing: body.missing ?? (response.ok ? [] : ["not ready"]) };
  } catch {
    return { isReady: false, missing: ["it does not answer"] };
  }
}
