import { Failure } from "../failures";
import { startAtZero } from "../observability/counted";
import { limitRefusals } from "../observability/metrics";
import { type Tally, createTally } from "../tally";
import type { LimitSet, Scope } from "./settings";
import { type Windows, createWindows } from "./windows";

/** Whose request it is, as far as it is limited by that. */
export interface Spender {
  /** Absent for a request that came without a key, or with a bad one. */
  readonly key?: string;
  readonly tenant?: string;
  /** As subscriberOf() says it; with a key, of that tenant alone. */
  readonly address: string;
}

/** What is left of a limit, for the caller to know. */
export interface Standing {
  readonly policy: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

export interface RateLimit {
  /**
   * Spends for a request that is about to be executed; throws when there is nothing left. As long as there is
   * anything left a request is let through whole, however much it costs.
   */
  spend(spender: Spender, amount: number): Standing | undefined;
  readonly windows: readonly Windows[];
}

export interface RatePolicy {
  /** What is counted, as the headers name it. */
  readonly policy: string;
  /** As a message names it. */
  readonly what: string;
  readonly windowSeconds: number;
  readonly limits: LimitSet<Scope>;
}

const SCOPES: readonly Scope[] = ["key", "tenant", "address"];

const NAMES: Readonly<Record<Scope, string>> = {
  key: "this API key",
  tenant: "this merchant",
  address: "this address",
};

export function createRateLimit(rate: RatePolicy): RateLimit {
  const counted = SCOPES.filter((scope) => rate.limits[scope] > 0).map((scope) => ({
    scope,
    policy: `${rate.policy}-${scope}`,
    limit: rate.limits[scope],
    windows: createWindows(`${rate.policy}:${scope}`, rate.windowSeconds * 1_000),
  }));
  return {
    windows: counted.map(({ windows }) => windows),
    spend: (spender, amount) => {
      for (const { scope, limit, windows } of counted) {
        const who = spender[scope];
        if (who === undefined || windows.spent(who).amount < limit) continue;
        throw refusedBy(rate, { scope, limit, waitMs: windows.waitMs(who, limit) });
      }
      let tightest: Standing | undefined;
      for (const { scope, policy, limit, windows } of counted) {
        const who = spender[scope];
        if (who === undefined) continue;
        const spent = windows.add(who, amount);
        const remaining = Math.max(0, Math.floor(limit - spent.amount));
        if (tightest && remaining / limit >= tightest.remaining / tightest.limit) continue;
        tightest = {
          policy,
          limit,
          windowSeconds: rate.windowSeconds,
          remaining,
          resetSeconds: Math.ceil(spent.resetMs / 1_000),
        };
      }
      return tightest;
    },
  };
}

/** What is left when a request was refused, for the caller to know. */
export function standingOf({ details, retryAfterMs }: Failure): Standing | undefined {
  const { policy, limit, windowSeconds } = details;
  if (typeof policy !== "string" || typeof limit !== "number") return undefined;
  if (typeof windowSeconds !== "number") return undefined;
  const resetSeconds = Math.ceil((retryAfterMs ?? 0) / 1_000);
  return { policy, limit, windowSeconds, remaining: 0, resetSeconds };
}

function refusedBy(
  { policy, what, windowSeconds }: RatePolicy,
  { scope, limit, waitMs }: { scope: Scope; limit: number; waitMs: number },
): Failure {
  return rateLimited({
    policy: `${policy}-${scope}`,
    message: `${what} of ${NAMES[scope]} exceeds ${String(limit)} in ${String(windowSeconds)} seconds.`,
    details: { limit, windowSeconds },
    waitMs,
  });
}

export interface Refusal {
  readonly policy: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly waitMs: number;
}

/** The least wait that is worth telling: a client that comes back sooner is refused again. */
const WAIT_MIN_MS = 100;

startAtZero(limitRefusals, {
  policy: [
    ...["query-cost", "mutations", "concurrency"].flatMap((policy) =>
      SCOPES.map((scope) => `${policy}-${scope}`),
    ),
    ...["intent", "address", "addressDeclines", "keyDeclines", "paymentMethodDeclines"].map(
      (name) => `confirms-${name}`,
    ),
    ...["bad-keys-address", "endpoints-tenant", "dear-requests", "unindexed-lists"],
    ...["key", "secret"].map((name) => `subscriptions-${name}`),
  ],
});

export function rateLimited({ policy, message, details, waitMs }: Refusal): Failure {
  limitRefusals.inc({ policy });
  return new Failure("RATE_LIMITED", message, { policy, ...details }).retryAfter(
    Math.max(WAIT_MIN_MS, Math.ceil(waitMs)),
  );
}

const BUSY_RETRY_MS = 1_000;

/** For places that a tenant has for itself: it is told that it asks for too much, not that the service is overloaded. */
export function tooManyWaiting(policy: string, message: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Failure) || error.code !== "UNAVAILABLE") throw error;
    throw rateLimited({ policy, message, details: {}, waitMs: BUSY_RETRY_MS });
  };
}

export interface InFlight {
  /** Returns what is called when the request is done; throws when there are too many already. */
  enter(scope: Scope, who: string): () => void;
}

export function createInFlight(limits: LimitSet<Scope>): InFlight {
  const tallies: Readonly<Record<Scope, Tally>> = {
    key: createTally(),
    tenant: createTally(),
    address: createTally(),
  };
  return {
    enter: (scope, who) => {
      const limit = limits[scope];
      if (limit === 0) return () => undefined;
      const running = tallies[scope];
      if (running.of(who) >= limit) {
        throw rateLimited({
          policy: `concurrency-${scope}`,
          message: `More than ${String(limit)} requests of ${NAMES[scope]} at the same time.`,
          details: { limit },
          waitMs: BUSY_RETRY_MS,
        });
      }
      running.add(who, 1);
      return () => {
        running.add(who, -1);
      };
    },
  };
}
