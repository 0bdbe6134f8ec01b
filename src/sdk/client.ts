import { askOperation } from "./ask-operation";
import { call } from "./call";
import { type ClientOptions, settingsOf } from "./client-options";
import { MUTATIONS, QUERIES, SUBSCRIPTIONS } from "./documents";
import { mutate } from "./mutate";
import { OncepayError } from "./oncepay-error";
import type { Mutations } from "./mutations";
import type { Queries } from "./queries";
import type { CallOptions, MutationOptions, Settings } from "./settings";
import type { SubscriptionOptions } from "./subscribe";
import type { Subscriptions } from "./subscriptions";
import { watch } from "./watch";

export type { ClientOptions } from "./client-options";

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
    client[operation] = async (input: unknown, callOptions: MutationOptions = {}) => {
      const { data } = await mutate(settings, {
        operation,
        wish: input,
        bodyWith: (idempotencyKey) => {
          const variables = { input, idempotencyKey };
          return JSON.stringify({ query: document, variables, operationName: operation });
        },
        options: callOptions,
        askOutcome: askOperation,
      });
      return data[operation];
    };
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
