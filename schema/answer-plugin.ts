import {
  type ApolloServerPlugin,
  type GraphQLRequestContext,
  type GraphQLRequestListener,
  type GraphQLResponse,
  HeaderMap,
} from "@apollo/server";
import { type GraphQLError, type OperationDefinitionNode, OperationTypeNode } from "graphql";
import { redact } from "../src/security/sensitive";
import { failpoint } from "../src/failpoints";
import { describeError } from "../src/observability/describe-error";
import { httpRequests } from "../src/observability/metrics";
import { noteRefusals } from "./audit";
import { stopClock } from "./budget";
import { checkOperation } from "./check-operation";
import type { Context } from "./context";
import {
  type Presented,
  type PresentedError,
  presentError,
  retryAfterSeconds,
  statusOf,
} from "./failures";
import type { Execute } from "./execution/execute-compiled";
import { type InputPath, inputPathFinder } from "./input-path";
import { mayIntrospect } from "./introspection";
import { operationLabel } from "./measure-requests";
import { refuseSensitive } from "./refuse-sensitive";

const FIELD_MAX = 500;

/** Every BAD_USER_INPUT says which input it is about; null when it is about none, but about the request as a whole. */
function withField(shown: PresentedError, path: InputPath | undefined): PresentedError {
  const { extensions } = shown;
  if (extensions.code !== "BAD_USER_INPUT" || extensions.details["field"] !== undefined)
    return shown;
  // A path may hold names that the caller made up.
  const field = path ? redact(path.join(".").slice(0, FIELD_MAX)) : null;
  return { ...shown, extensions: { ...extensions, details: { field, ...extensions.details } } };
}

/** Logs what only we may see of a failure, and returns what its caller may see. */
export function logAndShow(
  context: Pick<Context, "app" | "requestId"> & Partial<Pick<Context, "caller">>,
  { cause, ...presented }: Presented,
  path?: InputPath,
): PresentedError {
  const shown = withField(presented.shown, path);
  const { requestId, app, caller } = context;
  if (shown.extensions.code === "INTERNAL") {
    // A path holds the caller's own aliases.
    const path = redact(shown.path?.join(".") ?? "");
    app.log.error({ requestId, path, error: describeError(cause) }, "a request failed");
  } else if (shown.extensions.code === "UNAVAILABLE" && cause !== undefined) {
    const reason = describeError(cause).message;
    app.log.warn({ requestId, reason }, "a part of the service is away");
  }
  if (mayIntrospect(app, caller)) return shown;
  // A caller that may not introspect must not be led to the schema word by word.
  return { ...shown, message: shown.message.replace(/ ?Did you mean .*$/s, "") };
}

type Asked = GraphQLRequestContext<Context>;

function showErrors(asked: Asked, errors: NonNullable<Asked["errors"]>): PresentedError[] {
  const { contextValue, schema, document, operation, request } = asked;
  const variables = request.variables ?? {};
  const pathOf = inputPathFinder({ schema, document, operation, variables });
  const failed = { requestId: contextValue.requestId, mutated: isMutation(operation) };
  return worthShowing(asked, errors).map((error) =>
    logAndShow(contextValue, presentError(error, failed), pathOf(error)),
  );
}

// An answer may have thousands of nulls that all have one reason.
const ERRORS_MAX = 50;

/** What the budget refused once it refused everywhere from then on: that is said once. */
function worthShowing(asked: Asked, errors: NonNullable<Asked["errors"]>): readonly unknown[] {
  const { refusal } = asked.contextValue.budget;
  if (!refusal) {
    const [first, second] = errors;
    // A limit reports itself until validation ends.
    const isLimit = first !== undefined && !first.path && first.message === second?.message;
    return isLimit ? [first] : errors.slice(0, ERRORS_MAX);
  }
  if (!isMutation(asked.operation)) return [refusal];
  const isRefusal = (error: GraphQLError): boolean => error.originalError === refusal;
  const first = errors.findIndex(isRefusal);
  return errors.filter((error, index) => index === first || !isRefusal(error)).slice(0, ERRORS_MAX);
}

