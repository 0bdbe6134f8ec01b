import {
  type ASTNode,
  type ASTVisitFn,
  BREAK,
  type DocumentNode,
  GraphQLError,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  type VariableDefinitionNode,
  getNamedType,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from "graphql";

/**
 * Which input a malformed request is about: `details.field`, so that a form can mark it. It is a path from the
 * field's argument on, `input.metadata.order` or `input.eventTypes.0`, however the input was sent: as a variable,
 * as a literal, or as a variable inside a literal. It is worked out only when a request has been refused, from the
 * nodes that graphql-js names in its errors and from the schema. It may hold names that the caller made up.
 */
export interface RefusedRequest {
  readonly schema: GraphQLSchema;
  /** Undefined when it could not be parsed. */
  readonly document: DocumentNode | undefined;
  /** Undefined when the document is not valid. */
  readonly operation: OperationDefinitionNode | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

export type InputPath = readonly (string | number)[];

/** Ask it for each error once and in order: those of one variable come one after the other. */
export function inputPathFinder(
  request: RefusedRequest,
): (error: unknown) => InputPath | undefined {
  const { document } = request;
  const faults = new Map<VariableDefinitionNode, Iterator<InputPath>>();
  const pathOfVariable = (
    document: DocumentNode,
    definition: VariableDefinitionNode,
  ): InputPath => {
    const found = faults.get(definition) ?? faultsOfVariable(request, definition);
    faults.set(definition, found);
    const { value: fault = [] } = found.next() as { value?: InputPath };
    return [...pathOfUse(document, definition), ...fault];
  };
  return (error) => {
    if (!document || !(error instanceof GraphQLError)) return undefined;
    for (const node of error.nodes ?? []) {
      const path =
        node.kind === Kind.VARIABLE_DEFINITION && request.operation
          ? pathOfVariable(document, node)
          : pathOfNode({ ...request, document }, node, error.message);
      if (path) return path;
    }
    return undefined;
  };
}

/** What is wrong within a value that a scalar has read, when the scalar knows. */
export interface ScalarFault {
  readonly within: InputPath;
}

function withinScalar(error: unknown): InputPath {
  if (!(error instanceof GraphQLError)) return [];
  const { within } = error.extensions as Partial<ScalarFault>;
  return within ?? [];
}

function* faultsOfVariable(
  { schema, variables }: RefusedRequest,
  { variable, type: typeNode }: VariableDefinitionNode,
): Generator<InputPath> {
  const type = typeFromAST(schema, typeNode);
  if (type && isInputType(type)) yield* faultsIn(variables[variable.name.value], type);
}

/** Every place at which graphql-js refuses to coerce a value, in its order. */
export function* faultsIn(
  value: unknown,
  type: GraphQLInputType,
  path: InputPath = [],
): Generator<InputPath> {
  if (isNonNullType(type)) {
    if (isNothing(value)) yield path;
    else yield* faultsIn(value, type.ofType, path);
  } else if (isNothing(value)) {
    return;
  } else if (isListType(type)) {
    if (!Array.isArray(value)) yield* faultsIn(value, type.ofType, path);
    else
      for (const [at, item] of value.entries()) yield* faultsIn(item, type.ofType, [...path, at]);
  } else if (isInputObjectType(type)) {
    yield* faultsInObject(value, type, path);
  } else {
    yield* faultsInLeaf(value, type, path);
  }
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function* faultsInObject(
  value: unknown,
  type: GraphQLInputObjectType,
  path: InputPath,
): Generator<InputPath> {
  if (typeof value !== "object" || Array.isArray(value)) {
    yield path;
    return;
  }
  const given = value as Readonly<Record<string, unknown>>;
  const fields = type.getFields();
  for (const field of Object.values(fields)) {
    const below = [...path, field.name];
    // Absent is not the same as null: a default takes its place.
    if (given[field.name] !== undefined) yield* faultsIn(given[field.name], field.type, below);
    else if (isRequiredInputField(field)) yield below;
  }
  for (const name of Object.keys(given)) if (!fields[name]) yield [...path, name];
}

function* faultsInLeaf(
  value: unknown,
  type: GraphQLLeafType,
  path: InputPath,
): Generator<InputPath> {
  try {
    if (type.parseValue(value) === undefined) yield path;
  } catch (error) {
    yield [...path, ...withinScalar(error)];
  }
}

/** Where a variable's value goes: the first argument, or part of one, that it is used in. */
export function pathOfUse(document: DocumentNode, { variable }: VariableDefinitionNode): InputPath {
  const { value } = variable.name;
  let found: InputPath | undefined;
  visit(document, {
    VariableDefinition: () => false,
    Variable(node, ...[, , keys]) {
      if (node.name.value === value) found ??= pathAt(document, keys);
    },
  });
  return found ?? [value];
}

type Keys = readonly (string | number)[];

/** The names of the argument, the fields and the items that lead to a node; undefined when it is in no field's argument. */
export function pathAt(document: DocumentNode, keys: Keys): InputPath | undefined {
  const path: (string | number)[] = [];
  let part: unknown = document;
  let isInList = false;
  for (const key of keys) {
    if (isInList) path.push(key);
    isInList = key === "values";
    part = (part as Readonly<Record<string | number, unknown>>)[key];
    // Between the nodes there are lists of nodes.
    const node = part as ASTNode | { readonly kind?: undefined };
    if (node.kind === Kind.DIRECTIVE) return undefined;
    if (node.kind === Kind.VARIABLE_DEFINITION) path.push(...pathOfUse(document, node));
    if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) path.push(node.name.value);
  }
  return path.length > 0 ? path : undefined;
}

type ParsedRequest = RefusedRequest & { readonly document: DocumentNode };

function pathOfNode(
  request: ParsedRequest,
  wanted: ASTNode,
  message: string,
): InputPath | undefined {
  const { schema, document } = request;
  const types = new TypeInfo(schema);
  let found: InputPath | undefined;
  const enter = (node: ASTNode, keys: Keys): unknown => {
    if (node !== wanted) return undefined;
    const path = pathAt(document, keys);
    const missing = missingAt(node, types).find((name) => isNamed(name, message));
    if (missing !== undefined) found = [...(path ?? []), missing];
    else if (path) found = deeper(request, { node, path, type: types.getInputType() });
    return BREAK;
  };
  const visitor = {
    enter: (...[node, , , keys]: Parameters<ASTVisitFn<ASTNode>>) => enter(node, keys),
  };
  visit(document, visitWithTypeInfo(types, visitor));
  return found;
}

/** What a node leaves out although it is required: graphql-js names the node, and only in words what is missing. */
function missingAt(node: ASTNode, types: TypeInfo): string[] {
  if (node.kind === Kind.FIELD) {
    const given = new Set(node.arguments?.map(({ name }) => name.value));
    const required = types.getFieldDef()?.args.filter(isRequiredArgument) ?? [];
    return required.map(({ name }) => name).filter((name) => !given.has(name));
  }
  const type = getNamedType(types.getInputType());
  if (node.kind !== Kind.OBJECT || !isInputObjectType(type)) return [];
  const given = new Set(node.fields.map(({ name }) => name.value));
  const required = Object.values(type.getFields()).filter(isRequiredInputField);
  return required.map(({ name }) => name).filter((name) => !given.has(name));
}

function isNamed(name: string, message: string): boolean {
  return message.includes(`"${name}"`) || message.includes(`.${name}"`);
}

interface Literal {
  readonly node: ASTNode;
  readonly path: InputPath;
  readonly type: GraphQLInputType | null | undefined;
}

/** A scalar that holds variables is read when it is executed, and then only the whole argument is named. */
function deeper(request: ParsedRequest, { node, path, type }: Literal): InputPath {
  const named = getNamedType(type);
  if (node.kind === Kind.OBJECT && isInputObjectType(named)) {
    for (const { name, value } of node.fields) {
      const below = [...path, name.value];
      const fault = deeper(request, {
        node: value,
        path: below,
        type: named.getFields()[name.value]?.type,
      });
      if (fault !== below) return fault;
    }
  } else if (node.kind === Kind.OBJECT && isLeafType(named)) {
    try {
      named.parseLiteral(node, request.variables);
    } catch (error) {
      return [...path, ...withinScalar(error)];
    }
  }
  return path;
}
