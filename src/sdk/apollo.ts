import { ApolloLink, Observable, type TypedDocumentNode, gql } from "@apollo/client/core";
import { print } from "@apollo/client/utilities";
import type { ClientOptions } from "./client-options";
import { createCacheKeys } from "./newest-version";
import { type OperationOptions, observe } from "./observe";
import { createTransport } from "./transport";
import type { TypedDocument } from "./typed-documents";

/** The entry `oncepay-sdk/apollo`: for Apollo Client 4. */

export type { ClientOptions } from "./client-options";
export { OncepayError } from "./oncepay-error";
export type { OperationOptions } from "./observe";
export type { Connection } from "./subscribe";

/** What the link reads of an operation's context. */
export interface OncepayContext {
  readonly headers?: Readonly<Record<string, string>>;
  readonly oncepay?: OperationOptions;
}

/**
 * A link that ends a chain, in place of HttpLink and of a link for subscriptions. It sends mutations with an idempotency
 * key of their own through all their tries, retries as the SDK does (no RetryLink is needed), and subscribes over
 * server-sent events.
 */
export function oncepayLink(options: ClientOptions): ApolloLink {
  const transport = createTransport(options);
  return new ApolloLink(
    (operation) =>
      new Observable((observer) => {
        const { headers, oncepay } = operation.getContext() as OncepayContext;
        const { operationName, variables, extensions } = operation;
        const query = print(operation.query);
        const request = { query, operationName, variables, extensions, headers };
        return observe(
          transport,
          { request, options: oncepay },
          {
            next: (result) => observer.next(result as ApolloLink.Result),
            error: (error) => observer.error(error),
            complete: () => observer.complete(),
          },
        );
      }),
  );
}

/** Makes a document of `oncepay-sdk/documents` one of Apollo's, with its types. */
export function apolloDocument<Result, Variables extends Readonly<Record<string, unknown>>>(
  document: TypedDocument<Result, Variables>,
): TypedDocumentNode<Result, Variables> {
  return gql(document);
}

interface IntentPolicy {
  readonly keyFields: (object: Readonly<Record<string, unknown>>) => string | undefined;
}

/**
 * Policies for InMemoryCache by which the higher version of a payment intent wins. Ask for `version` wherever you ask
 * for a payment intent.
 */
export function oncepayTypePolicies(): { readonly PaymentIntent: IntentPolicy } {
  const keyOf = createCacheKeys();
  return {
    PaymentIntent: {
      keyFields: (object) => {
        const key = keyOf(object);
        return key === undefined ? undefined : `PaymentIntent:${key}`;
      },
    },
  };
}
