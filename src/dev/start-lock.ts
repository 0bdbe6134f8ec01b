import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { processIdentity } from "./process-identity";

interface Holder {
  pid: number;
  identity: string;
}

/**
 * Makes sure that there is one supervisor per checkout. Returns the function that gives the lock back.
 * A lock whose holder is dead, or whose process id now belongs to somebody else, is taken over.
 */
export function takeStartLock(file: string): () => void {
  const draft = `${file}.${process.pid}`;
  const mine: Holder = { pid: process.pid, identity: processIdentity(process.pid) ?? "" };
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    // A link appears with its content and fails when there is one already; two tries, one takeover.
    if (!tryLink(draft, file)) {
      clearStale(file);
      if (!tryLink(draft, file)) throw new Error("Another `npm start` has just begun here.");
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return () => rmSync(file, { force: true });
}

/** The process that holds the lock now; none when it is stale. */
export function lockHolder(file: string): number | undefined {
  const holder = readHolder(file);
  return isHeld(holder) ? holder.pid : undefined;
}

function clearStale(file: string): void {
  const found = readHolder(file);
  if (isHeld(found)) throw alreadyRunning(found);
  // Renaming takes it away from exactly one of several that find it stale at the same time.
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const taken = readHolder(aside);
  if (isHeld(taken)) {
    // Somebody else took over between our look and the renaming: the lock is theirs.
    tryLink(aside, file);
    rmSync(aside, { force: true });
    throw alreadyRunning(taken);
  }
  rmSync(aside, { force: true });
}

function isHeld(holder: Holder | undefined): holder is Holder {
  return holder !== undefined && processIdentity(holder.pid) === holder.identity;
}

/**
 * What to say before anything else is done; undefined when nothing is running there.
 *
 * @public Used by build.js.
 */
export function alreadyRunningIn(file: string): string | undefined {
  const holder = readHolder(file);
  return isHeld(holder) ? alreadyRunning(holder).message : undefined;
}

function alreadyRunning(holder: Holder): Error {
  return new Error(
    `\`npm start\` is already running here (process ${holder.pid}). Stop it first, or use it: ` +
      "its addresses and keys are in .oncepay/dev.json once it is ready.",
  );
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}
