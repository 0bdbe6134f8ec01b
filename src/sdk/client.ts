import type { RetryOptions } from "./backoff";
import { call } from "./call";
import { MUTATIONS, QUERIES, SUBSCRIPTIONS } from "./documents";
import { createKeys } from "./idempotency-key";
import type { KeyStore } from "./key-store";
import { mutate } from "./mutate";
import { OncepayError } from "./oncepay-error";
import type { Mutations } from "./mutations";
import type { Queries } from "./queries";
import {
  type RetryBudget,
  type RetryBudgetOptions,
  createRetryBudget,
  sharedRetryBudget,
} from "./retry-budget";
import type { AttemptReport, CallOptions, MutationOptions, Settings } from "./settings";
import { sleep } from "./sleep";
import type { SubscriptionOptions } from "./subscribe";
import type { Subscriptions } from "./subscriptions";
import { watch } from "./watch";

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

type MutationCalls = {
  readonly [Name in keyof Mutations]: (
    input: Mutations[Name]["input"],
    options?: MutationOptions,
  ) => Promise<Mutations[Name]["payload"]>;
};

type QueryCalls = {
  readonly [Name in keyof Queries]: QueryCall<Queries[Name]["variables"], Queries[Name]["result"]>;
};

type QueryCall<Variables, Result> =
  Record<never, never> extends Variables
    ? (variables?: Variables, options?: CallOptions) => Promise<Result>
    : (variables: Variables, options?: CallOptions) => Promise<Result>;

type SubscriptionCalls = {
  readonly [Name in keyof Subscriptions]: (
    variables: Subscriptions[Name]["variables"],
    options: SubscriptionOptions<Subscriptions[Name]["result"]>,
  ) => Promise<Subscriptions[Name]["result"]>;
};

/**
 * One function for each mutation, each query and each subscription of the API; every error is an OncepayError. A
 * subscription tells `onNext` how things are and whenever they have changed, through any number of connections, and
 * gives the last state when there can be no further one.
 */
export interface Client extends MutationCalls, QueryCalls, SubscriptionCalls {
  /** For fields that the functions above do not select: a query of your own, retried like theirs. */
  readonly query: <Data>(
    document: string,
    variables?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ) => Promise<Data>;
}

export function createClient(options: ClientOptions): Client {
  const settings = settingsOf(options);
  const client: Record<string, unknown> = {};
  for (const [operation, document] of Object.entries(MUTATIONS)) {
    client[operation] = (input: unknown, callOptions: MutationOptions = {}) =>
      mutate(settings, { operation, document, input, options: callOptions });
  }
  for (const [operation, text] of Object.entries(QUERIES)) {
    client[operation] = async (variables: never, callOptions: CallOptions = {}) => {
      const document = typeof text === "string" ? text : text(variables);
      const data = await ask(settings, { operation, document, variables, options: callOptions });
      if (operation === "operation") await settleKey(settings, variables, data[operation]);
      return data[operation];
    };
  }
  for (const [operation, document] of Object.entries(SUBSCRIPTIONS)) {
    client[operation] = (variables: Readonly<Record<string, unknown>>, callOptions: never) =>
      watch(settings, { operation, document, variables, options: callOptions });
  }
  client.query = (document: string, variables?: unknown, callOptions: CallOptions = {}) =>
    ask(settings, { operation: "query", document, variables, options: callOptions });
  // The documents and these types are printed from one schema, and a test compares them.
  return client as unknown as Client;
}

interface Query {
  readonly operation: string;
  readonly document: string;
  readonly variables: unknown;
  readonly options: CallOptions;
}

async function ask(
  settings: Settings,
  { operation, document, variables, options }: Query,
): Promise<Readonly<Record<string, unknown>>> {
  const body = JSON.stringify({ query: document, variables });
  const outcome = await call(settings, { operation, body, options });
  if ("data" in outcome) return outcome.data;
  throw new OncepayError(outcome.failure, { tries: outcome.tries });
}

/** Once the caller has been told the outcome of a key, its next call is a new intention. */
async function settleKey(
  { keys }: Settings,
  { idempotencyKey }: Queries["operation"]["variables"],
  answer: unknown,
): Promise<void> {
  const { status } = answer as Queries["operation"]["result"];
  if (status === "SUCCEEDED" || status === "FAILED") await keys.settle(idempotencyKey);
}

const RETRY: RetryOptions = { baseMs: 200, capMs: 5_000, triesMax: 8 };

function settingsOf(options: ClientOptions): Settings {
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
