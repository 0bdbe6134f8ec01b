export interface RetryBudget {
  /** A call of this operation begins: it earns a part of a retry. */
  readonly recordCall: (operation: string) => void;
  /** Whether there is a retry left for this operation; it is then taken. */
  readonly takeRetry: (operation: string) => boolean;
}

export interface RetryBudgetOptions {
  /** What one call earns. 0.1: at most one retry for ten calls in the long run. */
  readonly ratio?: number;
  /** How many retries calls that went well may save up. */
  readonly burst?: number;
  /** How many retries a new budget lends before anything is earned. */
  readonly initial?: number;
}

interface Bucket {
  tokens: number;
  owed: number;
}

// Ten times 0.1 is a little less than 1.
const ROUNDING = 1e-9;

/**
 * Keeps retries from making an outage worse: without it, every call becomes eight at the very moment when
 * the API can bear the least. One bucket for each operation, so that an outage of one leaves the others alone.
 *
 * A budget that starts empty would leave a lone shopper on a bad line without a single retry; one that starts
 * full would let a fleet that has just started multiply an outage. So a new bucket lends a few retries, and
 * what the first calls earn pays the loan back: at any moment since it was made, a bucket has given at most
 * max(initial, ratio × calls) retries. A budget that has seen good times starts an outage with up to `burst` more.
 *
 * The bound holds for those who share the budget. All clients of one process that talk to one URL do, unless
 * told otherwise; browsers cannot, so each of them may use its loan: `initial` is the most that one adds.
 */
export function createRetryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  const { ratio = 0.1, burst = 10, initial = Math.min(3, burst) } = options;
  const buckets = new Map<string, Bucket>();
  const bucketOf = (operation: string): Bucket => {
    const known = buckets.get(operation);
    if (known) return known;
    const bucket = { tokens: initial, owed: initial };
    buckets.set(operation, bucket);
    return bucket;
  };
  return {
    recordCall: (operation) => {
      const bucket = bucketOf(operation);
      const repaid = Math.min(bucket.owed, ratio);
      bucket.owed -= repaid;
      bucket.tokens = Math.min(Math.max(burst, initial), bucket.tokens + ratio - repaid);
    },
    takeRetry: (operation) => {
      const bucket = bucketOf(operation);
      if (bucket.tokens + ROUNDING < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
  };
}

const budgetsByUrl = new Map<string, RetryBudget>();

/** It is the API behind the URL that is to be spared, however many clients a program makes. */
export function sharedRetryBudget(url: string): RetryBudget {
  const known = budgetsByUrl.get(url);
  if (known) return known;
  const budget = createRetryBudget();
  budgetsByUrl.set(url, budget);
  return budget;
}
