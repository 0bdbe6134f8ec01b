import {
  type DocumentNode,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  OperationTypeNode,
  TypeNameMetaFieldDef,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import type { Context } from "../context";
import { type Asked, fieldNodesOf, readAsked, rootType } from "../selection";
import { argumentsReader } from "./read-arguments";
import { type ReadVariables, variablesReader } from "./read-variables";
import { completeLeaf, completeList, completeNonNull, completeNullable } from "./complete-values";
import { type Complete, type Field, type Run, isPromise, runFields } from "./run-fields";

/** An operation as it is executed: what depends on nothing but the document and the schema has been decided. */
export interface Compiled {
  readonly isMutation: boolean;
  readonly readVariables: ReadVariables;
  readonly fields: readonly Field[];
  readonly shared: Run["shared"];
}

export interface Compilation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** For fields that have none of their own. */
  readonly fieldResolver: GraphQLFieldResolver<unknown, Context>;
  /** Whether so many more fields may be kept. */
  readonly keep: (fields: number) => boolean;
}

/** Undefined for what is left to graphql-js: subscriptions, introspection, directives, `__proto__` as a name. */
export function compile(compilation: Compilation): Compiled | undefined {
  const { schema, document, operation, fieldResolver, keep } = compilation;
  const isQuery = operation.operation === OperationTypeNode.QUERY;
  const isMutation = operation.operation === OperationTypeNode.MUTATION;
  if ((!isQuery && !isMutation) || !isPlain(document)) return undefined;
  const asked = readAsked(schema, document, operation);
  const fields = fieldsOf({ asked, fieldResolver, keep }, [operation], rootType(asked));
  if (!keep(fields.length)) return undefined;
  return {
    isMutation,
    readVariables: variablesReader(schema, operation),
    fields,
    shared: { schema, operation, fragments: Object.fromEntries(asked.fragments) },
  };
}

const NAMES_LEFT_OUT: ReadonlySet<unknown> = new Set(["__proto__", "__schema", "__type"]);

function isPlain(part: unknown): boolean {
  if (typeof part !== "object" || part === null) return true;
  if (Array.isArray(part)) return part.every(isPlain);
  const { kind, value } = part as { readonly kind?: unknown; readonly value?: unknown };
  if (kind === Kind.DIRECTIVE) return false;
  if (kind === Kind.NAME) return !NAMES_LEFT_OUT.has(value);
  return Object.entries(part).every(([name, inner]) => name === "loc" || isPlain(inner));
}

interface Scope {
  readonly asked: Asked;
  readonly fieldResolver: Compilation["fieldResolver"];
  readonly keep: Compilation["keep"];
}

type Selecting = Pick<FieldNode | OperationDefinitionNode, "selectionSet">;

/** What these nodes together select of an object of this type: a field that they name several times is one. */
function fieldsOf(scope: Scope, nodes: readonly Selecting[], parent: GraphQLObjectType): Field[] {
  const { schema, fragments } = scope.asked;
  const applies = (condition: NamedTypeNode | undefined): boolean => {
    const type = condition === undefined ? parent : schema.getType(condition.name.value);
    return type === parent || (isAbstractType(type) && schema.isSubType(type, parent));
  };
  const selections = nodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
  const together = { kind: Kind.SELECTION_SET, selections } as const;
  const byKey = new Map<string, [FieldNode, ...FieldNode[]]>();
  for (const node of fieldNodesOf(together, (name) => fragments.get(name), applies)) {
    const key = (node.alias ?? node.name).value;
    const found = byKey.get(key);
    if (found) found.push(node);
    else byKey.set(key, [node]);
  }
  return [...byKey].flatMap(([key, found]) => {
    const name = found[0].name.value;
    const isTypename = name === TypeNameMetaFieldDef.name;
    const definition = isTypename ? TypeNameMetaFieldDef : parent.getFields()[name];
    return definition ? [fieldOf(scope, { key, nodes: found, parent }, definition)] : [];
  });
}

interface Selected {
  readonly key: string;
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  readonly parent: GraphQLObjectType;
}

function fieldOf(
  scope: Scope,
  { key, nodes, parent }: Selected,
  definition: GraphQLField<unknown, Context>,
): Field {
  const { name, type } = definition;
  return {
    key,
    name,
    nodes,
    parent,
    type,
    isNullable: !isNonNullType(type),
    resolve: definition.resolve ?? scope.fieldResolver,
    readArguments: argumentsReader(definition, nodes[0]),
    complete: completerOf(scope, nodes, type),
  };
}

type Nodes = readonly FieldNode[];

function completerOf(scope: Scope, nodes: Nodes, type: GraphQLOutputType): Complete {
  return isNonNullType(type)
    ? completeNonNull(completerOf(scope, nodes, type.ofType))
    : completeNullable(valueCompleterOf(scope, nodes, type));
}

function valueCompleterOf(scope: Scope, nodes: Nodes, type: GraphQLOutputType): Complete {
  if (isLeafType(type)) return completeLeaf(type);
  if (isObjectType(type)) return completeObject(scope, nodes, type);
  if (isAbstractType(type)) return completeAbstract(scope, nodes, type);
  if (isListType(type)) {
    const { ofType } = type;
    const item = completerOf(scope, nodes, ofType);
    return completeList({ complete: item, isNullable: !isNonNullType(ofType) });
  }
  throw new Error(`there is no way to complete a ${String(type)}`);
}

function completeObject(scope: Scope, nodes: Nodes, type: GraphQLObjectType): Complete {
  if (type.isTypeOf) throw new Error(`${type.name}: values are not asked of which type they are`);
  // When it is needed: most of what an interface may turn out to be, it never does.
  let kept: readonly Field[] | undefined;
  return ({ run, path }, source) => {
    const fields = kept ?? fieldsOf(scope, nodes, type);
    if (!kept && scope.keep(fields.length)) kept = fields;
    return runFields(run, fields, { source, path });
  };
}

function completeAbstract(scope: Scope, nodes: Nodes, type: GraphQLAbstractType): Complete {
  const { schema } = scope.asked;
  const { resolveType } = type;
  if (!resolveType) throw new Error(`${type.name}: nobody says of which type a value is`);
  const known = new Map<unknown, Complete>();
  const completerFor = (name: unknown): Complete => {
    const found = known.get(name);
    if (found) return found;
    const object = typeof name === "string" ? schema.getType(name) : undefined;
    if (!isObjectType(object) || !schema.isSubType(type, object)) {
      throw new Error(`${type.name}: a value is of none of its types`);
    }
    const made = completeObject(scope, nodes, object);
    known.set(name, made);
    return made;
  };
  return (at, value) => {
    const name = resolveType(value, at.run.context, at.info, type);
    return isPromise(name)
      ? name.then((resolved) => completerFor(resolved)(at, value))
      : completerFor(name)(at, value);
  };
}
