import {
  type FieldNode,
  type GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  locatedError,
  responsePathAsArray,
} from "graphql";
import type { Context } from "../context";

/*
 * Runs what compile.ts has prepared, step by step as graphql-js does (execution/execute.js of version 16): resolvers are
 * called in the same order with the same arguments, promises are joined in the same places, and errors are located,
 * ordered and turned into nulls by the same rules.
 */

export type Path = GraphQLResolveInfo["path"];
export type Values = Record<string, unknown>;

/** Turns what a resolver gave into what the answer shows. */
export type Complete = (at: At, value: unknown) => unknown;

/** Where a value goes: a field of an object, or an item of a list. */
interface Slot {
  readonly isNullable: boolean;
  readonly complete: Complete;
}

/** A field of one selection, asked of an object of one type. */
export interface Field extends Slot {
  /** Its name in the answer. */
  readonly key: string;
  readonly name: string;
  readonly nodes: readonly FieldNode[];
  readonly parent: GraphQLObjectType;
  readonly type: GraphQLOutputType;
  readonly resolve: GraphQLFieldResolver<unknown, Context, Values>;
  readonly readArguments: (variables: Values) => Values;
}

/** A field that is being executed; the path is the field's, or that of an item of its list. */
export interface At {
  readonly run: Run;
  readonly field: Field;
  readonly info: GraphQLResolveInfo;
  readonly path: Path;
}

/** What all fields of one request share. */
export interface Run {
  readonly context: Context;
  readonly variables: Values;
  readonly errors: CollectedErrors;
  /** And all requests of one operation. */
  readonly shared: Pick<GraphQLResolveInfo, "schema" | "fragments" | "operation">;
}

/** What is below a null that an earlier error has made is not told any more. */
export class CollectedErrors {
  readonly list: GraphQLError[] = [];
  readonly #paths = new Set<Path | undefined>();

  add(error: GraphQLError, path: Path | undefined): void {
    for (let at = path; at !== undefined; at = at.prev) if (this.#paths.has(at)) return;
    if (this.#paths.has(undefined)) return;
    this.#paths.add(path);
    this.list.push(error);
  }
}

export function isPromise(value: unknown): value is Promise<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as { readonly then?: unknown }).then === "function";
}

interface Of {
  readonly source: unknown;
  /** Undefined: the root. */
  readonly path: Path | undefined;
}

/** The fields of one object, at the same time. */
export function runFields(run: Run, fields: readonly Field[], of: Of): unknown {
  const results: Values = {};
  let waits = false;
  try {
    for (const field of fields) {
      const result = runField(run, field, of);
      results[field.key] = result;
      if (isPromise(result)) waits = true;
    }
  } catch (error) {
    if (!waits) throw error;
    // What is under way may fail as well, and nobody else would hear of it.
    return resolveAll(results).finally(() => {
      throw error;
    });
  }
  return waits ? resolveAll(results) : results;
}

function resolveAll(results: Values): Promise<Values> {
  return Promise.all(Object.values(results)).then((values) => {
    const resolved: Values = {};
    for (const [index, key] of Object.keys(results).entries()) resolved[key] = values[index];
    return resolved;
  });
}

export const ROOT: Of = { source: undefined, path: undefined };

/** One after the other, as the fields of a mutation are. */
export function runInTurn(run: Run, fields: readonly Field[]): unknown {
  let before: Values | Promise<Values> = {};
  for (const field of fields) {
    before = isPromise(before)
      ? before.then((results) => addField(run, field, results as Values))
      : addField(run, field, before);
  }
  return before;
}

function addField(run: Run, field: Field, results: Values): Values | Promise<Values> {
  const add = (result: unknown): Values => {
    results[field.key] = result;
    return results;
  };
  const result = runField(run, field, ROOT);
  return isPromise(result) ? result.then(add) : add(result);
}

function runField(run: Run, field: Field, { source, path: prev }: Of): unknown {
  const { shared, variables } = run;
  const path: Path = { prev, key: field.key, typename: field.parent.name };
  const info: GraphQLResolveInfo = {
    fieldName: field.name,
    fieldNodes: field.nodes,
    returnType: field.type,
    parentType: field.parent,
    path,
    schema: shared.schema,
    fragments: shared.fragments,
    rootValue: undefined,
    operation: shared.operation,
    variableValues: variables,
  };
  const at: At = { run, field, info, path };
  try {
    const value = field.resolve(source, field.readArguments(variables), run.context, info);
    return settle(at, field, complete(at, field, value));
  } catch (error) {
    return fail(at, field, error);
  }
}

/** As a field is run, but for the resolver. */
export function runItem(at: At, slot: Slot, item: unknown): unknown {
  try {
    return settle(at, slot, complete(at, slot, item));
  } catch (error) {
    return fail(at, slot, error);
  }
}

function complete(at: At, slot: Slot, value: unknown): unknown {
  return isPromise(value)
    ? value.then((resolved) => slot.complete(at, resolved))
    : slot.complete(at, value);
}

function settle(at: At, slot: Slot, completed: unknown): unknown {
  if (!isPromise(completed)) return completed;
  return completed.then(undefined, (error: unknown) => fail(at, slot, error));
}

function fail({ run, field, path }: At, { isNullable }: Slot, raw: unknown): null {
  const error = locatedError(raw, field.nodes, responsePathAsArray(path));
  if (!isNullable) throw error;
  run.errors.add(error, path);
  return null;
}
