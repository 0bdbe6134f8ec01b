import {
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  Kind,
  buildSchema as buildSdl,
  getNamedType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  parse,
  validate,
} from "graphql";
import {
  COST_MAX,
  LIST_SIZES,
  WEIGHTS,
  costOf,
  isList,
  isOfPage,
  isSizeArgument,
} from "../../schema/cost";
import { buildSchema } from "../../schema/schema";
import { readAsked } from "../../schema/selection";
import { NODES_TEXTS, QUERIES } from "../../src/sdk/documents";

/** What an operation costs comes from the schema, with the true sizes of its lists and its arguments as they are coerced. */

const schema = buildSchema();

function measure(query: string, variables: Readonly<Record<string, unknown>> = {}, of = schema) {
  const document = parse(query);
  expect(validate(of, document)).toEqual([]);
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error("the operation comes first");
  return costOf(readAsked(of, document, operation), variables);
}

const cost = (...args: Parameters<typeof measure>): number | undefined => measure(...args)?.cost;

const objectTypes = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType | GraphQLInterfaceType =>
    (isObjectType(type) || isInterfaceType(type)) && !type.name.startsWith("__"),
);

test("every list of the schema has a size, and every size and weight is one of something", () => {
  const sized = new Set(Object.keys(LIST_SIZES));
  const known = new Set<string>();
  const unsized: string[] = [];
  for (const parent of objectTypes) {
    for (const definition of Object.values(parent.getFields())) {
      const name = `${parent.name}.${definition.name}`;
      known.add(name);
      const isConnection = getNamedType(definition.type).name.endsWith("Connection");
      const hasSize = definition.args.some(isSizeArgument);
      if (isConnection && !hasSize) unsized.push(name);
      if (!isList(definition.type) || hasSize || sized.delete(name)) continue;
      if (!isObjectType(parent) || !isOfPage({ parent, definition })) unsized.push(name);
    }
  }
  expect(unsized).toEqual([]);
  expect([...sized]).toEqual([]);
  const types = Object.values(schema.getTypeMap()).filter(isScalarType);
  for (const { name } of types) known.add(name);
  expect(Object.keys(WEIGHTS).filter((name) => !known.has(name))).toEqual([]);
});

