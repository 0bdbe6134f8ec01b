import type { ErrorCode } from "./enums";

/**
 * What the client itself has to say, beside the codes of the server:
 *
 * - NETWORK_ERROR: the connection failed; whether the request arrived is not known.
 * - TIMEOUT: no answer within the time of one try.
 * - HTTP_ERROR: an answer by something that is not the API: a proxy, a load balancer.
 * - BAD_RESPONSE: an answer that is no GraphQL.
 * - ABORTED: the caller's signal. The mutation may have been executed all the same.
 * - OUTCOME_UNKNOWN: an answer was lost and could not be had again. Repeating the call with the same
 *   idempotency key is safe, and so is asking `client.operation` later; a new key might pay twice.
 */
export type ClientErrorCode =
  "NETWORK_ERROR" | "TIMEOUT" | "HTTP_ERROR" | "BAD_RESPONSE" | "ABORTED" | "OUTCOME_UNKNOWN";

/** The last part lets a program go on when a newer server sends a code that this client does not know. */
export type OncepayErrorCode = ErrorCode | ClientErrorCode | (string & Record<never, never>);

export interface Failure {
  readonly code: OncepayErrorCode;
  readonly message: string;
  /** Whether the same call, with the same idempotency key, may succeed when it is repeated. */
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** The HTTP status; undefined when there was no answer. */
  readonly status?: number | undefined;
  /** What the API said, as it came; undefined when it was not the API that refused. */
  readonly errors?: readonly unknown[] | undefined;
  readonly cause?: unknown;
}

export class OncepayError extends Error implements Failure {
  override readonly name = "OncepayError";
  readonly code: OncepayErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly status: number | undefined;
  /** The errors of the API's answer, as they came; undefined when it was not the API that refused. */
  readonly errors: readonly unknown[] | undefined;
  /** How often the request was sent. */
  readonly tries: number;
  /** The key of a mutation: what to repeat it with, or to ask `client.operation` about. */
  readonly idempotencyKey: string | undefined;

  constructor(failure: Failure, call: { tries: number; idempotencyKey?: string | undefined }) {
    super(failure.message, failure.cause === undefined ? undefined : { cause: failure.cause });
    this.code = failure.code;
    this.retryable = failure.retryable;
    this.retryAfterMs = failure.retryAfterMs;
    this.requestId = failure.requestId;
    this.details = failure.details ?? {};
    this.status = failure.status;
    this.errors = failure.errors;
    this.tries = call.tries;
    this.idempotencyKey = call.idempotencyKey;
  }
}
