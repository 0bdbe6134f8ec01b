import {
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
} from "graphql";

/*
 * Each place of a query where a caller's own text goes, one at a time, made from the schema: a new argument is asked with
 * what no database can hold without anybody thinking of it.
 */

export interface TextQuery {
  /** The place: "erasure(id)" or "refunds(filter.paymentIntentId)". */
  readonly place: string;
  readonly query: string;
  readonly variables: (text: string) => Record<string, unknown>;
}

const TEXTS = new Set(["ID", "String"]);

export function textQueries(schema: GraphQLSchema): TextQuery[] {
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
  return fields.flatMap((field) => {
    const required = field.args.filter(({ type }) => String(type).endsWith("!"));
    return field.args.flatMap((argument) =>
      placesIn(argument.type).map(({ path, put }) => {
        const used = [...new Set([...required, argument])];
        const declared = used.map(({ name, type }) => `$${name}: ${String(type)}`).join(", ");
        const passed = used.map(({ name }) => `${name}: $${name}`).join(", ");
        return {
          place: `${field.name}(${[argument.name, ...path].join(".")})`,
          query: `query (${declared}) { ${field.name}(${passed}) { __typename } }`,
          variables: (text: string) => ({
            ...Object.fromEntries(required.map(({ name }) => [name, "createPaymentIntent"])),
            [argument.name]: put(text),
          }),
        };
      }),
    );
  });
}

interface Place {
  readonly path: readonly string[];
  readonly put: (text: string) => unknown;
}

function placesIn(type: GraphQLInputType): Place[] {
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    return placesIn(nullable.ofType).map(({ path, put }) => ({
      path,
      put: (text) => [put(text)],
    }));
  }
  const named = getNamedType(nullable);
  if (TEXTS.has(named.name)) return [{ path: [], put: (text) => text }];
  if (!isInputObjectType(named)) return [];
  const fields = Object.values(named.getFields());
  const required = fields.filter((field) => String(field.type).endsWith("!"));
  return fields.flatMap((field) =>
    placesIn(field.type).map(({ path, put }) => ({
      path: [field.name, ...path],
      put: (text) => ({
        ...Object.fromEntries(required.map(({ name }) => [name, "x"])),
        [field.name]: put(text),
      }),
    })),
  );
}
