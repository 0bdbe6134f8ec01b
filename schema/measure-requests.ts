import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type GraphQLSchema, Kind, type OperationDefinitionNode } from "graphql";
import type { FailureCode } from "../src/failures";
import { countKeysOf, requestSeconds } from "../src/observability/metrics";

/*
 * How long requests take, by what they ask for and how they are answered. A label is the one root field that is asked
 * for, which the schema names, so there are no more of them than fields; "several" and "none" are the rest.
 *
 * Cost: a hook and one observation for a request, some two microseconds.
 */

export interface Answered {
  readonly operation: string;
  readonly code: FailureCode | "OK" | "PERSISTED_QUERY_NOT_SUPPORTED";
}

declare module "fastify" {
  interface FastifyRequest {
    answered: Answered | null;
  }
}

export function measureRequests(fastify: FastifyInstance): void {
  fastify.decorateRequest("answered", null);
  fastify.addHook("onResponse", (request: FastifyRequest, reply: FastifyReply, done) => {
    if (request.answered) {
      const { operation, code } = request.answered;
      requestSeconds.observe({ operation, code }, reply.elapsedTime / 1_000);
    }
    done();
  });
}

/** Of an operation that was valid: what is not in the schema never gets here. */
export function operationLabel(operation: OperationDefinitionNode | undefined): string {
  const [first, second] = operation?.selectionSet.selections ?? [];
  if (!first) return "none";
  return first.kind === Kind.FIELD && !second ? first.name.value : "several";
}

/** Every keyed mutation is counted from the start. */
export function countKeyedMutations(schema: GraphQLSchema): void {
  const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
  const keyed = fields.filter(({ args }) => args.some(({ name }) => name === "idempotencyKey"));
  countKeysOf(keyed.map(({ name }) => name));
}
