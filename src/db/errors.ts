import { Failure } from "../failures";

export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

export function violatedConstraint(error: unknown): string | undefined {
  return sqlState(error) === "23505" ? (error as { constraint?: string }).constraint : undefined;
}

/** Postgres asks for the whole transaction to be repeated: a serialisation failure or a deadlock. */
export function isRetryable(error: unknown): boolean {
  return sqlState(error) === "40001" || isDeadlock(error);
}

export function isDeadlock(error: unknown): boolean {
  return sqlState(error) === "40P01";
}

/** Another transaction held what this statement needed for longer than lock_timeout. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === "55P03";
}

const AWAY_STATES = /^(08|53|57P0|25006|57014)/;
const AWAY_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
]);
const AWAY_MESSAGES =
  /Connection terminated|Client has encountered a connection error|not queryable|Timeout acquiring a connection|timeout expired|Query read timeout|connection timeout|Unable to acquire a connection|Connection ended|socket hang up|server closed the connection/i;

/**
 * The database is unavailable, or became so in the meantime. If that was during COMMIT, the work may be committed: see
 * mayBeStored. A caller that gets this should repeat the request with the same key, and must not conclude that nothing
 * happened.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Failure) return false;
  const state = sqlState(error);
  if (state !== undefined && AWAY_STATES.test(state)) return true;
  // The server ended this connection, or itself, whatever the reason; what it was committing may be committed.
  const { severity } = Object(error) as { severity?: unknown };
  if (severity === "FATAL" || severity === "PANIC") return true;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && AWAY_CODES.has(code)) return true;
  return error instanceof Error && AWAY_MESSAGES.test(error.message);
}

/*
 * After some failures nothing can have been committed, and after others nobody knows. The default is that nobody
 * knows; those who can prove more (transact, runAlone, beforeWriting) mark the error that they pass on. It is a mark
 * and not a wrapper, so that the error stays what it is for everybody who reads its code or its constraint.
 */
const provenUnstored = new WeakSet<object>();

export function markUnstored(error: unknown): void {
  if (typeof error === "object" && error !== null) provenUnstored.add(error);
}

/** Whether what failed with this error may nevertheless be committed. */
export function mayBeStored(error: unknown): boolean {
  return !(typeof error === "object" && error !== null && provenUnstored.has(error));
}

/** For what a use case reads before its first write: if that fails, nothing is stored. */
export async function beforeWriting<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    markUnstored(error);
    throw error;
  }
}

/**
 * Whether a COMMIT, or a statement that is a transaction of its own, certainly did nothing although it was handed to a
 * connection: the driver saw that the connection was gone and did not send it, or the server answered ERROR, which
 * rolls back. FATAL and PANIC prove nothing, for they may strike after the commit; nor does a lost connection, nor a
 * time-out on this side. An ERROR in another language is not recognised, and proves nothing either.
 */
export function isProvenUnstored(error: unknown): boolean {
  const { severity, message } = Object(error) as { severity?: unknown; message?: unknown };
  if (sqlState(error) !== undefined) return severity === "ERROR";
  return typeof message === "string" && / is not queryable$/.test(message);
}

const NOT_MIGRATED_STATES = new Set(["42P01", "42703", "42883", "3F000"]);

/**
 * The role that a process acts in is missing, or may not read: the database was never migrated by a release that knows
 * the role, or the user of the URL may not take it.
 */
export function lacksRole(error: unknown): boolean {
  const { message } = Object(error) as { message?: unknown };
  const isAboutRole = typeof message === "string" && /\brole\b/.test(message);
  return (sqlState(error) === "22023" && isAboutRole) || sqlState(error) === "42501";
}

/** A table, column, function or schema is missing: the database lacks migrations that this code needs. */
export function isNotMigrated(error: unknown): boolean {
  return NOT_MIGRATED_STATES.has(sqlState(error) ?? "");
}
