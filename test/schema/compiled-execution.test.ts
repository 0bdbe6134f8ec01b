import {
  type ExecutionResult,
  type GraphQLFieldResolver,
  type OperationDefinitionNode,
  buildSchema,
  execute,
  isInterfaceType,
  isObjectType,
  parse,
  responsePathAsArray,
  specifiedRules,
  validate,
} from "graphql";
import type { Context } from "../../schema/context";
import type * as compiled from "../../schema/execution/execute-compiled";
import { createRandom } from "../attack/random";

/*
 * Every operation of every test is executed by both (test/support/execute-by-both.ts), but resolvers of ours do not do
 * all that resolvers may. These do, on a schema that has what ours has: values, nulls and errors at random, at once and
 * after some turns, of the right kind and of the wrong one. The same seed and place of an answer give the same.
 */

// Elsewhere it is the one that compares.
const { createExecutor } = jest.requireActual<typeof compiled>(
  "../../schema/execution/execute-compiled",
);

const schema = buildSchema(`
  enum Color { RED GREEN }
  input Wish { a: Int!, text: String = "x", colors: [Color!], more: [Wish!] }
  interface Thing { id: ID!, name: String, thing: Thing, things: [Thing!] }
  type A implements Thing {
    id: ID!, name: String, thing: Thing, things: [Thing!], n: Int!, color: Color
    one: A, must: B!, list: [A], musts: [B!]!, matrix: [[Int!]]!
    echo(text: String = "d", n: Int, wish: Wish, list: [Int!]): String
  }
  type B implements Thing {
    id: ID!, name: String, thing: Thing, things: [Thing!], n: Int, when: Float!, one: A, must: A!
    echo(text: String!, wish: Wish! = { a: 1 }): String!
  }
  type Query { one: A, must: A!, list: [A], musts: [B!]!, thing: Thing, things: [Thing!], n: Int
    echo(text: String = "d", n: Int, wish: Wish, list: [Int!]): String }
  type Mutation { first: A, second: B!, third: Thing, n: Int }
`);
const thing = schema.getType("Thing");
if (!thing || !("resolveType" in thing)) throw new Error("there is no Thing");
// At once or later, as the id of a value says.
thing.resolveType = ({ id, kind }: { id: number; kind: string }) =>
  id % 2 === 0 ? kind : Promise.resolve(kind);

