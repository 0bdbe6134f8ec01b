const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * How long a failed delivery waits, on average, after its first, second, … try: 68.6 hours in all,
 * long enough for a receiver to break on a Friday evening and be fixed on Monday morning.
 */
export const RETRY_SCHEDULE_MS: readonly number[] = Object.freeze([
  5 * SECOND,
  MINUTE,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
  24 * HOUR,
]);

/** The first attempt and one after each wait. */
export const TRIES_MAX = RETRY_SCHEDULE_MS.length + 1;

// A receiver may slow us down, but not take a delivery off the schedule for ever.
const RETRY_AFTER_MAX_MS = 24 * HOUR;

// A draw near zero would otherwise hit a receiver again the moment it failed.
const FLOOR_MS = SECOND;

/** The mean wait after this many tries, or undefined when the tries are exhausted. */
export function nextTryAfter(
  tries: number,
  scheduleMs: readonly number[] = RETRY_SCHEDULE_MS,
): number | undefined {
  return scheduleMs[Math.max(tries, 1) - 1];
}

// A receiver that is away for some minutes must not have used up half the tries by the time it is back, as it could
// with draws near zero: the waits that begin within the first hour are at least half their mean.
const FIRST_MS = HOUR;

type RetryDelayInput = {
  /** How many tries there have been, including the one that just failed. */
  tries: number;
  /** What the receiver asked for. */
  retryAfterMs?: number | undefined;
  /** A draw from [0, 1). */
  random?: () => number;
  /** Mean waits in place of the default ones. */
  scheduleMs?: readonly number[];
};

/**
 * The wait before the next try, or undefined when the tries are exhausted. Full jitter draws uniformly from nothing to
 * a cap; the cap is twice the scheduled wait, so that the mean is the scheduled wait itself. A cap equal to the wait
 * would halve the mean and give up after a day and a half where three days are promised. In the first hour the draw is
 * from half the wait to one and a half, whose mean is the same.
 */
export function retryDelayMs(input: RetryDelayInput): number | undefined {
  const { tries, retryAfterMs = 0, random = Math.random, scheduleMs = RETRY_SCHEDULE_MS } = input;
  const meanMs = nextTryAfter(tries, scheduleMs);
  if (meanMs === undefined) return undefined;
  const jitteredMs = isEarly(tries, scheduleMs)
    ? (0.5 + random()) * meanMs
    : Math.max(FLOOR_MS, random() * 2 * meanMs);
  return Math.round(Math.max(jitteredMs, boundedRetryAfterMs(retryAfterMs)));
}

/** What a receiver asks for, as far as it may. */
export function boundedRetryAfterMs(retryAfterMs: number): number {
  return Math.min(retryAfterMs, RETRY_AFTER_MAX_MS);
}

/** Whether the wait after this many tries begins, going by the mean waits, within the first hour. */
function isEarly(tries: number, scheduleMs: readonly number[]): boolean {
  const before = scheduleMs.slice(0, Math.max(tries, 1) - 1);
  return before.reduce((sum, waitMs) => sum + waitMs, 0) < FIRST_MS;
}
