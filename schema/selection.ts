import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  getNamedType,
  isAbstractType,
  isObjectType,
} from "graphql";

/**
 * What an operation asks for, with the types of the schema beside it. It is read before anything is executed and,
 * as a rule, before the variables are known. So it is never less than what is executed: a field under @skip or
 * @include counts as asked for, and an interface stands for every type that it may turn out to be.
 * The document has been validated: fields exist, and no fragment spreads itself.
 */
export interface Asked {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** A field, asked of an object of this very type. */
export interface AskedField {
  readonly parent: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
}

export function readAsked(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Asked {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  return { schema, operation, fragments };
}

export function rootType({ schema, operation }: Asked): GraphQLObjectType {
  const type = schema.getRootType(operation.operation);
  if (!type) throw new Error(`the schema has no ${operation.operation}`);
  return type;
}

/** `Type.field`, as the tables of access and of sizes name it. */
export function coordinateOf({
  parent,
  definition,
}: Pick<AskedField, "parent" | "definition">): string {
  return `${parent.name}.${definition.name}`;
}

/** The fields that a selection asks of an object of this type, those in fragments included; introspection is left out. */
export function fieldsOf(
  asked: Asked,
  set: SelectionSetNode,
  parent: GraphQLObjectType,
): AskedField[] {
  const definitions = parent.getFields();
  return nodesOf(asked, set, parent).flatMap((node) => {
    const definition = definitions[node.name.value];
    return definition ? [{ parent, definition, node }] : [];
  });
}

/** How often it asks for the name of the object's type: once without aliases. */
export function typenamesOf(
  asked: Asked,
  set: SelectionSetNode,
  parent: GraphQLObjectType,
): number {
  return nodesOf(asked, set, parent).filter(({ name }) => name.value === "__typename").length;
}

function nodesOf(asked: Asked, set: SelectionSetNode, parent: GraphQLObjectType): FieldNode[] {
  const applies = (condition: NamedTypeNode | undefined): boolean => {
    const type = condition === undefined ? parent : asked.schema.getType(condition.name.value);
    return type === parent || (isAbstractType(type) && asked.schema.isSubType(type, parent));
  };
  const fragmentOf: FindFragment = (name) => asked.fragments.get(name);
  return fieldNodesOf(set, fragmentOf, applies);
}

type FindFragment = (name: string) => FragmentDefinitionNode | null | undefined;

/**
 * The fields of a selection, those in the fragments that apply to it included. As in execution, a fragment counts once
 * in one selection, however often it is spread there; so the document need not have been validated.
 */
export function fieldNodesOf(
  set: SelectionSetNode,
  fragmentOf: FindFragment,
  applies: (condition: NamedTypeNode | undefined) => boolean = () => true,
): FieldNode[] {
  const fields: FieldNode[] = [];
  const spread = new Set<string>();
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        fields.push(selection);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (applies(selection.typeCondition)) collect(selection.selectionSet);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragmentOf(selection.name.value);
        if (fragment && applies(fragment.typeCondition)) collect(fragment.selectionSet);
      }
    }
  };
  collect(set);
  return fields;
}

/** The types that what a field answers with may turn out to be; none for a scalar or an enum. */
export function objectTypesOf(
  { schema }: Asked,
  { definition }: Pick<AskedField, "definition">,
): readonly GraphQLObjectType[] {
  const type: GraphQLNamedType = getNamedType(definition.type);
  if (isObjectType(type)) return [type];
  return isAbstractType(type) ? schema.getPossibleTypes(type) : [];
}

/**
 * Remembers what was found for a selection and a type. A selection is met again through every fragment that it
 * is in; measured once each, all of them together are linear in the size of the document.
 */
export function oncePerSelection<Result>(
  measure: (set: SelectionSetNode, type: GraphQLObjectType) => Result,
): (set: SelectionSetNode, type: GraphQLObjectType) => Result {
  const known = new Map<SelectionSetNode, Map<GraphQLObjectType, Result>>();
  return (set, type) => {
    const ofSet = known.get(set) ?? new Map<GraphQLObjectType, Result>();
    known.set(set, ofSet);
    const found = ofSet.get(type);
    if (found !== undefined) return found;
    const result = measure(set, type);
    ofSet.set(type, result);
    return result;
  };
}
