import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  typeFromAST,
  valueFromAST,
} from "graphql";

type Values = Readonly<Record<string, unknown>>;

/** The variables of an operation as its resolvers see them; undefined when graphql-js has something to say about them. */
export type ReadVariables = (given: Values) => Record<string, unknown> | undefined;

/** What is wrong with an input is for graphql-js to say, in its own words: this only finds that something is. */
const WRONG = Symbol("wrong");

type Coerce = (value: unknown) => unknown;

/**
 * Reads variables as graphql-js does (getVariableValues and coerceInputValue of version 16), but for what depends on the
 * operation alone, which is decided once.
 */
export function variablesReader(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): ReadVariables {
  const known = new Map<GraphQLInputType, Coerce>();
  const readers = variableDefinitions.map((definition) => readerOf(schema, definition, known));
  return (given) => {
    const values: Record<string, unknown> = {};
    for (const read of readers) if (!read(given, values)) return undefined;
    return values;
  };
}

type Read = (given: Values, into: Record<string, unknown>) => boolean;

function readerOf(
  schema: GraphQLSchema,
  { variable, type: typeNode, defaultValue }: VariableDefinitionNode,
  known: Map<GraphQLInputType, Coerce>,
): Read {
  const type = typeFromAST(schema, typeNode);
  if (!isInputType(type)) return () => false;
  const name = variable.name.value;
  const coerce = coercerOf(type, known);
  return (given, into) => {
    if (!Object.hasOwn(given, name)) {
      if (defaultValue) into[name] = valueFromAST(defaultValue, type);
      else return !isNonNullType(type);
      return true;
    }
    const value = coerce(given[name]);
    if (value === WRONG) return false;
    into[name] = value;
    return true;
  };
}

/** Types of inputs may hold themselves. */
function coercerOf(type: GraphQLInputType, known: Map<GraphQLInputType, Coerce>): Coerce {
  const found = known.get(type);
  if (found) return found;
  let made: Coerce | undefined;
  const coerce: Coerce = (value) => (made ??= makeCoercer(type, known))(value);
  known.set(type, coerce);
  return coerce;
}

function makeCoercer(type: GraphQLInputType, known: Map<GraphQLInputType, Coerce>): Coerce {
  if (isNonNullType(type)) {
    const inner = coercerOf(type.ofType, known);
    return (value) => (value === null || value === undefined ? WRONG : inner(value));
  }
  const coerce = valueCoercer(type, known);
  return (value) => (value === null || value === undefined ? null : coerce(value));
}

function valueCoercer(type: GraphQLInputType, known: Map<GraphQLInputType, Coerce>): Coerce {
  if (isListType(type)) return listCoercer(coercerOf(type.ofType, known));
  if (isInputObjectType(type)) return objectCoercer(type, known);
  if (isLeafType(type)) return leafCoercer(type);
  return () => WRONG;
}

function leafCoercer(type: GraphQLLeafType): Coerce {
  return (value) => {
    try {
      const parsed: unknown = type.parseValue(value);
      return parsed === undefined ? WRONG : parsed;
    } catch {
      return WRONG;
    }
  };
}

function listCoercer(coerce: Coerce): Coerce {
  return (value) => {
    if (!Array.isArray(value)) {
      // A single value counts as a list of one.
      const item = coerce(value);
      return item === WRONG ? WRONG : [item];
    }
    const items = value.map(coerce);
    return items.includes(WRONG) ? WRONG : items;
  };
}

function objectCoercer(type: GraphQLInputObjectType, known: Map<GraphQLInputType, Coerce>): Coerce {
  if (type.isOneOf) return () => WRONG;
  const fields = Object.values(type.getFields()).map((field) => ({
    name: field.name,
    defaultValue: field.defaultValue,
    isRequired: isNonNullType(field.type),
    coerce: coercerOf(field.type, known),
  }));
  const names = new Set(fields.map(({ name }) => name));
  return (given) => {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return WRONG;
    const values: Record<string, unknown> = {};
    for (const { name, defaultValue, isRequired, coerce } of fields) {
      const value = (given as Values)[name];
      if (value === undefined) {
        if (defaultValue !== undefined) values[name] = defaultValue;
        else if (isRequired) return WRONG;
        continue;
      }
      const coerced = coerce(value);
      if (coerced === WRONG) return WRONG;
      values[name] = coerced;
    }
    for (const name of Object.keys(given)) if (!names.has(name)) return WRONG;
    return values;
  };
}
