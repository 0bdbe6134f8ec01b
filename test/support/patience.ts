/**
 * How long tests wait for what must happen. A limit is there so that a hang ends in the name of what did not happen; it
 * measures nothing, and a busy machine may need a hundred times as long as a quiet one.
 */
export const PATIENCE_MS = 90_000;

/** For connections to Postgres of which no time-out is the subject. */
export const PATIENT = { statementTimeoutMs: PATIENCE_MS, connectTimeoutMs: PATIENCE_MS };
