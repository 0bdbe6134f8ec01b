import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import { commandLine, isRunning } from "../process-identity";
import { waitUntil } from "../wait-until";

export interface Postmaster {
  pid: number;
  port: number;
}

export type StopMode = "fast" | "immediate";

/** Says whether a server answers there with our password, which only our own cluster accepts. */
export async function probe(url: string): Promise<"ready" | "starting" | "silent"> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // 57P03: it is up, and still replaying its log after a crash.
    return (error as { code?: string }).code === "57P03" ? "starting" : "silent";
  }
  try {
    await client.query("select 1");
    return "ready";
  } catch {
    return "silent";
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** True only for a live Postgres of exactly this data directory: no other process is ever signalled. */
export function isPostmasterOf(pid: number, dataDir: string): boolean {
  if (!isRunning(pid)) return false;
  const words = commandLine(pid);
  if (words === undefined) return false;
  return words.includes("postgres") && `${words} `.includes(` -D ${dataDir} `);
}

/**
 * Deals with what an earlier run left in the data directory. A server of ours that answers is adopted,
 * one that does not is stopped, and a lock file whose process is gone is removed: Postgres would take a
 * zombie, or a stranger who was given the same process id, for the owner of the directory.
 */
export async function adoptOrClear(
  dataDir: string,
  urlOf: (port: number) => string,
  wantedPort: number | undefined,
): Promise<Postmaster | undefined> {
  const lock = readLockFile(dataDir);
  if (lock === undefined) return undefined;
  if (!isPostmasterOf(lock.pid, dataDir)) {
    if (isRunning(lock.pid) && (commandLine(lock.pid) ?? "postgres").includes("postgres")) {
      throw new Error(
        `${dataDir} is in use by process ${lock.pid}, which was not started from here.`,
      );
    }
    await rm(path.join(dataDir, "postmaster.pid"), { force: true });
    return undefined;
  }
  const { port } = lock;
  if (port !== undefined && (wantedPort === undefined || wantedPort === port)) {
    if (await becomesReady(urlOf(port), () => isPostmasterOf(lock.pid, dataDir))) {
      return { pid: lock.pid, port };
    }
  }
  await stopPostmaster(lock.pid, dataDir, "fast");
  return undefined;
}

/** Replaying a long log is progress and gets two minutes; silence gets ten seconds, unless told otherwise. */
export async function becomesReady(
  url: string,
  isAlive: () => boolean,
  silenceMs = 10_000,
): Promise<boolean> {
  const startedAt = Date.now();
  let isReady = false;
  await waitUntil(
    async () => {
      const answer = await probe(url);
      isReady = answer === "ready";
      if (isReady || !isAlive()) return true;
      return answer === "silent" && Date.now() - startedAt > silenceMs;
    },
    { timeoutMs: 120_000, everyMs: 25 },
  );
  return isReady;
}

const SIGNALS: Record<StopMode, { signal: NodeJS.Signals; timeoutMs: number }[]> = {
  // The final checkpoint of a fast stop can take a while on a slow disk.
  fast: [
    { signal: "SIGINT", timeoutMs: 60_000 },
    { signal: "SIGQUIT", timeoutMs: 10_000 },
    { signal: "SIGKILL", timeoutMs: 10_000 },
  ],
  immediate: [
    { signal: "SIGQUIT", timeoutMs: 5_000 },
    { signal: "SIGKILL", timeoutMs: 10_000 },
  ],
};

export async function stopPostmaster(pid: number, dataDir: string, mode: StopMode): Promise<void> {
  for (const { signal, timeoutMs } of SIGNALS[mode]) {
    if (!isPostmasterOf(pid, dataDir)) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    if (await waitUntil(() => !isPostmasterOf(pid, dataDir), { timeoutMs })) return;
  }
  throw new Error(`Postgres (process ${pid}) does not stop.`);
}

/** The first and fourth lines of postmaster.pid; the later lines are missing while the server comes up. */
function readLockFile(dataDir: string): { pid: number; port: number | undefined } | undefined {
  let lines: string[];
  try {
    lines = readFileSync(path.join(dataDir, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number.parseInt(lines[0] ?? "", 10);
  const port = Number.parseInt(lines[3] ?? "", 10);
  // An empty file is what a full disk or a power cut leaves; it names no owner.
  return { pid: Number.isNaN(pid) ? -1 : pid, port: Number.isNaN(port) ? undefined : port };
}
