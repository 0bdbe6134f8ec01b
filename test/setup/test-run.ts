import { mkdtempSync, chmodSync, writeFileSync } from "node:fs";
import { lstat, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { stopPostmaster } from "../../src/dev/postgres/postmaster";
import { isRunning, processIdentity } from "../../src/dev/process-identity";

const PREFIX = "oncepay-test-";
const OWNER_FILE = "owner";

/** A directory of this test run, named after our process so that a later run can tell when we are dead. */
export function createRunDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), `${PREFIX}${process.pid}-`));
  // Postgres runs under another account when we are root and has to get through.
  chmodSync(directory, 0o711);
  writeFileSync(path.join(directory, OWNER_FILE), processIdentity(process.pid) ?? "");
  return directory;
}

/** Stops the clusters, and removes the directories, of test runs that were killed before they could. */
export async function reapDeadRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number.parseInt(name.slice(PREFIX.length), 10);
    if (!name.startsWith(PREFIX) || Number.isNaN(pid)) continue;
    const directory = path.join(tmpdir(), name);
    if (await isAbandoned(directory, pid)) await reap(directory);
  }
}

async function isAbandoned(directory: string, pid: number): Promise<boolean> {
  const found = await lstat(directory).catch(() => undefined);
  if (!found?.isDirectory() || found.uid !== process.getuid?.()) return false;
  if (!isRunning(pid)) return true;
  const owner = await readFile(path.join(directory, OWNER_FILE), "utf8").catch(() => undefined);
  return owner !== undefined && owner !== "" && owner !== processIdentity(pid);
}

async function reap(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const dataDir = await realpath(path.join(directory, name)).catch(() => undefined);
    if (dataDir === undefined) continue;
    const lockFile = path.join(dataDir, "postmaster.pid");
    const lock = await readFile(lockFile, "utf8").catch(() => undefined);
    if (lock === undefined) continue;
    // Signals nothing but a Postgres of exactly this data directory.
    await stopPostmaster(Number.parseInt(lock, 10), dataDir, "immediate");
    await rm(dataDir, { recursive: true, force: true });
  }
  await rm(directory, { recursive: true, force: true });
}
