/*
 * When a processor is left alone for a while: pure counting, in the memory of one process.
 *
 * It opens when so many calls in a row have proven nothing, and over so long, that more would only be more of the same.
 * Then calls are refused at once, but for a probe now and then; the first answer closes it. The waits between probes are
 * a tenth of how long it has been failing, within bounds, as for webhook endpoints.
 */

/** A minute of bad luck with one request among many good ones is none of these. */
const FAILURES = 20;
const FAILING_FOR_MS = 3_000;
const WAIT_SHARE = 0.1;
const WAIT_MIN_MS = 250;
const WAIT_MAX_MS = 5_000;

export interface Breaker {
  /** Whether a call may be made now. While it is open, that is one at a time, when it is due. */
  readonly admits: () => boolean;
  /** What came of a call that was made, and when that began. */
  readonly learn: (hasAnswered: boolean, beganAtMs: number) => void;
  readonly isOpen: () => boolean;
}

export function createBreaker(now: () => number): Breaker {
  let failures = 0;
  /** When the first of them began. */
  let failingSinceMs = 0;
  let probeAtMs: number | undefined;
  const waitMs = (): number => {
    const share = (now() - failingSinceMs) * WAIT_SHARE;
    return Math.min(WAIT_MAX_MS, Math.max(WAIT_MIN_MS, share));
  };
  return {
    isOpen: () => probeAtMs !== undefined,
    admits: () => {
      if (probeAtMs === undefined) return true;
      if (now() < probeAtMs) return false;
      // The next one is due whether or not this one is ever answered.
      probeAtMs = now() + waitMs();
      return true;
    },
    learn: (hasAnswered, beganAtMs) => {
      if (hasAnswered) {
        failures = 0;
        probeAtMs = undefined;
        return;
      }
      if (failures === 0 || beganAtMs < failingSinceMs) failingSinceMs = beganAtMs;
      failures += 1;
      const isBroken = failures >= FAILURES && now() - failingSinceMs >= FAILING_FOR_MS;
      if (isBroken) probeAtMs ??= now() + waitMs();
    },
  };
}
