import { redactCardNumbers } from "./card-numbers";

/**
 * An error for the log: what helps to find the bug, and none of the values that Postgres repeats in its details, nor
 * the statement, which Knex puts before the message.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { thrown: typeof error };
  const { code, constraint, table, routine } = error as Error & Record<string, unknown>;
  return {
    type: error.name,
    message: redactCardNumbers(withoutStatement(error)),
    stack: redactCardNumbers(framesOf(error)),
    code,
    constraint,
    table,
    routine,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

/** Only errors of Postgres have a severity. Their own message comes last, after the statement and a dash. */
function withoutStatement(error: Error): string {
  if (!("severity" in error)) return error.message;
  return error.message.slice(error.message.lastIndexOf(" - ") + 1).replace(/^- /, "");
}

/** Where it happened; the first lines of a stack repeat the message. */
function framesOf({ stack = "" }: Error): string {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .join("\n");
}
