import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { redact } from "../src/security/sensitive";
import { isDatabaseAway, isNotMigrated, mayBeStored } from "../src/db/errors";
import { Failure, type FailureCode, type FailureDetails } from "../src/failures";
import { held, isHeld } from "../src/merchants/hold-merchant";
import { fullJitter } from "../src/retry";

/** The one table: what each failure is over HTTP, and whether the same request may succeed when repeated. */
export const FAILURES: Readonly<Record<FailureCode, { status: number; retryable: boolean }>> = {
  BAD_USER_INPUT: { status: 400, retryable: false },
  UNAUTHENTICATED: { status: 401, retryable: false },
  FORBIDDEN: { status: 403, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  IDEMPOTENCY_KEY_IN_USE: { status: 409, retryable: true },
  INVALID_STATE: { status: 409, retryable: false },
  IDEMPOTENCY_KEY_REUSED: { status: 422, retryable: false },
  DUPLICATE_REFERENCE: { status: 422, retryable: false },
  AMOUNT_TOO_LARGE: { status: 422, retryable: false },
  RATE_LIMITED: { status: 429, retryable: true },
  UNAVAILABLE: { status: 503, retryable: true },
  INTERNAL: { status: 500, retryable: true },
};

/** `extensions` of every error, and nothing else is in it. */
export interface ErrorExtensions extends Record<string, unknown> {
  readonly code: FailureCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly requestId: string;
  readonly details: FailureDetails;
}

export interface PresentedError extends GraphQLFormattedError {
  readonly extensions: ErrorExtensions;
}

export interface Presented {
  readonly shown: PresentedError;
  /** What is to be logged: bugs, and the reason why a part is unavailable. */
  readonly cause: unknown;
}

const MESSAGE_MAX = 500;

/** The request that failed, as far as it got. */
interface Failed {
  readonly requestId: string;
  /** Whether a mutation had begun to be executed. */
  readonly mutated: boolean;
}

/**
 * Turns whatever was thrown into what the caller sees. An expected failure is shown as it is, a malformed
 * request with GraphQL's own words, and everything else without any detail.
 */
export function presentError(error: unknown, { requestId, mutated }: Failed): Presented {
  const cause = error instanceof GraphQLError ? rootCause(error) : error;
  const failure = toFailure(error, cause);
  const { code } = failure;
  const { retryable } = FAILURES[code];
  const shown: PresentedError = {
    // GraphQL's own messages quote what was sent.
    message: redact(failure.message.slice(0, MESSAGE_MAX)),
    ...(error instanceof GraphQLError && whereabouts(error)),
    extensions: {
      code,
      retryable,
      retryAfterMs: failure.retryAfterMs ?? null,
      requestId,
      details:
        code === "UNAVAILABLE"
          ? { mayHaveExecuted: mutated && mayBeStored(cause), ...failure.details }
          : failure.details,
    },
  };
  return { shown, cause: failure === cause ? undefined : cause };
}

function whereabouts(error: GraphQLError): Pick<GraphQLFormattedError, "locations" | "path"> {
  const { locations, path } = error.toJSON();
  return { ...(locations && { locations }), ...(path && { path }) };
}

function rootCause(error: GraphQLError): unknown {
  let cause: unknown = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  // GraphQL wraps whatever it does not recognise as an Error, such as an Error of another realm (Node's, under Jest).
  const wrapped = cause as { name?: string; thrownValue?: unknown };
  return wrapped.name === "NonErrorThrown" ? wrapped.thrownValue : cause;
}

function toFailure(error: unknown, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  if (isHeld(cause)) return held();
  if (isDatabaseAway(cause) || isNotMigrated(cause)) return unavailable();
  if (error instanceof GraphQLError && isMalformedRequest(error)) {
    return new Failure("BAD_USER_INPUT", error.message);
  }
  return new Failure("INTERNAL", "Internal error");
}

/** Jittered, so that those who were refused at the same moment do not all come back at the same moment. */
export function unavailable(): Failure {
  const retryAfterMs = 500 + Math.round(fullJitter({ baseMs: 1_000, attempt: 1, capMs: 1_000 }));
  return new Failure("UNAVAILABLE", "The service is temporarily unavailable.").retryAfter(
    retryAfterMs,
  );
}

/**
 * GraphQL reports what is wrong with a request without a path: before anything was resolved. Arguments
 * that are only coerced with their field are the exception. Any other error with a path is a resolver's.
 */
function isMalformedRequest(error: GraphQLError): boolean {
  const original = error.originalError;
  if (original && !(original instanceof GraphQLError)) return false;
  return error.path === undefined || /^Argument "\w+"/.test(error.message);
}

/** The status of an answer without data; the first error decides. */
export function statusOf(errors: readonly PresentedError[]): number {
  const first = errors[0];
  return first ? FAILURES[first.extensions.code].status : 200;
}

/** Whole seconds, rounded up, as HTTP wants them; undefined when no error says when to come back. */
export function retryAfterSeconds(errors: readonly PresentedError[]): number | undefined {
  const waits = errors.map(({ extensions }) => extensions.retryAfterMs ?? 0);
  const longestMs = Math.max(0, ...waits);
  return longestMs > 0 ? Math.ceil(longestMs / 1_000) : undefined;
}
