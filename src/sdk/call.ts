import { backoffMs } from "./backoff";
import type { TryFailure } from "./read-answer";
import type { CallOptions, Settings } from "./settings";
import { abortedFailure, tryOnce } from "./try-once";

export interface CallRequest {
  /** The name of the operation: a call site of the retry budget. */
  readonly operation: string;
  readonly body: string;
  readonly options: CallOptions;
  readonly idempotencyKey?: string | undefined;
}

export type CallOutcome = { readonly tries: number; readonly deadlineAt: number } & (
  | { readonly data: Readonly<Record<string, unknown>> }
  | {
      /** The last one. */
      readonly failure: TryFailure;
      /** Whether any of the tries may have had its effect. */
      readonly mayHaveExecuted: boolean;
    }
);

/** Sends a request until there is a verdict, or tries, budget or time are used up. It throws nothing. */
export async function call(settings: Settings, request: CallRequest): Promise<CallOutcome> {
  const {
    signal,
    timeoutMs = settings.timeoutMs,
    deadlineMs = settings.deadlineMs,
  } = request.options;
  const deadlineAt = settings.now() + deadlineMs;
  settings.budget.recordCall(request.operation);
  let mayHaveExecuted = false;
  let last: TryFailure | undefined;
  for (let tries = 1; ; tries += 1) {
    const startedAt = settings.now();
    if (signal?.aborted) last = { ...abortedFailure(signal), mayHaveExecuted };
    // A machine that was suspended sleeps longer than it was told to.
    if (last && (signal?.aborted || startedAt >= deadlineAt)) {
      return { failure: last, mayHaveExecuted, tries: tries - 1, deadlineAt };
    }
    const answer = await tryOnce(settings, {
      body: request.body,
      timeoutMs: Math.min(timeoutMs, deadlineAt - startedAt),
      signal,
    });
    const failure = "failure" in answer ? answer.failure : undefined;
    const retryInMs = failure && retryDelayMs(settings, request, { failure, tries, deadlineAt });
    report(settings, {
      operation: request.operation,
      tries,
      durationMs: settings.now() - startedAt,
      idempotencyKey: request.idempotencyKey,
      status: "data" in answer ? answer.status : answer.failure.status,
      code: failure?.code,
      requestId: failure?.requestId,
      retryInMs,
    });
    if ("data" in answer) return { data: answer.data, tries, deadlineAt };
    last = answer.failure;
    mayHaveExecuted ||= last.mayHaveExecuted;
    if (retryInMs === undefined) {
      return { failure: last, mayHaveExecuted, tries, deadlineAt };
    }
    await settings.sleep(retryInMs, signal);
  }
}

interface Failed {
  readonly failure: TryFailure;
  readonly tries: number;
  readonly deadlineAt: number;
}

/** Undefined: this was the last try. The budget is asked last, since asking takes from it. */
function retryDelayMs(
  settings: Settings,
  request: CallRequest,
  { failure, tries, deadlineAt }: Failed,
): number | undefined {
  if (!failure.retryable || tries >= settings.retry.triesMax) return undefined;
  const { retryAfterMs } = failure;
  const waitMs = backoffMs(settings.retry, { tries, retryAfterMs, random: settings.random });
  // Whoever waits for this call is told now what would be true at the deadline as well.
  if (settings.now() + waitMs >= deadlineAt) return undefined;
  return settings.budget.takeRetry(request.operation) ? waitMs : undefined;
}

type Report = Parameters<NonNullable<Settings["onAttempt"]>>[0];

export function report(settings: Settings, attempt: Report): void {
  try {
    settings.onAttempt?.(attempt);
  } catch {
    // Who only watches must not decide what becomes of a payment.
  }
}
