import type { AskOutcome, FoundOutcome } from "./ask-outcome";
import { type CallOutcome, call } from "./call";
import type { HeldKey } from "./idempotency-key";
import { OncepayError } from "./oncepay-error";
import type { DataAnswer } from "./read-answer";
import type { MutationOptions, Settings } from "./settings";

/** Verdicts that the API keeps under the key: a repeat would get them as well. */
const STORED = new Set(["NOT_FOUND", "INVALID_STATE", "DUPLICATE_REFERENCE", "AMOUNT_TOO_LARGE"]);

/** And those that prove that no request with this key and this input had any effect. */
const VERDICTS = new Set([...STORED, "BAD_USER_INPUT", "IDEMPOTENCY_KEY_REUSED"]);

export interface Mutation {
  /** The mutation's field, by which the API knows its keys. */
  readonly operation: string;
  /** What is wished for: equal wishes whose outcome is unknown are one. */
  readonly wish: unknown;
  readonly bodyWith: (idempotencyKey: string) => string;
  readonly options: MutationOptions;
  readonly acceptsPartial?: boolean;
  readonly askOutcome: AskOutcome;
}

/**
 * Sends a mutation with one and the same idempotency key, however often, until its outcome is certain.
 * If it is not, the API is asked for the outcome of the key; and if that fails too, the caller is told OUTCOME_UNKNOWN,
 * never "failed".
 */
export async function mutate(settings: Settings, mutation: Mutation): Promise<DataAnswer> {
  const { operation, wish, options, acceptsPartial, askOutcome } = mutation;
  const held = await settings.keys.take({ operation, input: wish, ...options });
  const idempotencyKey = held.key;
  const body = mutation.bodyWith(idempotencyKey);
  const outcome = await call(settings, {
    operation,
    body,
    options,
    idempotencyKey,
    acceptsPartial,
  });
  if ("data" in outcome) {
    await held.forget();
    return outcome;
  }
  const error = new OncepayError(outcome.failure, { tries: outcome.tries, idempotencyKey });
  if (isDone(outcome, held)) await held.forget();
  if (isCertain(outcome)) throw error;
  if (error.code === "ABORTED") {
    held.keep();
    throw error;
  }
  const { tries, deadlineAt } = outcome;
  const lost = { operation, body, idempotencyKey, tries, deadlineAt, options, error };
  return resolveLost(held, await askOutcome(settings, lost));
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

async function resolveLost(held: HeldKey, found: FoundOutcome): Promise<DataAnswer> {
  if (found.status === "UNKNOWN") held.keep();
  else await held.forget();
  if (found.status === "SUCCEEDED") return found.answer;
  throw found.error;
}
