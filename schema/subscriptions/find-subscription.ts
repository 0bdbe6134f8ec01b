import {
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  getOperationAST,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import { ERRORS_MAX, TOKENS_MAX, refuseGreedy } from "../limits";
import type { AskedDocument } from "../request-body";

/*
 * Which requests are subscriptions, and their documents, read as Apollo reads those of queries: with the same rules,
 * and once for many requests with the same text.
 */

export interface Subscription {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

// Clients have few texts. Bounded: anybody may send anything.
const known = new Map<string, DocumentNode | null>();
const KNOWN_MAX = 200;

// Everything else is told apart without being parsed: clients name event streams beside the answers to queries, too.
const KEYWORD = /\bsubscription\b/;

/** Undefined for a query, a mutation, and for what cannot be read: Apollo says what is wrong with it. */
export function findSubscription(asked: AskedDocument): Subscription | undefined {
  const { query = "", operationName } = asked;
  if (!KEYWORD.test(query)) return undefined;
  const document = parsed(query);
  const operation = document && getOperationAST(document, operationName);
  if (!document || operation?.operation !== OperationTypeNode.SUBSCRIPTION) return undefined;
  return { document, operation, variables: asked.variables ?? {} };
}

function parsed(text: string): DocumentNode | null {
  const found = known.get(text);
  if (found !== undefined) return found;
  let document: DocumentNode | null = null;
  try {
    document = parse(text, { maxTokens: TOKENS_MAX });
  } catch {
    // Kept as nothing.
  }
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(text, document);
  return document;
}

const valid = new WeakSet<DocumentNode>();

/** What is wrong with it; nothing of a document that is valid is looked at twice. */
export function faultsOf(schema: GraphQLSchema, { document }: Subscription): readonly Error[] {
  if (valid.has(document)) return [];
  const rules = [refuseGreedy, ...specifiedRules];
  const errors = validate(schema, document, rules, { maxErrors: ERRORS_MAX });
  if (errors.length === 0) valid.add(document);
  return errors;
}

/**
 * Whether its field may be left out, by @skip or @include: nothing would be left to subscribe to, for which graphql-js
 * has no answer. The document is valid, so no fragment spreads itself.
 */
export function isConditional({ document, operation }: Subscription): boolean {
  const inSet = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if ((selection.directives ?? []).length > 0) return true;
      if (selection.kind === Kind.FIELD) return false;
      if (selection.kind === Kind.INLINE_FRAGMENT) return inSet(selection.selectionSet);
      const { value } = selection.name;
      const isIt = (node: DefinitionNode): node is FragmentDefinitionNode =>
        node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === value;
      const fragment = document.definitions.find(isIt);
      return fragment !== undefined && inSet(fragment.selectionSet);
    });
  return inSet(operation.selectionSet);
}