interface Dice {
  below(count: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

function diceOf(seed: number): Dice {
  const random = createRandom(seed);
  const below = (count: number): number => Math.floor(random() * count);
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}

type Resolver = GraphQLFieldResolver<unknown, Context>;

function hashOf(text: string): number {
  let hash = 7;
  for (const character of text) hash = (hash * 31 + character.charCodeAt(0)) % 2_147_483_647;
  return hash;
}

async function after(turns: number, give: () => unknown): Promise<unknown> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  return give();
}

/** What one seed has at each place. */
function resolverOf(seed: number): Resolver {
  return (_source, args, _context, info) => {
    const place = responsePathAsArray(info.path).join(".");
    const dice = diceOf(hashOf(`${String(seed)} ${place}`));
    const give = (): unknown =>
      info.fieldName === "echo" ? JSON.stringify(args) : valueOf(dice, String(info.returnType));
    switch (dice.below(12)) {
      case 0:
        throw new Error(`thrown at ${place}`);
      case 1:
        return Promise.reject(new Error(`rejected at ${place}`));
      case 2:
        return new Error(`returned at ${place}`);
      case 3:
      case 4:
      case 5:
        return after(dice.below(6), give);
      case 6:
        return after(dice.below(6), () => {
          throw new Error(`late at ${place}`);
        });
      default:
        return give();
    }
  };
}

function valueOf(dice: Dice, type: string): unknown {
  const none = dice.below(9);
  if (none === 0) return null;
  if (none === 1) return undefined;
  const inner = type.endsWith("!") ? type.slice(0, -1) : type;
  if (inner.startsWith("[")) {
    if (dice.below(15) === 0) return "no list";
    const items = Array.from({ length: dice.below(4) }, () => itemOf(dice, inner.slice(1, -1)));
    return dice.below(4) === 0 ? new Set(items) : items;
  }
  if (dice.below(15) === 0) return inner === "Int" ? "no number" : { id: dice.below(9), kind: "A" };
  const id = dice.below(9);
  const plain: Record<string, unknown> = {
    Int: id,
    Float: id / 2,
    ID: id,
    String: "text",
    Color: "RED",
  };
  return Object.hasOwn(plain, inner) ? plain[inner] : { id, kind: dice.below(2) === 0 ? "A" : "B" };
}

/**
 * An item that may not be null always comes later: where one fails at once, graphql-js (and so do we) forgets those that
 * are under way, and nobody hears of their errors.
 */
function itemOf(dice: Dice, type: string): unknown {
  const fails = (): never => {
    throw new Error("an item that fails");
  };
  const kind = dice.below(8);
  if (kind === 0) return after(dice.below(4), fails);
  if (kind === 1 || type.endsWith("!")) return after(dice.below(4), () => valueOf(dice, type));
  return kind === 2 ? new Error("an item that is an error") : valueOf(dice, type);
}

const VARIABLES =
  "$text: String, $must: String!, $n: Int = 3, $wish: Wish, $list: [Int!], $wishes: [Wish!]";
const ECHOES = [
  "echo",
  "echo(text: $text)",
  "echo(text: $must)",
  'echo(text: "literal", wish: { a: $n, more: $wishes })',
  "echo(text: $must, wish: $wish)",
  "echo(text: $must, n: $n, list: $list)",
];

const COMPOSITE = ["A", "B", "Thing"];

function fieldsOf(type: string): Readonly<Record<string, { readonly type: unknown }>> {
  const found = schema.getType(type);
  return isObjectType(found) || isInterfaceType(found) ? found.getFields() : {};
}

/** Not always a valid one. */
function documentOf(dice: Dice): string {
  const select = (type: string, depth: number): string => {
    const fields = Array.from({ length: 1 + dice.below(4) }, () => fieldOf(type, depth));
    return `{ ${fields.join(" ")} }`;
  };
  const fieldOf = (type: string, depth: number): string => {
    const on = dice.pick(COMPOSITE);
    if (depth > 1 && dice.below(6) === 0) return `...On${on}`;
    if (depth > 1 && dice.below(6) === 0) return `... on ${on} ${select(on, depth - 1)}`;
    const alias = dice.below(4) === 0 ? `${dice.pick(["x", "y", "then"])}: ` : "";
    const name = dice.pick(["__typename", ...Object.keys(fieldsOf(type))]);
    if (name === "echo") return alias + dice.pick(ECHOES);
    const inner = String(fieldsOf(type)[name]?.type).replace(/[[\]!]/g, "");
    if (!COMPOSITE.includes(inner)) return alias + name;
    return depth === 0 ? "__typename" : `${alias}${name} ${select(inner, depth - 1)}`;
  };
  const root = dice.below(4) === 0 ? "Mutation" : "Query";
  const operation = `${root.toLowerCase()} Asked(${VARIABLES}) ${select(root, 3)}`;
  const fragments = COMPOSITE.filter((on) => operation.includes(`...On${on} `)).map(
    (on) => `fragment On${on} on ${on} ${select(on, 1)}`,
  );
  return [operation, ...fragments].join("\n");
}

const GOOD = {
  text: ["t", "", null],
  must: ["m"],
  n: [1, 2, null],
  wish: [
    { a: 1 },
    {
      a: 2,
      more: [
        { a: 3, colors: "RED" },
        { a: 4, text: null },
      ],
    },
    null,
  ],
  list: [[1, 2], [], 5, null],
  wishes: [[], [{ a: 1, colors: ["GREEN"] }], { a: 1 }, null],
};
const BAD = {
  text: [7, {}],
  must: [null, undefined],
  n: [1.5, "1"],
  wish: [{ a: null }, { a: 1, b: 2 }, {}, []],
  list: [[null], ["x"]],
  wishes: [[{ colors: ["BLUE"], a: 1 }], [null]],
};

function variablesOf(dice: Dice): Record<string, unknown> {
  const bad = dice.below(4) === 0 ? dice.pick(Object.keys(BAD)) : undefined;
  const entries = Object.entries(GOOD).flatMap(([name, values]): [string, unknown][] => {
    const from: readonly unknown[] = name === bad ? BAD[name as keyof typeof BAD] : values;
    const isLeftOut = name !== bad && name !== "must" && dice.below(3) === 0;
    const value = dice.pick(from);
    return isLeftOut || value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}

// Operations that declare more variables than they use would be most of them.
const RULES = specifiedRules.filter(({ name }) => name !== "NoUnusedVariablesRule");
const SEED = 3;
const OPERATIONS = 1_000;

const textOf = ({ errors, data }: ExecutionResult): string => JSON.stringify({ errors, data });

test("results are those of graphql-js to the byte, errors and their order included", async () => {
  const dice = diceOf(SEED);
  const seen = { compiled: 0, leftToGraphqlJs: 0, errors: 0, severalErrors: 0, nothing: 0 };
  const different: unknown[] = [];
  while (seen.compiled < OPERATIONS) {
    const text = documentOf(dice);
    const document = parse(text);
    const variables = variablesOf(dice);
    const fieldResolver = resolverOf(dice.below(1_000_000));
    if (validate(schema, document, RULES, { maxErrors: 1 }).length > 0) continue;
    const executeCompiled = createExecutor(schema, fieldResolver);
    const operation = document.definitions[0] as OperationDefinitionNode;
    const asked = { document, operation, context: {} as Context, variables };
    const theirs = await execute({
      ...{
        schema,
        document,
        fieldResolver: fieldResolver as GraphQLFieldResolver<unknown, unknown>,
      },
      ...{ contextValue: asked.context, variableValues: variables },
    });
    expect(executeCompiled(asked)).toBeUndefined();
    const ours = await executeCompiled(asked);
    if (!ours) {
      // It has something to say about the variables.
      expect(theirs).not.toHaveProperty("data");
      seen.leftToGraphqlJs += 1;
      continue;
    }
    seen.compiled += 1;
    if (theirs.errors) seen.errors += 1;
    if (theirs.errors && theirs.errors.length > 1) seen.severalErrors += 1;
    if (!theirs.data) seen.nothing += 1;
    if (textOf(ours) !== textOf(theirs)) {
      different.push({ text, variables, ours: textOf(ours), theirs: textOf(theirs) });
    }
  }
  expect(different.slice(0, 3)).toEqual([]);
  process.stderr.write(`${JSON.stringify(seen)}\n`);
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(OPERATIONS / 50);
});

test.each([
  "{ n @skip(if: true) thing { id } }",
  "{ __schema { queryType { name } } }",
  "query ($n: Boolean!) { n @include(if: $n) }",
  "{ __proto__: n }",
])("%s is left to graphql-js however often it comes", (text) => {
  const document = parse(text);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const executeCompiled = createExecutor(schema, () => null);
  const asked = { document, operation, context: {} as Context, variables: { n: true } };
  for (const time of [1, 2, 3]) expect([time, executeCompiled(asked)]).toEqual([time, undefined]);
});
