import type { ApolloServer } from "@apollo/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { App } from "../src/app";
import { Failure } from "../src/failures";
import { createAuthenticator } from "../src/merchants/authenticate";
import { clientTries, httpRequests, tryLabel } from "../src/observability/metrics";
import { httpStatus, logAndShow } from "./answer-plugin";
import { type Operation, createApollo, executeOperation } from "./apollo";
import { noteStranger, noteUse } from "./audit";
import { ANSWER_BYTES_MAX, tooLarge, underBudget } from "./budget";
import { type Door, consoleDoor, serveSessions } from "./console";
import { type Context, createContext, unauthenticated } from "./context";
import { refuseSimple } from "./csrf";
import { presentError, retryAfterSeconds } from "./failures";
import { graphiqlPage } from "./graphiql";
import { identify } from "./identify";
import { createLimitedRequests, limitedOf } from "./limited";
import { countKeyedMutations, measureRequests } from "./measure-requests";
import { mediaTypeOf } from "./media-type";
import { presentedKey, secretIn } from "./presented-key";
import { MalformedRequest, asksByHash, readAddress, readBody } from "./request-body";
import { PersistedQueryNotSupported, sendNotSupported } from "./persisted-queries";
import { buildSchema } from "./schema";
import { createSubscriptions } from "./subscriptions/serve";
import { traceRequests } from "./trace-requests";
import { type TrustedDocuments, loadTrustedDocuments } from "./trusted-documents";

declare module "fastify" {
  interface FastifyRequest {
    graphql: Context | null;
  }
}

export const BODY_BYTES_MAX = 256 * 1_024;

/** POST /graphql, and GET for queries. What is not a GraphQL request at all is refused before Apollo sees it. */
export async function serveGraphql(fastify: FastifyInstance, app: App): Promise<void> {
  const schema = underBudget(buildSchema());
  const apollo = createApollo(app, schema);
  await apollo.start();
  fastify.addHook("onClose", () => apollo.stop());
  const authenticator = createAuthenticator(app.db);
  fastify.addHook("onClose", () => authenticator.close());
  const limited = createLimitedRequests(app);
  const trusted = loadTrustedDocuments(app.config);
  const subscriptions = createSubscriptions(app, authenticator, schema);
  // Closing waits for every connection.
  fastify.addHook("preClose", (done) => {
    subscriptions.drain();
    done();
  });

  countKeyedMutations(schema);
  await fastify.register((scope, _options, done) => {
    measureRequests(scope);
    traceRequests(scope);
    scope.removeContentTypeParser("text/plain");
    scope.decorateRequest("graphql", null);
    // A page is none of the requests that are limited.
    scope.addHook("onRequest", graphiqlPage(app.config.graphiql));
    limited.addHooks(scope);
    scope.setErrorHandler((error, request, reply) => sendError(app, error, { request, reply }));
    serveSessions(scope, app, authenticator);
    const doors: Door[] = [
      { url: "/graphql", method: ["GET", "POST"], streams: true, admit: () => authenticator },
      ...consoleDoor(app),
    ];
    for (const { url, method, streams, admit } of doors) {
      scope.route<{ Reply: string }>({
        method,
        url,
        bodyLimit: BODY_BYTES_MAX,
        preHandler: async (request) => {
          const gate = { authenticator: admit(request), trusted };
          request.graphql = await prepare(app, gate, request);
        },
        handler: (request, reply) =>
          limited.whileExecuting(request, () => {
            const context = contextOf(request);
            const streaming = streams && subscriptions.serve(request, { reply, context });
            return streaming ? streaming.then(() => "") : execute(apollo, request, reply);
          }),
      });
    }
    done();
  });
}

async function execute(
  apollo: ApolloServer<Context>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<string> {
  const context = contextOf(request);
  const { http, body } = await executeOperation(apollo, context, {
    method: request.method,
    operation: request.body as Operation,
  });
  // When something fails that Apollo does not expect, it answers in its own words.
  if (!context.progress.answered || body.kind !== "single") {
    throw new Error("there is no answer");
  }
  request.answered = context.progress.measured ?? null;
  const { errors, data, extensions } = body.singleResult;
  const answer = `${JSON.stringify({ errors, data, extensions })}\n`;
  // The budget counts all but errors and the names of types; this is what was really written.
  const isTooLarge = Buffer.byteLength(answer) > ANSWER_BYTES_MAX;
  if (isTooLarge && !context.progress.mutated) throw tooLarge();
  for (const [name, value] of http.headers) void reply.header(name, value);
  void reply.code(http.status ?? 200);
  return answer;
}

function contextOf(request: FastifyRequest): Context {
  if (!request.graphql) throw new Error("the request was not prepared");
  return request.graphql;
}

interface Gate {
  readonly authenticator: ReturnType<Door["admit"]>;
  readonly trusted: TrustedDocuments;
}

async function prepare(
  app: App,
  { authenticator, trusted }: Gate,
  request: FastifyRequest,
): Promise<Context> {
  const isGet = request.method !== "POST";
  if (isGet) refuseSimple(request.headers);
  const body = isGet ? readAddress(request.url) : readBody(request.body);
  const mediaType = mediaTypeOf(request.headers.accept);
  if (!mediaType) {
    throw new MalformedRequest(
      406,
      "Answers are available only as application/json or application/graphql-response+json.",
    );
  }
  countTry(onlyText(request.headers["oncepay-try"]));
  const context = await createContext(app, identify(app.db, authenticator, request), {
    requestId: request.id,
    traceparent: request.span?.traceparent,
    address: request.ip,
    mediaType,
    authorization: request.headers.authorization,
    clientSecret: onlyText(request.headers["oncepay-client-secret"]),
    limited: limitedOf(request),
  });
  noteUse(context);
  // Otherwise the errors of a query would tell strangers what is in the schema.
  if (app.config.introspection !== "public" && !context.caller) throw unauthenticated();
  if (asksByHash(body)) throw new PersistedQueryNotSupported();
  const query = trusted.textOf(body, context.caller);
  request.body = { ...body, query } satisfies Operation;
  return context;
}

/** Which try of its call a request is, as the client says: how much of the load is retries. */
function countTry(header: string | undefined): void {
  const tries = Number(header);
  if (!Number.isInteger(tries) || tries < 1) return;
  clientTries.inc({ attempt: tryLabel(tries) });
}

function onlyText(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : undefined;
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
  if (error instanceof PersistedQueryNotSupported) return sendNotSupported(request, reply);
  const { status, failure } = readError(error);
  // Nothing was executed yet: errors of an execution are in Apollo's answer.
  const failed = { requestId: request.id, mutated: false };
  const shown = logAndShow({ app, requestId: request.id }, presentError(failure, failed));
  const mediaType = mediaTypeOf(request.headers.accept) ?? "application/json";
  const presented = presentedKey(secretIn(request.headers.authorization));
  noteStranger(app, { presented, address: request.ip, requestId: request.id }, shown);
  const wait = retryAfterSeconds([shown]);
  const { code } = shown.extensions;
  httpRequests.inc({ code });
  request.answered = { operation: request.answered?.operation ?? "none", code };
  if (wait !== undefined) void reply.header("retry-after", String(wait));
  return reply
    .code(status ?? httpStatus(mediaType, [shown]))
    .header("content-type", `${mediaType}; charset=utf-8`)
    .send(JSON.stringify({ errors: [shown] }));
}
