import { Failure } from "../failures";

export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

export function violatedConstraint(error: unknown): string | undefined {
  return sqlState(error) === "23505" ? (error as { constraint?: string }).constraint : undefined;
}

/** Postgres asks for the whole transaction once more: a serialisation failure or a deadlock. */
export function isRetryable(error: unknown): boolean {
  const state = sqlState(error);
  return state === "40001" || state === "40P01";
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
  "ENOENT",
]);
const AWAY_MESSAGES =
  /Connection terminated|Client has encountered a connection error|not queryable|Timeout acquiring a connection|timeout expired|Query read timeout|connection timeout|Unable to acquire a connection|Connection ended|socket hang up|server closed the connection/i;

/**
 * The database is away, or went away in between. If that was during COMMIT, what was asked may be
 * committed: whoever gets this must ask again with the same key, never conclude that nothing happened.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Failure) return false;
  const state = sqlState(error);
  if (state !== undefined && AWAY_STATES.test(state)) return true;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && AWAY_CODES.has(code)) return true;
  return error instanceof Error && AWAY_MESSAGES.test(error.message);
}

const NOT_MIGRATED_STATES = new Set(["42P01", "42703", "42883", "3F000"]);

/** A table, column, function or schema is not there: the database lacks migrations that this code needs. */
export function isNotMigrated(error: unknown): boolean {
  return NOT_MIGRATED_STATES.has(sqlState(error) ?? "");
}
