/**
 * How long to wait before another try: "full jitter", a uniform draw between nothing and the
 * exponential bound. Of the known ways to back off, it spreads a crowd of clients best, so that they do not all come
 * back at once (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 */
type FullJitterInput = {
  /** The bound of the first wait. */
  baseMs: number;
  /** 0 for the first wait; each further one doubles the bound. */
  attempt: number;
  /** The bound never grows past this. */
  capMs: number;
  /** A draw from [0, 1). */
  random?: () => number;
};

export function fullJitter(input: FullJitterInput): number {
  const { baseMs, attempt, capMs, random = Math.random } = input;
  // 2 ** 1024 is Infinity, which Math.min turns into the cap.
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.max(0, attempt)));
}
