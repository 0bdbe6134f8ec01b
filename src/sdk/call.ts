import { backoffMs } from "./backoff";
import type { Answer, DataAnswer, TryFailure } from "./read-answer";
import type { AttemptReport, CallOptions, Settings } from "./settings";
import { abortedFailure, tryOnce } from "./try-once";

export interface CallRequest {
  /** The name of the operation: a call site of the retry budget. */
  readonly operation: string;
  readonly body: string;
  readonly options: CallOptions;
  readonly idempotencyKey?: string | undefined;
  readonly acceptsPartial?: boolean | undefined;
}

export type CallOutcome = { readonly tries: number; readonly deadlineAt: number } & (
  | DataAnswer
  | {
      /** The last one. */
      readonly failure: TryFailure;
      /** Whether any of the tries may have had its effect. */
      readonly mayHaveExecuted: boolean;
    }
);

/** Sends a request until there is a verdict or no tries, budget or time are left. It never throws. */
export async function call(settings: Settings, request: CallRequest): Promise<CallOutcome> {
  const { signal, deadlineMs = settings.deadlineMs } = request.options;
  const deadlineAt = settings.now() + deadlineMs;
  let mayHaveExecuted = false;
  if (signal?.aborted) {
    return { failure: abortedFailure(signal), mayHaveExecuted, tries: 0, deadlineAt };
  }
  settings.budget.recordCall(request.operation);
  for (let tries = 1; ; tries += 1) {
    const { answer, retryInMs } = await nextTry(settings, request, { tries, deadlineAt });
    if ("data" in answer) return { ...answer, tries, deadlineAt };
    mayHaveExecuted ||= answer.failure.mayHaveExecuted;
    const ended = { failure: answer.failure, mayHaveExecuted, tries, deadlineAt };
    if (retryInMs === undefined) return ended;
    await settings.sleep(retryInMs, signal);
    if (signal?.aborted) return { ...ended, failure: abortedFailure(signal) };
    // A machine that was suspended sleeps longer than it was told to.
    if (settings.now() >= deadlineAt) return ended;
  }
}

interface Position {
  readonly tries: number;
  readonly deadlineAt: number;
}

interface Tried {
  readonly answer: Answer;
  /** Undefined: this was the last try. */
  readonly retryInMs: number | undefined;
}

async function nextTry(
  settings: Settings,
  { operation, body, options, idempotencyKey, acceptsPartial }: CallRequest,
  { tries, deadlineAt }: Position,
): Promise<Tried> {
  const startedAt = settings.now();
  const timeoutMs = Math.min(options.timeoutMs ?? settings.timeoutMs, deadlineAt - startedAt);
  const { signal } = options;
  const answer = await tryOnce(settings, { body, timeoutMs, tries, signal, acceptsPartial });
  const retryInMs =
    "failure" in answer
      ? retryDelayMs(settings, { operation, failure: answer.failure, tries, deadlineAt })
      : undefined;
  reportAttempt(settings, answer, { operation, tries, startedAt, idempotencyKey, retryInMs });
  return { answer, retryInMs };
}

interface Failed extends Position {
  readonly operation: string;
  readonly failure: TryFailure;
}

/** The budget is asked last, since asking takes from it. */
function retryDelayMs(
  settings: Settings,
  { operation, failure, tries, deadlineAt }: Failed,
): number | undefined {
  if (!failure.retryable || tries >= settings.retry.triesMax) return undefined;
  const { retryAfterMs } = failure;
  const waitMs = backoffMs(settings.retry, { tries, retryAfterMs, random: settings.random });
  // The caller is told now what would also be true at the deadline.
  if (settings.now() + waitMs >= deadlineAt) return undefined;
  return settings.budget.takeRetry(operation) ? waitMs : undefined;
}

interface Attempt extends Pick<
  AttemptReport,
  "operation" | "tries" | "idempotencyKey" | "retryInMs"
> {
  readonly startedAt: number;
}

export function reportAttempt(settings: Settings, answer: Answer, attempt: Attempt): void {
  const { startedAt, ...known } = attempt;
  const failure = "failure" in answer ? answer.failure : undefined;
  try {
    settings.onAttempt?.({
      ...known,
      durationMs: settings.now() - startedAt,
      status: "data" in answer ? answer.status : answer.failure.status,
      code: failure?.code,
      requestId: failure?.requestId,
    });
  } catch {
    // An observer must not affect the outcome of a payment.
  }
}
