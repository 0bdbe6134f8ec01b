import {
  type Exchange,
  type Operation,
  type TypedDocumentNode,
  gql,
  subscriptionExchange,
} from "@urql/core";
import type { ClientOptions } from "./client-options";
import { EMBEDDED_TYPES } from "./embedded-types";
import { createCacheKeys } from "./newest-version";
import { type OperationOptions, observe } from "./observe";
import { createTransport } from "./transport";
import type { TypedDocument } from "./typed-documents";

/** The entry `oncepay-sdk/urql`: for @urql/core 6, and whatever of urql is made of it. */

export type { ClientOptions } from "./client-options";
export { OncepayError } from "./oncepay-error";
export type { OperationOptions } from "./observe";
export type { Connection } from "./subscribe";

/** What the exchange reads of an operation's context. */
interface Context {
  readonly fetchOptions?: RequestInit | (() => RequestInit);
  readonly oncepay?: OperationOptions;
}

/**
 * The last exchange, in place of fetchExchange and subscriptionExchange. It sends mutations with an idempotency key of
 * their own through all their tries, retries as the SDK does (no retryExchange is needed), and subscribes over
 * server-sent events.
 */
export function oncepayExchange(options: ClientOptions): Exchange {
  const transport = createTransport(options);
  return subscriptionExchange({
    enableAllOperations: true,
    forwardSubscription: (body, operation) => ({
      subscribe: (observer) => {
        const { query = "", operationName, variables, extensions } = body;
        const headers = headersOf(operation);
        const request = { query, operationName, variables, extensions, headers };
        const { oncepay } = operation.context as Context;
        const unsubscribe = observe(transport, { request, options: oncepay }, observer as never);
        return { unsubscribe };
      },
    }),
  });
}

function headersOf({ context }: Operation): Record<string, string> {
  const { fetchOptions } = context as Context;
  const { headers } = (typeof fetchOptions === "function" ? fetchOptions() : fetchOptions) ?? {};
  const found: Record<string, string> = {};
  new Headers(headers).forEach((value, name) => (found[name] = value));
  return found;
}

/** Makes a document of `oncepay-sdk/documents` one of urql's, with its types. */
export function urqlDocument<Result, Variables extends Readonly<Record<string, unknown>>>(
  document: TypedDocument<Result, Variables>,
): TypedDocumentNode<Result, Variables> {
  return gql<Result, Variables>(document);
}

type KeyOf = (data: Readonly<Record<string, unknown>>) => string | null;

/**
 * Keys for graphcache by which the higher version of a payment intent wins, and which say what has no key. Ask for
 * `version` wherever you ask for a payment intent.
 */
export function oncepayKeys(): Readonly<Record<string, KeyOf>> {
  const keyOf = createCacheKeys();
  const embedded = EMBEDDED_TYPES.map((type): [string, KeyOf] => [type, () => null]);
  return { ...Object.fromEntries(embedded), PaymentIntent: (data) => keyOf(data) ?? null };
}
