import { isDeepStrictEqual } from "node:util";
import {
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  execute as executeByGraphqlJs,
  isObjectType,
  responsePathAsArray,
} from "graphql";
import type * as compiled from "../../schema/execution/execute-compiled";

/*
 * In every test, an operation that is executed as it was compiled is executed by graphql-js at the same time. Each
 * resolver is called once, and both get what it gave: a value, an error, or the same promise. So their results must be
 * the same to the byte, and each must ask every resolver for the same thing. A file in which they differ fails.
 */

type Resolver = GraphQLFieldResolver<unknown, object>;
type Asked = Parameters<Resolver>;

/** What a resolver was asked at one place of an answer, and what it gave. */
interface Call {
  readonly asked: Asked;
  readonly give: () => unknown;
  times: number;
}

const calls = new WeakMap<object, Map<string, Call>>();
/** What was not the same, since the test file began. */
export const differences: unknown[] = [];

const SAME = ["fieldName", "parentType", "returnType", "schema", "operation", "rootValue"] as const;

function isSameQuestion([source, args, , info]: Asked, [source2, args2, , info2]: Asked): boolean {
  return (
    source === source2 &&
    SAME.every((name) => info[name] === info2[name]) &&
    info.fieldNodes.length === info2.fieldNodes.length &&
    info.fieldNodes.every((node, index) => node === info2.fieldNodes[index]) &&
    Object.keys(info.fragments).join() === Object.keys(info2.fragments).join() &&
    isDeepStrictEqual(info.path, info2.path) &&
    isDeepStrictEqual(info.variableValues, info2.variableValues) &&
    isDeepStrictEqual({ ...args }, { ...args2 })
  );
}

function oncePerPlace(resolve: Resolver): Resolver {
  return (...asked) => {
    const ofRequest = calls.get(asked[2]);
    if (!ofRequest) return resolve(...asked);
    const place = responsePathAsArray(asked[3].path).join(".");
    const known = ofRequest.get(place);
    if (known) {
      known.times += 1;
      if (!isSameQuestion(known.asked, asked)) differences.push({ place, args: asked[1] });
      return known.give();
    }
    const call: Call = { asked, give: outcomeOf(() => resolve(...asked)), times: 1 };
    ofRequest.set(place, call);
    return call.give();
  };
}

function outcomeOf(work: () => unknown): () => unknown {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function watch(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve) field.resolve = oncePerPlace(field.resolve as Resolver);
    }
  }
}

function textOf({ data, errors }: ExecutionResult): string {
  return JSON.stringify({ errors, data });
}

function compare(
  operation: ExecutionArgs["operationName"],
  [ours, theirs]: readonly [ExecutionResult, ExecutionResult],
  ofRequest: ReadonlyMap<string, Call>,
): void {
  if (textOf(ours) !== textOf(theirs)) {
    differences.push({ operation, ours: textOf(ours), theirs: textOf(theirs) });
  }
  const causes = ({ errors = [] }: ExecutionResult): unknown[] =>
    errors.map(({ originalError }) => originalError);
  const others = causes(theirs);
  // Those that resolvers threw are the same objects; each executor makes its own of the others.
  causes(ours).forEach((cause, index) => {
    const other = others[index];
    if (cause !== other && String(cause) !== String(other)) differences.push({ cause, other });
  });
  if (ours.errors) return;
  const once = [...ofRequest].filter(([, { times }]) => times !== 2).map(([place]) => place);
  if (once.length > 0) differences.push({ operation, once });
}

export const createByBoth =
  (createExecutor: typeof compiled.createExecutor): typeof compiled.createExecutor =>
  (schema, fieldResolver) => {
    watch(schema);
    const watched = oncePerPlace(fieldResolver as Resolver) as typeof fieldResolver;
    const execute = createExecutor(schema, watched);
    return (asked) => {
      const { context, document, operation, variables } = asked;
      const ofRequest = new Map<string, Call>();
      calls.set(context, ofRequest);
      // Also what comes only once here.
      const ours = execute(asked) ?? execute(asked);
      if (!ours) {
        calls.delete(context);
        return undefined;
      }
      const theirs = executeByGraphqlJs({
        schema,
        document,
        contextValue: context,
        variableValues: variables,
        operationName: operation.name?.value,
        fieldResolver: watched as GraphQLFieldResolver<unknown, unknown>,
      });
      return Promise.all([ours, theirs]).then((results) => {
        compare(operation.name?.value, results, ofRequest);
        return results[0];
      });
    };
  };