describe("sizes", () => {
  const small = buildSdl(`
    type Query { things(first: Int, last: Int, after: String): ThingConnection! few(first: Int = 5): ThingConnection nodes(ids: [ID!]!): [Node]! }
    interface Node { id: ID! }
    type ThingConnection { edges: [ThingEdge!]! pageInfo: PageInfo! }
    type ThingEdge { node: Thing! }
    type PageInfo { endCursor: String }
    type Thing implements Node { id: ID! name: String things(first: Int): ThingConnection! }
    type Other implements Node { id: ID! a: String b: String c: String }
  `);
  const of = (query: string, variables = {}) => cost(query, variables, small);
  const page = "{ edges { node { id } } }";
  // An edge, its node and the node's id; the operation and the connection.
  const expected = (size: number): number => size * 3 + 2;

  test.each([
    ["{ things _ }", {}, 20],
    ["{ things(first: 7) _ }", {}, 7],
    ["{ things(last: 7) _ }", {}, 7],
    ["{ things(first: null) _ }", {}, 20],
    ["{ things(first: 7, last: null) _ }", {}, 7],
    ["{ few _ }", {}, 5],
    ["query ($n: Int) { few(first: $n) _ }", {}, 5],
    ["query ($n: Int) { few(first: $n) _ }", { n: null }, 20],
    ["query ($n: Int = 100) { things(first: $n) _ }", {}, 100],
    ["query ($n: Int = 100) { things(first: $n) _ }", { n: 3 }, 3],
    ["query ($n: Int = 100) { things(first: $n) _ }", { n: null }, 20],
    ["query ($n: Int) { things(first: $n) _ }", {}, 20],
    ["query ($n: Int) { things(last: $n) _ }", { n: 9 }, 9],
    [
      "query ($n: Int!) { things(first: $n) { ...A } } fragment A on ThingConnection _",
      { n: 9 },
      9,
    ],
  ])("%s with %j is a page of %i", (query, variables, size) => {
    expect(of(query.replace("_", page), variables)).toBe(expected(size));
    const { fixed } = measure(query.replace("_", page), variables, small) ?? {};
    expect(fixed).toBe(!query.includes("$n"));
  });

  test("pages in pages multiply, aliases add up, and a fragment counts wherever it is spread", () => {
    const nested = `things(first: 10) { edges { node { id ...A } } }`;
    const fragment = "fragment A on Thing { things(first: 5) { edges { node { id } } } }";
    const once = 2 + 10 * (3 + (1 + 5 * 3));
    expect(of(`{ ${nested} } ${fragment}`)).toBe(once);
    expect(of(`{ a: ${nested} b: ${nested} c: ${nested} d: ${nested} } ${fragment}`)).toBe(
      1 + 4 * (once - 1),
    );
  });

  test("nodes costs as much as its ids, and each as much as the dearest type that it may be of", () => {
    const fields = "{ id ... on Thing { name } ... on Other { a b c } }";
    expect(of(`{ nodes(ids: ["1", "2", "3"]) ${fields} }`)).toBe(1 + 3 * 5);
    const asked = `query ($ids: [ID!]!) { nodes(ids: $ids) ${fields} }`;
    expect(of(asked, { ids: Array.from({ length: 40 }, String) })).toBe(1 + 40 * 5);
    expect(of(asked, { ids: "1" })).toBe(1 + 5);
  });

  test("what is no variable of the operation has no cost: it is not executed", () => {
    expect(of(`query ($n: Int) { things(first: $n) ${page} }`, { n: "x" })).toBeUndefined();
  });

  test("a page that is none is refused, also below a mutation, before it commits", () => {
    expect(() => of(`{ things(first: 101) ${page} }`)).toThrow("A page must have 1 to 100 items.");
    expect(() => of(`{ things(last: 0) ${page} }`)).toThrow("A page must have 1 to 100 items.");
  });

  test("fragments in fragments are measured in no time, whatever they multiply to", () => {
    const depth = 60;
    const fragments = Array.from(
      { length: depth },
      (_, index) =>
        `fragment F${String(index)} on Thing { a: things { edges { node { ...F${String(index + 1)} } } } b: things { edges { node { ...F${String(index + 1)} } } } }`,
    );
    const query = `{ things { edges { node { ...F0 } } } } ${fragments.join(" ")} fragment F${String(depth)} on Thing { id }`;
    expect(of(query)).toBeGreaterThan(40 ** depth);
  });
});

test.each([...Object.entries(QUERIES), ...Object.entries(NODES_TEXTS)])(
  "what the SDK asks with %s is permitted for a full page",
  (_name, text) => {
    if (typeof text !== "string") return;
    const ids = Array.from({ length: 100 }, (_, index) => `acct_${String(index)}`);
    const operation = { name: "createPaymentIntent", idempotencyKey: "a" };
    const asked = { first: 100, ids, id: "pi_1", paymentIntentId: "pi_1", ...operation };
    const known = [...text.matchAll(/\$(\w+):/g)].map(([, name = ""]) => name);
    const variables = Object.fromEntries(
      Object.entries(asked).filter(([name]) => known.includes(name)),
    );
    expect(cost(text, variables)).toBeLessThanOrEqual(COST_MAX);
  },
);

test("a request gets few of what may have to read on", () => {
  const scans = (count: number): string =>
    `{ ${Array.from({ length: count }, (_, index) => `a${String(index)}: trialBalance { balanced }`).join(" ")} }`;
  expect(cost(scans(8))).toBeLessThanOrEqual(COST_MAX);
  expect(cost(scans(9))).toBeGreaterThan(COST_MAX);
});
