import {
  DirectiveLocation,
  GraphQLBoolean,
  GraphQLDirective,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLSchema,
  Kind,
  type ConstDirectiveNode,
  isObjectType,
} from "graphql";
import type { Scope } from "../src/merchants/api-key";
import { ACCESS, type Rule } from "./access";
import { ScopeScalar } from "./scalars";

/*
 * Who may ask for what, in the schema itself: a directive on each field, for programs, and a sentence in its
 * description, for people and for introspection, which shows no directives. Both are made from schema/access.ts.
 */

export const REQUIRES_SCOPE = new GraphQLDirective({
  name: "requiresScope",
  description:
    "What an API key must be permitted to do in order to ask for the field: all of these scopes. A field without the directive requires nothing beyond its parent.",
  locations: [DirectiveLocation.FIELD_DEFINITION],
  args: {
    scopes: {
      type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(ScopeScalar))),
      description: "The scopes, all of which are required.",
    },
    clientSecret: {
      type: new GraphQLNonNull(GraphQLBoolean),
      defaultValue: false,
      description:
        "Whether a publishable key may ask for the field, too, of the payment intent whose client secret it sends.",
    },
  },
});

/** Says in every description what the field requires. The printed schema also has the directives: see print.ts. */
export function describeAccess(schema: GraphQLSchema): void {
  for (const [coordinate, rule] of Object.entries(ACCESS)) {
    const [typeName = "", fieldName = ""] = coordinate.split(".");
    const type = schema.getType(typeName);
    const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
    // A test says so when a row belongs to no field.
    if (!field) continue;
    const sentences = [field.description, requirementOf(coordinate, rule)];
    field.description = sentences.filter((sentence) => sentence).join(" ");
  }
}

const PUBLISHABLE =
  "A publishable key may ask for it as well, of the payment intent whose client secret is sent with the request.";

export function requirementOf(coordinate: string, { scope, clientSecret }: Rule): string {
  const own = OWN_WORDS[coordinate];
  if (own) return own();
  if (scope === null) return "";
  return `Requires the scope ${scope}.${clientSecret ? ` ${PUBLISHABLE}` : ""}`;
}

/** Where a resolver decides, because what is required depends on what is asked for. */
const OWN_WORDS: Readonly<Record<string, () => string>> = {
  "Query.node": () => "Requires the scope to read objects of this type.",
  "Query.nodes": () => "Requires the scopes to read objects of these types.",
  "Query.operation": () =>
    `Requires the scope to read what the mutation is about: ${outcomesInWords()}.`,
};

function outcomesInWords(): string {
  const byScope = new Map<Scope, string[]>();
  for (const [coordinate, { outcome }] of Object.entries(ACCESS)) {
    if (!outcome) continue;
    const names = byScope.get(outcome) ?? [];
    byScope.set(outcome, [...names, coordinate.slice("Mutation.".length)]);
  }
  return [...byScope].map(([scope, names]) => `${scope} for ${names.join(", ")}`).join("; ");
}

/** As it is printed; undefined for a field that requires nothing of its own. */
export function directiveOf(coordinate: string): ConstDirectiveNode | undefined {
  const { scope, clientSecret } = ACCESS[coordinate] ?? { scope: null };
  if (scope === null) return undefined;
  const scopes = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: "scopes" },
    value: { kind: Kind.LIST, values: [{ kind: Kind.STRING, value: scope }] },
  } as const;
  const secret = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: "clientSecret" },
    value: { kind: Kind.BOOLEAN, value: true },
  } as const;
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: REQUIRES_SCOPE.name },
    arguments: clientSecret ? [scopes, secret] : [scopes],
  };
}
