import { type CallOutcome, call } from "./call";
import { type LostCall, askOperation } from "./ask-operation";
import type { HeldKey } from "./idempotency-key";
import { OncepayError } from "./oncepay-error";
import type { MutationOptions, Settings } from "./settings";

/** Verdicts that the API keeps under the key: a repeat would get them as well. */
const STORED = new Set(["NOT_FOUND", "INVALID_STATE", "DUPLICATE_REFERENCE", "AMOUNT_TOO_LARGE"]);

/** And those that prove that no request with this key and this input had any effect. */
const VERDICTS = new Set([...STORED, "BAD_USER_INPUT", "IDEMPOTENCY_KEY_REUSED"]);

export interface Mutation {
  readonly operation: string;
  readonly document: string;
  readonly input: unknown;
  readonly options: MutationOptions;
}

/**
 * Sends a mutation with one and the same idempotency key, however often, until its outcome is certain.
 * If it is not, the API is asked for the outcome of the key; and if that fails too, the caller is told OUTCOME_UNKNOWN,
 * never "failed".
 */
export async function mutate(settings: Settings, mutation: Mutation): Promise<unknown> {
  const { operation, document, input, options } = mutation;
  const held = await settings.keys.take({ operation, input, ...options });
  const idempotencyKey = held.key;
  const variables = { input, idempotencyKey };
  const body = JSON.stringify({ query: document, variables, operationName: operation });
  const outcome = await call(settings, { operation, body, options, idempotencyKey });
  if ("data" in outcome) {
    await held.forget();
    return outcome.data[operation];
  }
  const error = new OncepayError(outcome.failure, { tries: outcome.tries, idempotencyKey });
  if (isDone(outcome, held)) await held.forget();
  if (isCertain(outcome)) throw error;
  if (error.code === "ABORTED") {
    held.keep();
    throw error;
  }
  return resolveLost(settings, held, {
    operation,
    idempotencyKey,
    tries: outcome.tries,
    deadlineAt: outcome.deadlineAt,
    options,
    error,
  });
}

type Failed = Exclude<CallOutcome, { data: unknown }>;

function isCertain({ failure, mayHaveExecuted }: Failed): boolean {
  return !mayHaveExecuted || VERDICTS.has(failure.code);
}

/**
 * Whether the key is used up. A refusal that says nothing about the key (no access, a busy API) leaves it in the store
 * unless nobody can have used it: before a reload, an earlier call may have paid with it.
 */
function isDone({ failure, mayHaveExecuted }: Failed, { isNew }: HeldKey): boolean {
  if (STORED.has(failure.code)) return true;
  return isNew && !mayHaveExecuted && !failure.retryable && failure.code !== "ABORTED";
}

async function resolveLost(settings: Settings, held: HeldKey, lost: LostCall): Promise<unknown> {
  const found = await askOperation(settings, lost);
  if (found.status === "SUCCEEDED") {
    await held.forget();
    return found.payload;
  }
  if (found.status === "FAILED") await held.forget();
  else held.keep();
  throw found.error;
}
