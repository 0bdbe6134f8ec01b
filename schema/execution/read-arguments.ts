import {
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  Kind,
  getArgumentValues,
  isNonNullType,
} from "graphql";
import type { Field, Values } from "./run-fields";

const NONE: Values = Object.freeze({});
const readNone = (): Values => NONE;

/**
 * Reads the arguments of a field as graphql-js does (getArgumentValues of version 16), where they are left out or
 * variables with a value; in all other cases graphql-js does it.
 */
export function argumentsReader(
  definition: Pick<GraphQLField<unknown, unknown>, "args" | "name">,
  node: FieldNode,
): Field["readArguments"] {
  const readers: Read[] = [];
  for (const argument of definition.args) {
    const reader = readerOf(argument, node);
    if (!reader)
      return (variables) =>
        getArgumentValues(definition as GraphQLField<unknown, unknown>, node, variables);
    readers.push(reader);
  }
  if (readers.length === 0) return readNone;
  return (variables) => {
    const values: Values = {};
    for (const read of readers) {
      if (!read(values, variables))
        return getArgumentValues(definition as GraphQLField<unknown, unknown>, node, variables);
    }
    return values;
  };
}

/** False where there is more to it. */
type Read = (into: Values, variables: Values) => boolean;

function readerOf(
  { name, type, defaultValue }: GraphQLArgument,
  node: FieldNode,
): Read | undefined {
  const given = node.arguments?.find((argument) => argument.name.value === name);
  if (!given) {
    if (defaultValue === undefined) return isNonNullType(type) ? undefined : () => true;
    return (into) => {
      into[name] = defaultValue;
      return true;
    };
  }
  if (given.value.kind !== Kind.VARIABLE) return undefined;
  const variable = given.value.name.value;
  return (into, variables) => {
    const value = variables[variable];
    if (value === undefined || value === null) return false;
    into[name] = value;
    return true;
  };
}
