import { RESULTS, operationText } from "./documents";
import { reportAttempt } from "./call";
import { type Failure, OncepayError } from "./oncepay-error";
import type { Queries } from "./queries";
import type { MutationOptions, Settings } from "./settings";
import { tryOnce } from "./try-once";

export interface LostCall {
  readonly operation: string;
  readonly idempotencyKey: string;
  readonly tries: number;
  readonly deadlineAt: number;
  readonly options: MutationOptions;
  /** The failure of the last try. */
  readonly error: OncepayError;
}

export type FoundOutcome =
  | { readonly status: "SUCCEEDED"; readonly payload: unknown }
  | { readonly status: "FAILED" | "UNKNOWN"; readonly error: OncepayError };

type Operation = Queries["operation"]["result"];

/**
 * Asks the API for the outcome of a mutation whose answer was lost: once, and only if there is time and budget left,
 * because it is one more request to an API that may be in trouble.
 */
export async function askOperation(settings: Settings, lost: LostCall): Promise<FoundOutcome> {
  const operation = await ask(settings, lost);
  if (operation?.status === "FAILED" && operation.error) {
    const { code, message } = operation.error;
    const details = operation.error.details as Readonly<Record<string, unknown>>;
    const error = errorOf(lost, { code, message, details, retryable: false });
    return { status: "FAILED", error };
  }
  const payload = operation?.status === "SUCCEEDED" ? payloadOf(lost, operation) : undefined;
  if (payload) return { status: "SUCCEEDED", payload };
  return { status: "UNKNOWN", error: unknown(lost, operation?.status) };
}

/** The mutation's own answer; undefined when it contains more than is kept. */
function payloadOf(lost: LostCall, { result, firstSeenAt }: Operation): object | undefined {
  const expected = RESULTS[lost.operation];
  if (expected?.field === undefined || result?.__typename !== expected.type) return undefined;
  const { __typename, ...object } = result;
  const version = "version" in object ? object.version : null;
  return { [expected.field]: object, idempotency: { status: "REPLAYED", firstSeenAt, version } };
}

async function ask(settings: Settings, lost: LostCall): Promise<Operation | undefined> {
  const { operation: name, idempotencyKey, options } = lost;
  const startedAt = settings.now();
  const leftMs = lost.deadlineAt - startedAt;
  // It is charged to the mutation's own budget, so that this, too, stays within 1.1 attempts for each call.
  if (leftMs <= 0 || options.signal?.aborted || !settings.budget.takeRetry(name)) return undefined;
  const answer = await tryOnce(settings, {
    tries: 1,
    body: JSON.stringify({ query: operationText({ name }), variables: { name, idempotencyKey } }),
    timeoutMs: Math.min(options.timeoutMs ?? settings.timeoutMs, leftMs),
    signal: options.signal,
  });
  const attempt = { operation: "operation", tries: 1, retryInMs: undefined };
  reportAttempt(settings, answer, { ...attempt, startedAt, idempotencyKey });
  return "data" in answer ? (answer.data.operation as Operation) : undefined;
}

function errorOf({ tries, idempotencyKey }: LostCall, failure: Failure): OncepayError {
  return new OncepayError(failure, { tries, idempotencyKey });
}

function unknown(lost: LostCall, status: Operation["status"] | undefined): OncepayError {
  const isDone = status === "SUCCEEDED";
  return errorOf(lost, {
    code: "OUTCOME_UNKNOWN",
    message: isDone
      ? "The operation was executed, but its answer was lost. Repeat the call with the same idempotency key to get it."
      : "The answer was lost, and the operation may or may not have been executed. Repeat the call with the same idempotency key, or query `operation` for the outcome.",
    retryable: true,
    retryAfterMs: lost.error.retryAfterMs,
    requestId: lost.error.requestId,
    status: lost.error.status,
    // What the API said when it was asked; NOT_SEEN is not a verdict, because a request may still be on its way.
    details: status === undefined ? {} : { operationStatus: status },
    cause: lost.error,
  });
}
