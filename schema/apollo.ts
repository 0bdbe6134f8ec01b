import { ApolloServer, type GraphQLRequest, type GraphQLResponse, HeaderMap } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import type { GraphQLSchema } from "graphql";
import type { App } from "../src/app";
import { answerPlugin } from "./answer-plugin";
import type { Context } from "./context";
import { createExecutor } from "./execution/execute-compiled";
import { ERRORS_MAX, TOKENS_MAX, refuseGreedy } from "./limits";
import type { AskedDocument } from "./request-body";
import { resolveInTurns } from "./take-turns";

/*
 * Apollo parses, validates and executes. It is given operations and not HTTP requests: what it would do with those is
 * done already. Fastify has read a body only if it calls itself application/json, which no page of another origin can
 * send unasked; a GET had to show that it is no simple request (csrf.ts); and http.ts has checked it and what the caller
 * accepts. Doing it twice cost a twentieth of a create.
 */
export function createApollo(app: App, schema: GraphQLSchema): ApolloServer<Context> {
  return new ApolloServer<Context>({
    schema,
    fieldResolver: resolveInTurns,
    // Whose, is decided for each request.
    introspection: app.config.introspection !== "off",
    hideSchemaDetailsFromClientErrors: app.config.introspection === "off",
    includeStacktraceInErrorResponses: false,
    persistedQueries: { cache: TEXTS },
    stopOnTerminationSignals: false,
    logger: app.log,
    parseOptions: { maxTokens: TOKENS_MAX },
    validationOptions: { maxErrors: ERRORS_MAX },
    executionOptions: { maxCoercionErrors: 5 },
    validationRules: [refuseGreedy],
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      answerPlugin(
        app.config.compiledExecution ? createExecutor(schema, resolveInTurns) : undefined,
      ),
    ],
  });
}

export interface Operation extends AskedDocument {
  readonly query: string;
}

/*
 * Apollo finds a document that it has parsed before by a SHA-256 of its text, which it takes of every request anew, and
 * which takes longer than all the rest of finding it. It takes none of a persisted query, whose hash the client says.
 * So each text goes by its own name: Apollo asks this store for the text that is called so.
 */
const PREFIX = "apq:";
const TEXTS = {
  get: (name: string) => Promise.resolve(name.slice(PREFIX.length)),
  set: () => Promise.resolve(),
  delete: () => Promise.resolve(true),
};

type HttpRequest = NonNullable<GraphQLRequest["http"]>;

// From Accept it would read how answers are sent in parts, of which there are none here.
function httpOf(method: HttpRequest["method"]): HttpRequest {
  return { method, headers: new HeaderMap([["accept", ""]]), search: "", body: null };
}

const POST = httpOf("POST");
// By which it executes nothing but queries.
const GET = httpOf("GET");

/** All that Apollo reads of a request, whether it is there or not: what it copies then has one shape. */
type Asked = { [Name in keyof GraphQLRequest]-?: GraphQLRequest[Name] | undefined };

/** Never throws for what is wrong with the operation: that is in its answer. */
export function executeOperation(
  apollo: ApolloServer<Context>,
  contextValue: Context,
  { method, operation }: { readonly method: string; readonly operation: Operation },
): Promise<GraphQLResponse> {
  const { query, operationName, variables } = operation;
  const request: Asked = {
    http: method === "POST" ? POST : GET,
    extensions: { persistedQuery: { version: 1, sha256Hash: query } },
    operationName: operationName ?? undefined,
    variables: variables ?? undefined,
    query: undefined,
  };
  return apollo.executeOperation(request as GraphQLRequest, { contextValue });
}
