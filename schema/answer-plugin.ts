import type {
  ApolloServerPlugin,
  GraphQLRequestContext,
  GraphQLRequestListener,
} from "@apollo/server";
import { type OperationDefinitionNode, OperationTypeNode } from "graphql";
import { redactCardNumbers } from "../src/security/card-numbers";
import { failpoint } from "../src/failpoints";
import { httpRequests } from "../src/observability/metrics";
import { noteRefusals } from "./audit";
import { checkOperation } from "./check-operation";
import type { Context } from "./context";
import {
  type Presented,
  type PresentedError,
  describeError,
  presentError,
  retryAfterSeconds,
  statusOf,
} from "./failures";
import { type InputPath, inputPathFinder } from "./input-path";

const FIELD_MAX = 500;

/** Every BAD_USER_INPUT says which input it is about; null when it is about none, but about the request as a whole. */
function withField(shown: PresentedError, path: InputPath | undefined): PresentedError {
  const { extensions } = shown;
  if (extensions.code !== "BAD_USER_INPUT" || extensions.details["field"] !== undefined)
    return shown;
  // A path may hold names that the caller made up.
  const field = path ? redactCardNumbers(path.join(".").slice(0, FIELD_MAX)) : null;
  return { ...shown, extensions: { ...extensions, details: { field, ...extensions.details } } };
}

/** Logs what only we may see of a failure, and returns what its caller may see. */
export function logAndShow(
  context: Pick<Context, "app" | "requestId">,
  { cause, ...presented }: Presented,
  path?: InputPath,
): PresentedError {
  const shown = withField(presented.shown, path);
  const { requestId, app } = context;
  if (shown.extensions.code === "INTERNAL") {
    // A path holds the caller's own aliases.
    const path = redactCardNumbers(shown.path?.join(".") ?? "");
    app.log.error({ requestId, path, error: describeError(cause) }, "a request failed");
  } else if (shown.extensions.code === "UNAVAILABLE" && cause !== undefined) {
    app.log.warn({ requestId, reason: (cause as Error).message }, "a part of the service is away");
  }
  if (app.config.introspection) return shown;
  // A caller that may not introspect must not be led to the schema word by word.
  return { ...shown, message: shown.message.replace(/ ?Did you mean .*$/s, "") };
}

type Asked = GraphQLRequestContext<Context>;

function showErrors(asked: Asked, errors: NonNullable<Asked["errors"]>): PresentedError[] {
  const { contextValue, schema, document, operation, request } = asked;
  const variables = request.variables ?? {};
  const pathOf = inputPathFinder({ schema, document, operation, variables });
  const failed = { requestId: contextValue.requestId, mutated: isMutation(operation) };
  return errors.map((error) =>
    logAndShow(contextValue, presentError(error, failed), pathOf(error)),
  );
}

/** GraphQL over HTTP: only a caller that asks for the newer media type gets a status that reflects the outcome. */
export function httpStatus(
  mediaType: Context["mediaType"],
  errors: readonly PresentedError[],
): number {
  return mediaType === "application/json" ? 200 : statusOf(errors);
}

const listener: GraphQLRequestListener<Context> = {
  // Here, and not in a resolver: nothing of a request that is not permitted is executed.
  didResolveOperation: ({ schema, operation, document, contextValue, request }) => {
    if (operation) {
      const variables = request.variables ?? {};
      checkOperation(contextValue, { schema, document, operation, variables });
    }
    return Promise.resolve();
  },

  willSendResponse: async (asked) => {
    const { contextValue, response, operation } = asked;
    const { body, http } = response;
    if (body.kind !== "single") return;
    http.headers.set("content-type", `${contextValue.mediaType}; charset=utf-8`);
    const shown = asked.errors && showErrors(asked, asked.errors);
    httpRequests.inc({ code: shown?.[0]?.extensions.code ?? "OK" });
    if (shown) {
      noteRefusals(contextValue, shown, operation);
      body.singleResult.errors = shown;
      const hasData = body.singleResult.data !== null && body.singleResult.data !== undefined;
      http.status = hasData ? 200 : httpStatus(contextValue.mediaType, shown);
      const wait = retryAfterSeconds(shown);
      if (wait !== undefined) http.headers.set("retry-after", String(wait));
    }
    if (isMutation(operation)) await failpoint("api.before_reply");
    contextValue.progress.answered = true;
  },
};

function isMutation(operation: OperationDefinitionNode | undefined): boolean {
  return operation?.operation === OperationTypeNode.MUTATION;
}

export const answerPlugin: ApolloServerPlugin<Context> = {
  requestDidStart: () => Promise.resolve(listener),
  unexpectedErrorProcessingRequest: ({ requestContext, error }) => {
    const { app, requestId } = requestContext.contextValue;
    app.log.error({ requestId, error: describeError(error) }, "an answer could not be made");
    return Promise.resolve();
  },
};