/** GraphQL over HTTP: only a caller that asks for the newer media type gets a status that reflects the outcome. */
export function httpStatus(
  mediaType: Context["mediaType"],
  errors: readonly PresentedError[],
): number {
  return mediaType === "application/json" ? 200 : statusOf(errors);
}

const METHOD_NOT_ALLOWED = 405;

function showInstead(asked: Asked, shown: PresentedError[]): void {
  const { contextValue, operation, response } = asked;
  const { body, http } = response;
  if (body?.kind !== "single") return;
  const { singleResult } = body;
  singleResult.errors = shown;
  // A query that went beyond its budget is refused as a whole; of a mutation the answer tells what was committed.
  if (contextValue.budget.refusal && !isMutation(operation)) delete singleResult.data;
  const hasData = singleResult.data !== null && singleResult.data !== undefined;
  // By GET only queries are asked, and that is told as such, whatever type of answer is wanted.
  if (http.status !== METHOD_NOT_ALLOWED) {
    http.status = hasData ? 200 : httpStatus(contextValue.mediaType, shown);
  }
  const wait = retryAfterSeconds(shown);
  if (wait !== undefined) http.headers.set("retry-after", String(wait));
}

type Listener = GraphQLRequestListener<Context>;

// What is told over HTTP, is told by what is shown of it.
const HTTP: GraphQLResponse["http"] = { headers: new HeaderMap() };

/** Answers what the executor takes. What went wrong is kept beside the answer, to be shown as Apollo's errors are. */
function executeWith(execute: Execute): NonNullable<Listener["responseForOperation"]> {
  return async ({ document, operation, contextValue, request }) => {
    const variables = request.variables ?? {};
    // Apollo's types promise an operation; a request may name one that is not in its document.
    const asked = operation as typeof operation | undefined;
    const result =
      asked && (await execute({ document, operation, context: contextValue, variables }));
    if (!result) return null;
    contextValue.progress.errors = result.errors;
    return { http: HTTP, body: { kind: "single", singleResult: { data: result.data ?? null } } };
  };
}

const listener: Listener = {
  // Here, and not in a resolver: nothing of a request that is not permitted is executed.
  didResolveOperation: ({ schema, operation, document, contextValue, request }) => {
    if (!operation) return Promise.resolve();
    const asked = { schema, document, operation, variables: request.variables ?? {} };
    const waiting = checkOperation(contextValue, asked);
    if (waiting) return waiting.then(() => refuseSensitive(asked));
    refuseSensitive(asked);
    return Promise.resolve();
  },

  willSendResponse: async (asked) => {
    const { contextValue, response, operation } = asked;
    const { body, http } = response;
    stopClock(contextValue.budget);
    if (body.kind !== "single") return;
    http.headers.set("content-type", `${contextValue.mediaType}; charset=utf-8`);
    const errors = asked.errors ?? contextValue.progress.errors;
    const shown = errors && showErrors(asked, errors);
    const code = shown?.[0]?.extensions.code ?? "OK";
    httpRequests.inc({ code });
    contextValue.progress.measured = { operation: operationLabel(operation), code };
    if (shown) {
      contextValue.limited.answered(shown[0]?.extensions.code);
      noteRefusals(contextValue, shown, operation);
      showInstead(asked, shown);
    }
    if (isMutation(operation)) await failpoint("api.before_reply");
    contextValue.progress.mutated = isMutation(operation);
    contextValue.progress.answered = true;
  },
};

function isMutation(operation: OperationDefinitionNode | undefined): boolean {
  return operation?.operation === OperationTypeNode.MUTATION;
}

/** With an executor for the operations that it takes; Apollo executes the others. */
export function answerPlugin(execute: Execute | undefined): ApolloServerPlugin<Context> {
  const listening: Listener = execute
    ? { ...listener, responseForOperation: executeWith(execute) }
    : listener;
  return {
    requestDidStart: () => Promise.resolve(listening),
    unexpectedErrorProcessingRequest: ({ requestContext, error }) => {
      const { app, requestId } = requestContext.contextValue;
      app.log.error({ requestId, error: describeError(error) }, "an answer could not be made");
      return Promise.resolve();
    },
  };
}
