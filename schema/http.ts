import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { App } from "../src/app";
import { Failure } from "../src/failures";
import { type Authenticator, createAuthenticator } from "../src/merchants/authenticate";
import { clientTries, httpRequests } from "../src/observability/metrics";
import { answerPlugin, httpStatus, logAndShow } from "./answer-plugin";
import { noteStranger, noteUse } from "./audit";
import { type Context, createContext, unauthenticated } from "./context";
import { presentError, retryAfterSeconds } from "./failures";
import { identify } from "./identify";
import {
  TOKENS_MAX,
  limitAliases,
  limitDepth,
  limitMutationFields,
  limitRootFields,
} from "./limits";
import { chooseMediaType } from "./media-type";
import { presentedKey, secretIn } from "./presented-key";
import { buildSchema } from "./schema";

declare module "fastify" {
  interface FastifyRequest {
    graphql: Context | null;
  }
}

export const BODY_BYTES_MAX = 256 * 1_024;

function createApollo(app: App): ApolloServer<Context> {
  return new ApolloServer<Context>({
    schema: buildSchema(),
    introspection: app.config.introspection,
    hideSchemaDetailsFromClientErrors: !app.config.introspection,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    stopOnTerminationSignals: false,
    logger: app.log,
    parseOptions: { maxTokens: TOKENS_MAX },
    validationOptions: { maxErrors: 5 },
    executionOptions: { maxCoercionErrors: 5 },
    validationRules: [limitDepth, limitAliases, limitRootFields, limitMutationFields],
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      answerPlugin,
    ],
  });
}

/** POST /graphql. What is not a GraphQL request at all is refused before Apollo sees it. */
export async function serveGraphql(fastify: FastifyInstance, app: App): Promise<void> {
  const apollo = createApollo(app);
  await apollo.start();
  fastify.addHook("onClose", () => apollo.stop());
  const authenticator = createAuthenticator(app.db);
  fastify.addHook("onClose", () => authenticator.close());
  const execute = fastifyApolloHandler(apollo, {
    context: (request) => Promise.resolve(contextOf(request)),
  });

  await fastify.register((scope, _options, done) => {
    scope.removeContentTypeParser("text/plain");
    scope.decorateRequest("graphql", null);
    scope.setErrorHandler((error, request, reply) => sendError(app, error, { request, reply }));
    scope.route<{ Reply: string }>({
      method: "POST",
      url: "/graphql",
      bodyLimit: BODY_BYTES_MAX,
      preHandler: async (request) => {
        request.graphql = await prepare(app, authenticator, request);
      },
      handler: async (request, reply) => {
        const answer = await execute.call(scope, request, reply);
        // When something fails that Apollo does not expect, it answers in its own words.
        if (!contextOf(request).progress.answered) throw new Error("there is no answer");
        return answer;
      },
    });
    done();
  });
}

function contextOf(request: FastifyRequest): Context {
  if (!request.graphql) throw new Error("the request was not prepared");
  return request.graphql;
}

async function prepare(
  app: App,
  authenticator: Authenticator,
  request: FastifyRequest,
): Promise<Context> {
  checkBody(request.body);
  const mediaType = chooseMediaType(request.headers.accept);
  if (!mediaType) {
    throw new MalformedRequest(
      406,
      "Answers are available only as application/json or application/graphql-response+json.",
    );
  }
  countTry(onlyText(request.headers["oncepay-try"]));
  const context = await createContext(app, identify(app.db, authenticator, request), {
    requestId: request.id,
    address: request.ip,
    mediaType,
    authorization: request.headers.authorization,
    clientSecret: onlyText(request.headers["oncepay-client-secret"]),
  });
  noteUse(context);
  // Otherwise the errors of a query would tell strangers what is in the schema.
  if (!app.config.introspection && !context.caller) throw unauthenticated();
  return context;
}

const TRIES_COUNTED_MAX = 10;

/** Which try of its call a request is, as the client says: how much of the load is retries. */
function countTry(header: string | undefined): void {
  const tries = Number(header);
  if (!Number.isInteger(tries) || tries < 1) return;
  clientTries.inc({ attempt: tries > TRIES_COUNTED_MAX ? "more" : String(tries) });
}

function onlyText(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : undefined;
}

/** Not a GraphQL request: it gets its HTTP status whatever it accepts. */
class MalformedRequest extends Failure {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super("BAD_USER_INPUT", message);
  }
}

function checkBody(body: unknown): void {
  if (!isObject(body)) throw new MalformedRequest(400, "The body must be a JSON object.");
  if (typeof body.query !== "string" || body.query === "") {
    throw new MalformedRequest(400, "`query` must be a string that contains a GraphQL document.");
  }
  for (const name of ["variables", "extensions"] as const) {
    const value = body[name];
    if (value !== undefined && value !== null && !isObject(value)) {
      throw new MalformedRequest(400, `\`${name}\` must be an object.`);
    }
  }
  const { operationName } = body;
  if (operationName !== undefined && operationName !== null && typeof operationName !== "string") {
    throw new MalformedRequest(400, "`operationName` must be a string.");
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const MESSAGES: Readonly<Record<number, string>> = {
  413: `The body is larger than ${String(BODY_BYTES_MAX / 1_024)} KiB.`,
  415: "The content type must be application/json.",
};

function readError(error: unknown): { status: number | undefined; failure: unknown } {
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status !== "number" || status < 400 || status > 499) {
    return { status: undefined, failure: error };
  }
  if (error instanceof MalformedRequest) return { status, failure: error };
  // Fastify's own refusals; the message of a JSON error would repeat what was sent.
  const message = MESSAGES[status] ?? "The body is not valid JSON.";
  return { status, failure: new Failure("BAD_USER_INPUT", message) };
}

async function sendError(
  app: App,
  error: unknown,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<FastifyReply> {
  const { status, failure } = readError(error);
  // Nothing was executed yet: errors of an execution are in Apollo's answer.
  const failed = { requestId: request.id, mutated: false };
  const shown = logAndShow({ app, requestId: request.id }, presentError(failure, failed));
  const mediaType = chooseMediaType(request.headers.accept) ?? "application/json";
  const presented = presentedKey(secretIn(request.headers.authorization));
  noteStranger(app, { presented, address: request.ip, requestId: request.id }, shown);
  const wait = retryAfterSeconds([shown]);
  httpRequests.inc({ code: shown.extensions.code });
  if (wait !== undefined) void reply.header("retry-after", String(wait));
  return reply
    .code(status ?? httpStatus(mediaType, [shown]))
    .header("content-type", `${mediaType}; charset=utf-8`)
    .send(JSON.stringify({ errors: [shown] }));
}
