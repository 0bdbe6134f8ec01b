import type { Db } from "../db/db";
import { isDatabaseAway, isDeadlock, isLockTimeout, isRetryable, sqlState } from "../db/errors";
import { databaseErrors, poolWaitSeconds } from "./metrics";

type Reason = Parameters<typeof databaseErrors.inc>[0]["reason"];

interface Pool {
  numFree(): number;
  on(event: "acquireRequest" | "acquireSuccess" | "acquireFail", heard: (id: number) => void): void;
}

/**
 * Counts a pool's failed statements by reason, and how long those waited that found no connection free.
 *
 * Cost: two calls for each use of a connection, and no clock is read while one is free.
 */
export function watchConnections(db: Db, pool: "system" | "tenants"): void {
  const began = new Map<number, number>();
  const connections = (db.client as { pool: Pool }).pool;
  connections.on("acquireRequest", (id) => {
    if (connections.numFree() === 0) began.set(id, performance.now());
  });
  const over = (id: number): void => {
    const sinceMs = began.get(id);
    if (sinceMs === undefined) return;
    began.delete(id);
    poolWaitSeconds.observe({ pool }, (performance.now() - sinceMs) / 1_000);
  };
  connections.on("acquireSuccess", over);
  connections.on("acquireFail", over);
  db.on("query-error", (error: unknown) => {
    databaseErrors.inc({ reason: reasonOf(error) });
  });
}

const FULL = "53100";
const READ_ONLY = "25006";
const CANCELED = "57014";

export function reasonOf(error: unknown): Reason {
  const state = sqlState(error);
  if (state === FULL) return "full";
  if (state === READ_ONLY) return "readonly";
  if (state === CANCELED || isLockTimeout(error)) return "timeout";
  if (isDeadlock(error) || isRetryable(error)) return "deadlock";
  if (state?.startsWith("23") === true) return "constraint";
  return isDatabaseAway(error) ? "away" : "other";
}
