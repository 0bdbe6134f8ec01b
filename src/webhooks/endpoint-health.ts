/**
 * When an endpoint counts as broken, in the database's words, because that is where it is decided.
 *
 * A tenth of how long it has been failing: after ten minutes' absence a receiver is found to be back within a minute,
 * after a weekend's within five, and one that is gone for good is asked twelve times an hour.
 */
export const BREAKER = {
  /** So many tries in a row, and over so long: a bad minute, or a few events that a receiver dislikes, are not enough. */
  failures: 10,
  failingFor: "interval '30 seconds'",
  pauseShare: 0.1,
  pauseMin: "interval '5 seconds'",
  pauseMax: "interval '5 minutes'",
  /** Failures as far apart as this have nothing to do with each other: no try is further from the one before. */
  forgetAfter: "interval '3 days'",
} as const;

/** How long an endpoint may do nothing but fail before it is disabled. */
export const DISABLED_AFTER_HOURS = 5 * 24;

/** When its merchant is warned, while it does. */
export const WARNED_AFTER_HOURS: readonly number[] = [1, 24, 72, 96];
