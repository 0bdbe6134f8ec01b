import {
  type ASTVisitor,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  type ValidationContext,
  visit,
  visitInParallel,
} from "graphql";
import { limitIntrospection } from "./introspection";
import { fieldNodesOf } from "./selection";

/**
 * What a query may ask of us. Everything here is linear in the size of the document, whose tokens are counted first:
 * fragments are measured once each, however often they are spread.
 */
export const TOKENS_MAX = 1_000;
export const DEPTH_MAX = 12;
export const ALIASES_MAX = 30;
/** An alias is repeated in the answer for every object. */
export const ALIAS_LENGTH_MAX = 100;
export const DIRECTIVES_MAX = 50;
export const ROOT_FIELDS_MAX = 10;
/** In one selection, those in fragments included: whether they can be merged is found out by comparing all with all. */
export const SELECTED_FIELDS_MAX = 150;

/**
 * All limits at once, before any rule of GraphQL's own: some of those take time that grows with the square of the
 * document. Validation ends when there are more errors than it may report, so the first one is reported until it does.
 */
export function refuseGreedy(context: ValidationContext): ASTVisitor {
  const strict = Object.create(context, {
    reportError: {
      value: (error: GraphQLError) => {
        for (let times = 0; times <= ERRORS_MAX; times += 1) context.reportError(error);
      },
    },
  }) as ValidationContext;
  return {
    Document(document) {
      visit(document, visitInParallel(LIMITS.map((limit) => limit(strict))));
    },
  };
}

/** Of validation, for validate(). */
export const ERRORS_MAX = 5;

function limitDepth(context: ValidationContext): ASTVisitor {
  const depths = new Map<string, number>();
  const depthOf = (set: SelectionSetNode | undefined): number => {
    let deepest = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) {
        // Introspection is deep by nature, and has a limit of its own.
        const isIntrospection = selection.name.value.startsWith("__");
        if (!isIntrospection) deepest = Math.max(deepest, 1 + depthOf(selection.selectionSet));
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        deepest = Math.max(deepest, depthOf(selection.selectionSet));
      } else {
        deepest = Math.max(deepest, depthOfFragment(selection.name.value));
      }
    }
    return deepest;
  };
  const depthOfFragment = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    // A fragment that spreads itself meets this zero; another rule refuses it.
    depths.set(name, 0);
    const depth = depthOf(context.getFragment(name)?.selectionSet);
    depths.set(name, depth);
    return depth;
  };
  return {
    OperationDefinition(operation) {
      if (depthOf(operation.selectionSet) > DEPTH_MAX) {
        context.reportError(
          new GraphQLError(`The query is deeper than ${String(DEPTH_MAX)} levels.`),
        );
      }
      return false;
    },
  };
}

function limitAliases(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  return {
    Field(field) {
      if (field.alias) aliases += 1;
      if (aliases === ALIASES_MAX + 1) {
        context.reportError(
          new GraphQLError(`The query has more than ${String(ALIASES_MAX)} aliases.`),
        );
      }
      if (field.alias && field.alias.value.length > ALIAS_LENGTH_MAX) {
        context.reportError(
          new GraphQLError(
            `The query has an alias of more than ${String(ALIAS_LENGTH_MAX)} characters.`,
          ),
        );
      }
    },
  };
}

function limitDirectives(context: ValidationContext): ASTVisitor {
  let directives = 0;
  return {
    Directive() {
      directives += 1;
      if (directives === DIRECTIVES_MAX + 1) {
        context.reportError(
          new GraphQLError(`The query has more than ${String(DIRECTIVES_MAX)} directives.`),
        );
      }
    },
  };
}

function limitRootFields(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      if (rootFieldsOf(context, operation).length > ROOT_FIELDS_MAX) {
        context.reportError(
          new GraphQLError(`The operation has more than ${String(ROOT_FIELDS_MAX)} root fields.`),
        );
      }
      return false;
    },
  };
}

/**
 * One mutation field in an operation: payloads are never null, so a second one that fails would take away the answer of
 * the first, which has committed. Introspection changes nothing and may accompany it.
 */
function limitMutationFields(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      if (operation.operation !== OperationTypeNode.MUTATION) return false;
      const names = rootFieldsOf(context, operation);
      if (names.filter((name) => !name.startsWith("__")).length > 1) {
        context.reportError(
          new GraphQLError("A request must not contain more than one mutation field."),
        );
      }
      return false;
    },
  };
}

/**
 * The names of an operation's root fields, one for each alias, those in fragments included. A field under @skip
 * or @include counts, whatever its variable says.
 */
function rootFieldsOf(context: ValidationContext, operation: OperationDefinitionNode): string[] {
  const fields = fieldNodesOf(operation.selectionSet, (name) => context.getFragment(name));
  return fields.map(({ name }) => name.value);
}

function limitSelections(context: ValidationContext): ASTVisitor {
  return {
    SelectionSet(set) {
      const fields = fieldNodesOf(set, (name) => context.getFragment(name));
      if (fields.length > SELECTED_FIELDS_MAX) {
        context.reportError(
          new GraphQLError(
            `The query selects more than ${String(SELECTED_FIELDS_MAX)} fields of one object.`,
          ),
        );
      }
    },
  };
}

const LIMITS = [
  limitAliases,
  limitDirectives,
  limitDepth,
  limitRootFields,
  limitMutationFields,
  limitSelections,
  limitIntrospection,
];
