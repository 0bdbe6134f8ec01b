import { type Answer, type TryFailure, readAnswer } from "./read-answer";
import type { Settings } from "./settings";

export interface TryInput {
  readonly body: string;
  readonly timeoutMs: number;
  /** Which try of the call this is, from 1; the server counts retries by it. */
  readonly tries: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether an answer may have errors in a part of it. */
  readonly acceptsPartial?: boolean | undefined;
}

/** Sends a request once and always comes back with what became of it, at the latest when its time is up. */
export async function tryOnce(settings: Settings, input: TryInput): Promise<Answer> {
  const { signal } = input;
  // Not AbortSignal.any: browsers of two years ago do not have it.
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, input.timeoutMs);
  signal?.addEventListener("abort", abort);
  try {
    const response = await settings.fetch(settings.url, {
      method: "POST",
      headers: { ...settings.headers, "oncepay-try": String(input.tries) },
      body: input.body,
      signal: controller.signal,
      // A redirect would repeat the request elsewhere, with the key that is in it or as a GET.
      redirect: "manual",
      credentials: "omit",
    });
    return readAnswer(response, await response.text(), input.acceptsPartial);
  } catch (error) {
    if (signal?.aborted) return { failure: abortedFailure(signal) };
    const isLate = controller.signal.aborted;
    return { failure: isLate ? timedOut(input.timeoutMs, error) : networkFailure(error) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

export function abortedFailure(signal: AbortSignal): TryFailure {
  return {
    code: "ABORTED",
    message: "The caller aborted the call.",
    retryable: false,
    mayHaveExecuted: true,
    cause: signal.reason,
  };
}

export function timedOut(timeoutMs: number, cause: unknown): TryFailure {
  return {
    code: "TIMEOUT",
    message: `There was no answer within ${String(Math.round(timeoutMs))} ms.`,
    retryable: true,
    mayHaveExecuted: true,
    cause,
  };
}

/** Without a connection nothing was sent. Node says so; browsers keep to themselves what went wrong. */
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

export function networkFailure(error: unknown): TryFailure {
  const code = causeCode(error);
  return {
    code: "NETWORK_ERROR",
    message: `The connection failed${code === undefined ? "" : ` (${code})`}.`,
    retryable: true,
    mayHaveExecuted: code === undefined || !NEVER_SENT.has(code),
    cause: error,
  };
}

function causeCode(error: unknown): string | undefined {
  const { cause } = Object(error) as { cause?: unknown };
  const { code } = Object(cause) as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}
