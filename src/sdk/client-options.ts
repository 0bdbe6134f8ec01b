import type { RetryOptions } from "./backoff";
import { createKeys } from "./idempotency-key";
import type { KeyStore } from "./key-store";
import {
  type RetryBudget,
  type RetryBudgetOptions,
  createRetryBudget,
  sharedRetryBudget,
} from "./retry-budget";
import type { AttemptReport, Settings } from "./settings";
import { sleep } from "./sleep";

export interface ClientOptions {
  /** The API's endpoint: https://…/graphql */
  readonly url: string;
  readonly apiKey: string;
  /** For a browser with a publishable key: the client secret of the one intent that it may see. */
  readonly clientSecret?: string;
  /** For a platform operator: the id of the merchant to act for. */
  readonly merchant?: string;
  readonly fetch?: typeof fetch;
  /**
   * Where keys survive a reload. With a store, equal calls that have no answer yet are the same call; without one, only
   * a call whose outcome is unknown is continued by the next equal one. A server that serves many shoppers should tell
   * their calls apart with `intentOf`, or give each its own `idempotencyKey`.
   */
  readonly keyStore?: KeyStore;
  /** How long one try may take. */
  readonly timeoutMs?: number;
  /** How long a call may take in total, including all its tries. */
  readonly deadlineMs?: number;
  readonly retry?: Partial<RetryOptions>;
  /** By default one budget for all clients of this process that talk to the same URL. */
  readonly budget?: RetryBudget | RetryBudgetOptions;
  /** A draw from [0, 1), for the jitter. */
  readonly random?: () => number;
  /** Milliseconds on any clock that only moves forward. */
  readonly now?: () => number;
  /** Resolves early when the signal is aborted. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Called for every try, for logs and metrics. */
  readonly onAttempt?: (report: AttemptReport) => void;
}

const RETRY: RetryOptions = { baseMs: 200, capMs: 5_000, triesMax: 8 };

export function settingsOf(options: ClientOptions): Settings {
  const { url, timeoutMs = 10_000, deadlineMs = 60_000 } = options;
  return {
    url,
    headers: headersOf(options),
    // Looked up late, so that whatever wraps it later (a tracer, a test) is used; browsers also require it to be called
    // as a plain function.
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    timeoutMs,
    deadlineMs,
    retry: { ...RETRY, ...options.retry },
    budget: budgetOf(options),
    keys: createKeys(options.keyStore),
    random: options.random ?? Math.random,
    now: options.now ?? (() => performance.now()),
    sleep: options.sleep ?? sleep,
    onAttempt: options.onAttempt,
  };
}

function headersOf({ apiKey, clientSecret, merchant }: ClientOptions): Record<string, string> {
  return {
    accept: "application/graphql-response+json, application/json",
    "content-type": "application/json",
    authorization: `Bearer ${apiKey}`,
    ...(clientSecret === undefined ? {} : { "oncepay-client-secret": clientSecret }),
    ...(merchant === undefined ? {} : { "oncepay-merchant": merchant }),
  };
}

function budgetOf({ url, budget }: ClientOptions): RetryBudget {
  if (!budget) return sharedRetryBudget(url);
  return "takeRetry" in budget ? budget : createRetryBudget(budget);
}
