import { GraphQLError, type GraphQLLeafType } from "graphql";
import { type At, type Complete, isPromise, runItem } from "./run-fields";

/** How values are completed, by type; the words of errors are those of graphql-js. */

export function completeNonNull(complete: Complete): Complete {
  return (at, value) => {
    const completed = complete(at, value);
    if (completed === null) {
      throw new Error(`Cannot return null for non-nullable field ${coordinateOf(at)}.`);
    }
    return completed;
  };
}

export function completeNullable(complete: Complete): Complete {
  return (at, value) => {
    if (value instanceof Error) throw value;
    return value === null || value === undefined ? null : complete(at, value);
  };
}

export function completeLeaf(type: GraphQLLeafType): Complete {
  return (_at, value) => {
    const shown: unknown = type.serialize(value);
    // Without the value, which graphql-js puts into its message: it is nobody's to read in a log.
    if (shown === null || shown === undefined) throw new Error(`${type.name}: a value has no form`);
    return shown;
  };
}

export function completeList(item: Parameters<typeof runItem>[1]): Complete {
  return (at, value) => {
    if (!isIterable(value)) {
      throw new GraphQLError(
        `Expected Iterable, but did not find one for field "${coordinateOf(at)}".`,
      );
    }
    const { run, field, info, path: prev } = at;
    let waits = false;
    const items = Array.from(value, (given, index) => {
      const path = { prev, key: index, typename: undefined };
      const completed = runItem({ run, field, info, path }, item, given);
      if (isPromise(completed)) waits = true;
      return completed;
    });
    return waits ? Promise.all(items) : items;
  };
}

function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === "function";
}

function coordinateOf({ field }: At): string {
  return `${field.parent.name}.${field.name}`;
}
