import {
  type ExecutionResult,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type OperationDefinitionNode,
  buildSchema,
  execute,
  parse,
} from "graphql";
import type { Context } from "../../schema/context";
import type * as compiled from "../../schema/execution/execute-compiled";

// Elsewhere it is the one that compares.
const { createExecutor } = jest.requireActual<typeof compiled>(
  "../../schema/execution/execute-compiled",
);

const schema = buildSchema("type A { id: ID, name: String, one: A } type Query { one: A }");

/** Two fields a level, each with all that is below: twice as many for each more. */
function doubling(depth: number): string {
  const levels = Array.from({ length: depth }, (_level, n) => {
    const below = n + 1 < depth ? `...L${String(n + 1)}` : "id";
    return `fragment L${String(n)} on A { a: one { ${below} } b: one { ${below} } }`;
  });
  return ["{ one { ...L0 } }", ...levels].join("\n");
}

const SMALL = "{ one { id name } }";

test("what is kept of operations is bounded, and what is not kept is executed all the same", () => {
  const all: GraphQLFieldResolver<unknown, unknown> = (_source, _args, _context, { fieldName }) =>
    fieldName === "one" ? { id: 1 } : 1;
  const executeCompiled = createExecutor(schema, all);
  const askedFor = (text: string): Parameters<typeof executeCompiled>[0] => {
    const document = parse(text);
    const operation = document.definitions[0] as OperationDefinitionNode;
    return { document, operation, context: {} as Context, variables: {} };
  };
  const lookUps = jest.spyOn(schema.getType("A") as GraphQLObjectType, "getFields");
  const lookUpsOf = (asked: ReturnType<typeof askedFor>): number => {
    lookUps.mockClear();
    expect(executeCompiled(asked)).toHaveProperty("data.one");
    return lookUps.mock.calls.length;
  };
  const small = askedFor(SMALL);
  expect(executeCompiled(small)).toBeUndefined();
  expect([lookUpsOf(small), lookUpsOf(small)]).toEqual([2, 0]);
  const large = doubling(11);
  const { data } = execute({
    schema,
    document: parse(large),
    fieldResolver: all,
  }) as ExecutionResult;
  const begin = (): ReturnType<typeof askedFor> => {
    const asked = askedFor(large);
    expect(executeCompiled(asked)).toBeUndefined();
    return asked;
  };
  // Of each its share is kept.
  for (let count = 0; count < 29; count += 1) {
    const asked = begin();
    expect(lookUpsOf(asked)).toBeGreaterThan(6_000);
    const beyond = lookUpsOf(asked);
    expect(beyond).toBeGreaterThan(5_000);
    expect(beyond).toBeLessThan(5_200);
    expect(JSON.stringify(executeCompiled(asked))).toBe(JSON.stringify({ data }));
  }
  expect(lookUpsOf(small)).toBe(0);
  // One more is too much for all of them.
  expect(lookUpsOf(begin())).toBeGreaterThan(6_000);
  expect(executeCompiled(small)).toBeUndefined();
  expect([lookUpsOf(small), lookUpsOf(small)]).toEqual([2, 0]);
  lookUps.mockRestore();
});
