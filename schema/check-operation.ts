import {
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  OperationTypeNode,
} from "graphql";
import { Failure } from "../src/failures";
import { held } from "../src/merchants/hold-merchant";
import { type Needs, checkAccess, readNeeds } from "./access";
import type { Context } from "./context";
import { introspectionRefused, isIntrospection, mayIntrospect } from "./introspection";
import { checkCost, costOf } from "./cost";
import { type Asked, fieldNodesOf, fieldsOf, readAsked, rootType } from "./selection";

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
  // Whether there is such a root at all is nobody's rule in the validation of documents.
  if (!schema.getRootType(operation.operation)) {
    throw new Failure("BAD_USER_INPUT", `This API has no ${operation.operation}s.`);
  }
  if (operation.operation === OperationTypeNode.SUBSCRIPTION && !request.streamed) {
    throw new Failure(
      "BAD_USER_INPUT",
      "A subscription is answered as a stream of server-sent events: send it with `Accept: text/event-stream`.",
    );
  }
  let found = known.get(operation);
  if (!found) {
    const asked = readAsked(schema, document, operation);
    const roots = fieldNodesOf(operation.selectionSet, (name) => asked.fragments.get(name));
    const introspects = roots.some(({ name }) => isIntrospection(name.value));
    const mutation = mutationOf(asked);
    found = { needs: readNeeds(asked), introspects, mutation, cost: undefined };
    known.set(operation, found);
  }
  if (found.introspects && !mayIntrospect(context.app, context.caller)) {
    throw introspectionRefused();
  }
  checkAccess(context, found.needs);
  if (found.mutation !== undefined && context.caller?.isHeld === true) throw held();
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
  /** Whether it is answered as a stream of events. */
  readonly streamed?: true;
}

interface Known {
  readonly needs: Needs;
  readonly mutation: string | undefined;
  readonly introspects: boolean;
  cost: number | undefined;
}

const known = new WeakMap<OperationDefinitionNode, Known>();
