export interface RetryOptions {
  /** The most that the first retry waits, without a Retry-After. */
  readonly baseMs: number;
  /** The most that the random part of any wait is. */
  readonly capMs: number;
  /** How often a request is sent at most, the first time included. */
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
 * Exponential backoff with full jitter: a draw from nothing to the whole, so that those who failed at one
 * moment do not come back at one moment.
 *
 * What the server asks for is a minimum, and the draw comes on top of it: everybody was told the same number.
 * The draw is then as wide as that number, for a server that wants a second of peace is not helped by 200
 * clients within the 200 ms after it.
 */
export function backoffMs(
  retry: RetryOptions,
  { tries, retryAfterMs, random }: BackoffInput,
): number {
  const leastMs = retryAfterMs ?? 0;
  const widthMs = Math.min(retry.capMs, Math.max(leastMs, retry.baseMs * 2 ** (tries - 1)));
  return leastMs + random() * widthMs;
}
