import { reportAttempt } from "./call";
import type { OperationStatus } from "./enums";
import { type Failure, OncepayError } from "./oncepay-error";
import type { DataAnswer } from "./read-answer";
import type { MutationOptions, Settings } from "./settings";
import { tryOnce } from "./try-once";

export interface LostCall {
  readonly operation: string;
  /** What was sent. */
  readonly body: string;
  readonly idempotencyKey: string;
  readonly tries: number;
  readonly deadlineAt: number;
  readonly options: MutationOptions;
  /** The failure of the last try. */
  readonly error: OncepayError;
}

export type FoundOutcome =
  | { readonly status: "SUCCEEDED"; readonly answer: DataAnswer }
  | { readonly status: "FAILED" | "UNKNOWN"; readonly error: OncepayError };

export type AskOutcome = (settings: Settings, lost: LostCall) => Promise<FoundOutcome>;

/** What the API says of a key. */
export interface SeenOperation {
  readonly status: OperationStatus;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details: unknown;
  } | null;
}

export interface Question<Seen extends SeenOperation> {
  /** A query of `operation(name:, idempotencyKey:)`. */
  readonly document: string;
  /** The mutation's own answer; undefined when it cannot be had. */
  readonly answerOf: (seen: Seen) => DataAnswer | undefined | Promise<DataAnswer | undefined>;
}

/**
 * Asks the API for the outcome of a mutation whose answer was lost: once, and only if there is time and budget left,
 * because it is one more request to an API that may be in trouble.
 */
export async function askOutcome<Seen extends SeenOperation>(
  settings: Settings,
  lost: LostCall,
  { document, answerOf }: Question<Seen>,
): Promise<FoundOutcome> {
  const seen = await ask<Seen>(settings, lost, document);
  if (seen?.status === "FAILED" && seen.error) {
    const { code, message } = seen.error;
    const details = seen.error.details as Readonly<Record<string, unknown>>;
    // In the form in which the lost answer said it.
    const extensions = { code, retryable: false, retryAfterMs: null, details };
    const errors = [{ message, path: [lost.operation], extensions }];
    const error = errorOf(lost, { code, message, details, retryable: false, errors });
    return { status: "FAILED", error };
  }
  const answer = seen?.status === "SUCCEEDED" ? await answerOf(seen) : undefined;
  if (answer) return { status: "SUCCEEDED", answer };
  return { status: "UNKNOWN", error: unknown(lost, seen?.status) };
}

async function ask<Seen>(
  settings: Settings,
  lost: LostCall,
  query: string,
): Promise<Seen | undefined> {
  const { operation: name, idempotencyKey, options } = lost;
  // It is charged to the mutation's own budget, so that this, too, stays within 1.1 attempts for each call.
  if (options.signal?.aborted || timeLeft(settings, lost) <= 0) return undefined;
  if (!settings.budget.takeRetry(name)) return undefined;
  const body = JSON.stringify({ query, variables: { name, idempotencyKey } });
  const answer = await tryLost(settings, lost, { operation: "operation", body, tries: 1 });
  return answer?.data.operation as Seen | undefined;
}

export interface LastTry {
  readonly operation: string;
  readonly body: string;
  readonly tries: number;
  readonly acceptsPartial?: boolean;
}

/** One more request on behalf of a call whose tries are used up, within what is left of its time. */
export async function tryLost(
  settings: Settings,
  lost: LostCall,
  { operation, body, tries, acceptsPartial }: LastTry,
): Promise<DataAnswer | undefined> {
  const { idempotencyKey, options } = lost;
  const startedAt = settings.now();
  const timeoutMs = Math.min(options.timeoutMs ?? settings.timeoutMs, timeLeft(settings, lost));
  if (timeoutMs <= 0 || options.signal?.aborted) return undefined;
  const { signal } = options;
  const answer = await tryOnce(settings, { tries, body, timeoutMs, signal, acceptsPartial });
  const attempt = { operation, tries, retryInMs: undefined };
  reportAttempt(settings, answer, { ...attempt, startedAt, idempotencyKey });
  return "data" in answer ? answer : undefined;
}

function timeLeft(settings: Settings, { deadlineAt }: LostCall): number {
  return deadlineAt - settings.now();
}

function errorOf({ tries, idempotencyKey }: LostCall, failure: Failure): OncepayError {
  return new OncepayError(failure, { tries, idempotencyKey });
}

function unknown(lost: LostCall, status: OperationStatus | undefined): OncepayError {
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
