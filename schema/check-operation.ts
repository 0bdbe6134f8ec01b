import {
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  OperationTypeNode,
} from "graphql";
import { type Needs, checkAccess, readNeeds } from "./access";
import type { Context } from "./context";
import { checkCost, costOf } from "./cost";
import { type Asked, fieldsOf, readAsked, rootType } from "./selection";

/**
 * Decides for the whole of an operation, before anything of it is executed, whether its caller may ask for it and
 * whether it is small enough, and the caller has enough left to spend. A mutation that has committed cannot be refused
 * any more. A request for much at once may have to wait for others like it.
 *
 * What can be said of an operation whatever its variables are is kept with it, and documents are parsed once and
 * kept themselves. So a request that is like an earlier one costs a look-up and a few comparisons here; only
 * where a variable says how long a page is does every request measure its cost again.
 */
export function checkOperation(
  context: Context,
  request: OperationRequest,
): Promise<void> | undefined {
  const { schema, document, operation } = request;
  let found = known.get(operation);
  if (!found) {
    const asked = readAsked(schema, document, operation);
    found = { needs: readNeeds(asked), mutation: mutationOf(asked), cost: undefined };
    known.set(operation, found);
  }
  checkAccess(context, found.needs);
  const cost = found.cost ?? measure(found, request);
  if (cost === undefined) return undefined;
  checkCost(cost);
  return context.limited.spend({ cost, mutation: found.mutation });
}

function measure(found: Known, request: OperationRequest): number | undefined {
  const { schema, document, operation, variables } = request;
  const measured = costOf(readAsked(schema, document, operation), variables);
  if (measured?.fixed) found.cost = measured.cost;
  return measured?.cost;
}

/** The name of the mutation field: there is one at most. */
function mutationOf(asked: Asked): string | undefined {
  if (asked.operation.operation !== OperationTypeNode.MUTATION) return undefined;
  const fields = fieldsOf(asked, asked.operation.selectionSet, rootType(asked));
  return fields.map(({ definition }) => definition.name).find((name) => !name.startsWith("__"));
}

export interface OperationRequest {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface Known {
  readonly needs: Needs;
  readonly mutation: string | undefined;
  cost: number | undefined;
}

const known = new WeakMap<OperationDefinitionNode, Known>();
