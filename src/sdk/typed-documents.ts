import { MUTATIONS, QUERIES, SUBSCRIPTIONS } from "./documents";
import type { Mutations } from "./mutations";
import type { Queries } from "./queries";
import type { Subscriptions } from "./subscriptions";

/** The entry `oncepay-sdk/documents`: what the client asks for, for GraphQL clients of other makes. */

/** A text that knows its result and its variables, in the form that other libraries understand. */
export type TypedDocument<Result, Variables> = string & {
  readonly __apiType?: (variables: Variables) => Result;
};

type MutationDocuments = {
  readonly [Name in keyof Mutations]: TypedDocument<
    { readonly [Field in Name]: Mutations[Name]["payload"] },
    // Optional, because the link and the exchange of this package fill it in.
    { readonly input: Mutations[Name]["input"]; readonly idempotencyKey?: string }
  >;
};

type SubscriptionDocuments = {
  readonly [Name in keyof Subscriptions]: TypedDocument<
    { readonly [Field in Name]: Subscriptions[Name]["result"] },
    Subscriptions[Name]["variables"]
  >;
};

/** What these ask for depends on the kind of id or operation, so none of them has one text. */
type OfManyTexts = "node" | "nodes" | "operation";

type QueryDocuments = {
  readonly [Name in Exclude<keyof Queries, OfManyTexts>]: TypedDocument<
    { readonly [Field in Name]: Queries[Name]["result"] },
    Queries[Name]["variables"]
  >;
};

const { node: _node, nodes: _nodes, operation: _operation, ...queries } = QUERIES;

export const documents: MutationDocuments & QueryDocuments & SubscriptionDocuments = {
  ...MUTATIONS,
  ...queries,
  ...SUBSCRIPTIONS,
};
