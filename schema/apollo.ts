import { ApolloServer, type GraphQLResponse, HeaderMap } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import type { App } from "../src/app";
import { Failure } from "../src/failures";
import { answerPlugin } from "./answer-plugin";
import { underBudget } from "./budget";
import type { Context } from "./context";
import { ERRORS_MAX, TOKENS_MAX, refuseGreedy } from "./limits";
import { buildSchema } from "./schema";
import { resolveInTurns } from "./take-turns";

/*
 * Apollo parses, validates and executes. It is given operations and not HTTP requests: what it would do with those is
 * done already. Fastify has read a body only if it calls itself application/json, which no page of another origin can
 * send unasked, and http.ts has checked it and what the caller accepts. Doing it twice cost a twentieth of a create.
 */
export function createApollo(app: App): ApolloServer<Context> {
  return new ApolloServer<Context>({
    schema: underBudget(buildSchema()),
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
      answerPlugin,
    ],
  });
}

export interface Operation {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
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

// It would read from Accept how answers are sent in parts, of which there are none here.
const NO_HTTP = {
  method: "POST",
  headers: new HeaderMap([["accept", ""]]),
  search: "",
  body: null,
};

/** Never throws for what is wrong with the operation: that is in its answer. */
export function executeOperation(
  apollo: ApolloServer<Context>,
  contextValue: Context,
  { query, operationName, variables, extensions }: Operation,
): Promise<GraphQLResponse> {
  // In the words of Apollo's that clients who try it know, and fall back.
  if (extensions?.["persistedQuery"]) {
    throw new Failure("BAD_USER_INPUT", "PersistedQueryNotSupported");
  }
  return apollo.executeOperation(
    {
      http: NO_HTTP,
      extensions: { persistedQuery: { version: 1, sha256Hash: query } },
      ...(typeof operationName === "string" && { operationName }),
      ...(variables && { variables }),
    },
    { contextValue },
  );
}
