import {
  type ASTVisitor,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";
import type { App } from "../src/app";
import { Failure } from "../src/failures";
import type { Caller } from "../src/merchants/caller";

/** Who may learn what is in the schema. A publishable key is in every shopper's browser, so it counts as nobody's. */
export function mayIntrospect(app: Pick<App, "config">, caller: Caller | undefined): boolean {
  const { introspection } = app.config;
  if (introspection === "keys") return caller !== undefined && caller.kind !== "PUBLISHABLE";
  return introspection === "public";
}

export function introspectionRefused(): Failure {
  return new Failure("FORBIDDEN", "The schema is not shown to this API key.");
}

const ROOTS = new Set(["__schema", "__type"]);
const LISTS = new Set(["types", "fields", "inputFields", "interfaces", "possibleTypes"]);
const LISTS_MAX = 2;

export function isIntrospection(name: string): boolean {
  return ROOTS.has(name);
}

/**
 * Introspection runs graphql-js's own resolvers, which no budget counts. Without aliases nothing of it comes twice, and
 * with two lists within each other it is as large as the schema: what every tool asks for needs no more.
 */
export function limitIntrospection(context: ValidationContext): ASTVisitor {
  const known = new Map<SelectionSetNode, number>();
  let aliases = 0;
  const listsIn = (set: SelectionSetNode | undefined): number => {
    if (!set) return 0;
    const found = known.get(set);
    if (found !== undefined) return found;
    // A fragment that spreads itself meets this zero; another rule refuses it.
    known.set(set, 0);
    let most = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        if (selection.alias) aliases += 1;
        const own = LISTS.has(selection.name.value) ? 1 : 0;
        most = Math.max(most, own + listsIn(selection.selectionSet));
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        most = Math.max(most, listsIn(selection.selectionSet));
      } else {
        most = Math.max(most, listsIn(context.getFragment(selection.name.value)?.selectionSet));
      }
    }
    known.set(set, most);
    return most;
  };
  return {
    Field(field) {
      const { value } = field.name;
      if (!ROOTS.has(value)) return;
      const lists = listsIn(field.selectionSet);
      if (value === "__schema" && field.alias) aliases += 1;
      if (aliases > 0) {
        context.reportError(new GraphQLError("Introspection must not use aliases."));
      } else if (lists > LISTS_MAX) {
        context.reportError(
          new GraphQLError(
            `Introspection must not have more than ${String(LISTS_MAX)} lists within each other.`,
          ),
        );
      }
    },
  };
}
