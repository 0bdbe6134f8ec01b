import type { RetryOptions } from "./backoff";
import type { Keys } from "./idempotency-key";
import type { RetryBudget } from "./retry-budget";

/** What one try came to, for logs and metrics. */
export interface AttemptReport {
  readonly operation: string;
  /** 1 for the first try. */
  readonly tries: number;
  readonly durationMs: number;
  readonly idempotencyKey: string | undefined;
  readonly status: number | undefined;
  /** Undefined when the try succeeded. */
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  /** Undefined when there is no further try. */
  readonly retryInMs: number | undefined;
}

/** A client's options with every default filled in. */
export interface Settings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly retry: RetryOptions;
  readonly budget: RetryBudget;
  readonly keys: Keys;
  readonly random: () => number;
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly onAttempt: ((report: AttemptReport) => void) | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For one try. */
  readonly timeoutMs?: number;
  /** For the whole call, with its retries and the waits between them. */
  readonly deadlineMs?: number;
}

export interface MutationOptions extends CallOptions {
  /** The same key for the same wish; without it the client makes one. */
  readonly idempotencyKey?: string;
  /** What the wish is for (a cart, an order), in place of the input: it tells equal wishes apart. */
  readonly intentOf?: string;
}
