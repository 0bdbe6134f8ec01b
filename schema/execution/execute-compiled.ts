import type {
  DocumentNode,
  ExecutionResult,
  GraphQLError,
  GraphQLFieldResolver,
  GraphQLSchema,
  OperationDefinitionNode,
} from "graphql";
import type { Context } from "../context";
import { type Compilation, type Compiled, compile } from "./compile";
import { CollectedErrors, ROOT, type Run, isPromise, runFields, runInTurn } from "./run-fields";

/*
 * Executes operations whose documents come again and again, as those of programs do: what can be decided from the
 * document is decided once and kept with it, in closures and not in generated text. Whatever else there is, graphql-js
 * executes: a document's first time, directives, introspection, subscriptions, and variables that it has to complain of.
 * Answers are the same to the byte, errors and their order included: in every test each operation is executed by both
 * (test/support/execute-by-both.ts).
 *
 * Cost: about a third of what graphql-js takes of a create's processor time; for a document that comes a second time,
 * one pass over it. What is kept goes with the document, and is some 15 MB at most.
 */

export interface Execution {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly context: Context;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Undefined when it is for graphql-js to execute; then nothing was executed. Never fails: what went wrong is in its result. */
export type Execute = (
  execution: Execution,
) => Promise<ExecutionResult> | ExecutionResult | undefined;

type Known = { readonly compiled: Compiled | undefined } | "once";

/**
 * A field that is kept takes about half a kilobyte. Fragments can make one small document of thousands of them: what an
 * operation has beyond its share is found anew each time, as graphql-js does. When all have too many, all are forgotten,
 * and come a first time again.
 */
const KEPT_OF_ONE = 1_000;
const KEPT_OF_ALL = 30_000;

/** The document has been validated, and the operation is the one of it that is asked for. */
export function createExecutor(
  schema: GraphQLSchema,
  fieldResolver: GraphQLFieldResolver<unknown, Context>,
): Execute {
  let known = new WeakMap<OperationDefinitionNode, Known>();
  let ofAll = 0;
  const share = (): Compilation["keep"] => {
    let ofOne = 0;
    return (fields) => {
      if (ofOne + fields > KEPT_OF_ONE) return false;
      ofOne += fields;
      ofAll += fields;
      if (ofAll > KEPT_OF_ALL) {
        known = new WeakMap();
        ofAll = 0;
      }
      return true;
    };
  };
  return ({ document, operation, context, variables: given }) => {
    let found = known.get(operation);
    if (found === undefined) {
      known.set(operation, "once");
      return undefined;
    }
    if (found === "once") {
      const compilation = { schema, document, operation, fieldResolver, keep: share() };
      found = { compiled: compile(compilation) };
      known.set(operation, found);
    }
    const { compiled } = found;
    const variables = compiled?.readVariables(given);
    if (!compiled || !variables) return undefined;
    const errors = new CollectedErrors();
    return execute(compiled, { context, variables, errors, shared: compiled.shared });
  };
}

function execute(
  { isMutation, fields }: Compiled,
  run: Run,
): Promise<ExecutionResult> | ExecutionResult {
  try {
    const data = isMutation ? runInTurn(run, fields) : runFields(run, fields, ROOT);
    if (!isPromise(data)) return resultOf(run, data);
    return data.then(
      (found) => resultOf(run, found),
      (error: unknown) => failed(run, error),
    );
  } catch (error) {
    return failed(run, error);
  }
}

/** Nothing between a field and the root may be null. */
function failed(run: Run, error: unknown): ExecutionResult {
  run.errors.add(error as GraphQLError, undefined);
  return resultOf(run, null);
}

function resultOf({ errors: { list } }: Run, data: unknown): ExecutionResult {
  const shown = data as (ExecutionResult["data"] & object) | null;
  return list.length === 0 ? { data: shown } : { errors: list, data: shown };
}
