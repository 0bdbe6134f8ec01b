import { type BadKeys, createBadKeys } from "./bad-keys";
import { type ConfirmVelocity, type FindStatuses, createConfirmVelocity } from "./confirm-velocity";
import { type DearRequests, createDearRequests } from "./dear-requests";
import {
  type InFlight,
  type RateLimit,
  type Spender,
  type Standing,
  createInFlight,
  createRateLimit,
  rateLimited,
} from "./rate-limits";
import type { Redis } from "../redis";
import type { LimitSettings } from "./settings";
import { shareCounts } from "./shared-counts";
import { type Windows, createWindows } from "./windows";

/*
 * What a caller may ask for in a while. Fairness between tenants does not depend on it (fair-admission.ts, in-turn.ts,
 * the sets of db/group-commit.ts): these limits keep what nobody needs from costing anything.
 *
 * Counts are in this process; where there is a Redis, the processes tell each other what was spent. No request ever
 * waits for that.
 */
export interface Limits {
  /** Before a query or a mutation is executed; throws when too much was asked. */
  spend(spender: Spender, asked: Asked): Standing | undefined;
  /** For a request that was not understood: reading it is work, too. Never refuses. */
  spendUnread(spender: Spender): void;
  readonly inFlight: InFlight;
  readonly badKeys: BadKeys;
  readonly confirms: ConfirmVelocity;
  readonly dearRequests: DearRequests;
  /** Before an endpoint is created; throws when too many were. */
  spendEndpoint(merchantId: string): void;
  /** Tells and hears at once what processes share; the timer does it by itself. */
  exchange(): Promise<void>;
  close(): void;
}

export interface Asked {
  /** As the schema measures it. */
  readonly cost: number;
  readonly mutation: string | undefined;
}

export interface LimitsOptions {
  readonly settings: LimitSettings;
  readonly redis: Redis | undefined;
  readonly findStatuses: FindStatuses;
}

const WINDOW_SECONDS = 10;
const HOUR_MS = 3_600_000;

/** What a mutation's answer may cost beside the mutation itself: its payload with everything that it shows. */
const ANSWER_COST = 500;

/** Parsing and validating the longest document takes about as long as executing a query of this cost. */
const UNREAD_COST = 200;

/** The two that are made of sets cost the database a fraction of what a transaction of its own does. */
const POINTS: Readonly<Record<string, number>> = {
  createPaymentIntent: 1,
  confirmPaymentIntent: 1,
};
const POINTS_OF_A_TRANSACTION = 5;

export function createLimits({ settings, redis, findStatuses }: LimitsOptions): Limits {
  const rates = createRates(settings);
  const badKeys = createBadKeys(settings.badKeys);
  const confirms = createConfirmVelocity(settings.confirms, findStatuses);
  const endpoints = createWindows("endpoints:tenant", HOUR_MS);
  const all: Windows[] = [
    ...rates.queryCost.windows,
    ...rates.mutations.windows,
    badKeys.windows,
    ...confirms.windows,
    endpoints,
  ];
  const shared = redis && shareCounts(redis, all);
  return {
    badKeys,
    confirms,
    inFlight: createInFlight(settings.concurrency),
    dearRequests: createDearRequests(),
    spend: (spender, { cost, mutation }) => {
      if (mutation === undefined) return rates.queryCost.spend(spender, cost);
      const standing = rates.mutations.spend(spender, POINTS[mutation] ?? POINTS_OF_A_TRANSACTION);
      if (cost > ANSWER_COST) rates.queryCost.spend(spender, cost);
      return standing;
    },
    spendUnread: (spender) => {
      try {
        rates.queryCost.spend(spender, UNREAD_COST);
      } catch {
        // It was refused already, for what it was.
      }
    },
    spendEndpoint: (merchantId) => {
      const limit = settings.endpoints.hourly;
      if (limit === 0) return;
      if (endpoints.spent(merchantId).amount >= limit) {
        throw rateLimited({
          policy: "endpoints-tenant",
          message: `More than ${String(limit)} webhook endpoints were created within an hour.`,
          details: { limit, windowSeconds: HOUR_MS / 1_000 },
          waitMs: endpoints.waitMs(merchantId, limit),
        });
      }
      endpoints.add(merchantId, 1);
    },
    exchange: async () => {
      await shared?.exchange();
    },
    close: () => {
      confirms.close();
      shared?.close();
    },
  };
}

function createRates({ queryCost, mutations }: LimitSettings): {
  readonly queryCost: RateLimit;
  readonly mutations: RateLimit;
} {
  const windowSeconds = WINDOW_SECONDS;
  return {
    queryCost: createRateLimit({
      policy: "query-cost",
      what: "The cost of the queries",
      windowSeconds,
      limits: queryCost,
    }),
    mutations: createRateLimit({
      policy: "mutations",
      what: "The number of mutations, in points,",
      windowSeconds,
      limits: mutations,
    }),
  };
}
