export interface RetryOptions {
  /** The longest that the first retry waits, without a Retry-After. */
  readonly baseMs: number;
  /** The longest that the random part of any wait can be. */
  readonly capMs: number;
  /** How many times a request is sent at most, including the first time. */
  readonly triesMax: number;
}

export interface BackoffInput {
  /** How many tries there have been, including the one that just failed. */
  readonly tries: number;
  readonly retryAfterMs: number | undefined;
  /** A draw from [0, 1). */
  readonly random: () => number;
}

/**
 * Exponential backoff with full jitter: a draw between zero and the full wait, so that those who failed at the same
 * moment do not all come back at the same moment.
 *
 * What the server asks for is a minimum, and the draw comes on top of it: everybody was told the same number.
 * The draw is then as wide as that number, because a server that wants a second of peace is not helped by 200 clients
 * within the 200 ms after it.
 */
export function backoffMs(
  retry: RetryOptions,
  { tries, retryAfterMs, random }: BackoffInput,
): number {
  const leastMs = retryAfterMs ?? 0;
  const widthMs = Math.min(retry.capMs, Math.max(leastMs, retry.baseMs * 2 ** (tries - 1)));
  return leastMs + random() * widthMs;
}
