import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { Failure } from "../src/failures";
import { type Needs, checkAccess, readNeeds } from "./access";
import type { Context } from "./context";
import { introspectionRefused, isIntrospection, mayIntrospect } from "./introspection";
import { checkCost, costOf } from "./cost";
import { fieldNodesOf, readAsked } from "./selection";

/**
 * Decides for the whole of an operation, before anything of it is executed, whether its caller may ask for it and
 * whether it is small enough. A mutation that has committed cannot be refused any more.
 *
 * What can be said of an operation whatever its variables are is kept with it, and documents are parsed once and
 * kept themselves. So a request that is like an earlier one costs a look-up and a few comparisons here; only
 * where a variable says how long a page is does every request measure its cost again.
 */
export function checkOperation(context: Context, request: OperationRequest): void {
  const { schema, document, operation } = request;
  // Whether there is such a root at all is nobody's rule in the validation of documents.
  if (!schema.getRootType(operation.operation)) {
    throw new Failure("BAD_USER_INPUT", `This API has no ${operation.operation}s.`);
  }
  let found = known.get(operation);
  if (!found) {
    const asked = readAsked(schema, document, operation);
    const roots = fieldNodesOf(operation.selectionSet, (name) => asked.fragments.get(name));
    const introspects = roots.some(({ name }) => isIntrospection(name.value));
    found = { needs: readNeeds(asked), introspects, cost: undefined };
    known.set(operation, found);
  }
  if (found.introspects && !mayIntrospect(context.app, context.caller)) {
    throw introspectionRefused();
  }
  checkAccess(context, found.needs);
  if (found.cost !== undefined) {
    checkCost(found.cost);
    return;
  }
  const measured = costOf(readAsked(schema, document, operation), request.variables);
  if (!measured) return;
  if (measured.fixed) found.cost = measured.cost;
  checkCost(measured.cost);
}

export interface OperationRequest {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface Known {
  readonly needs: Needs;
  readonly introspects: boolean;
  cost: number | undefined;
}

const known = new WeakMap<OperationDefinitionNode, Known>();
