import { z } from "zod";
import { flag, port, wholeNumber } from "../process/settings";

/** The settings of the API's outer edge: who may connect, what strangers are told, what may be asked. */

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);

/** The earlier spelling of two of them is still understood. */
const INTROSPECTION = {
  public: "public",
  keys: "keys",
  off: "off",
  true: "public",
  false: "off",
} as const;

export const EDGE_SETTINGS = {
  ONCEPAY_INTERNAL_HOST: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("the address that the API's internal port listens on; never a public one"),
  ONCEPAY_INTERNAL_PORT: port
    .default(4002)
    .describe("the port of the API's metrics and detailed health checks"),
  ONCEPAY_CONNECTIONS_MAX: wholeNumber(1, 1_000_000)
    .default(10_000)
    .describe("how many connections an API process accepts at once"),
  ONCEPAY_ADDRESS_CONNECTIONS_MAX: wholeNumber(1, 1_000_000)
    .default(1_000)
    .describe("how many of them may come from one address; a proxy in front of the API is one"),
  ONCEPAY_CORS_ORIGINS: list
    .default([])
    .describe("the origins of web pages that may call the API, separated by commas; * allows all"),
  ONCEPAY_INTROSPECTION: z
    .enum(["public", "keys", "off", "true", "false"], "must be public, keys or off")
    .transform((text) => INTROSPECTION[text])
    .optional()
    .describe(
      "who may introspect the schema: everybody (public), API keys other than publishable ones (keys), or nobody (off); keys in production, otherwise public",
    ),
  ONCEPAY_GRAPHIQL: flag
    .optional()
    .describe(
      "whether GraphiQL is served, where the schema may be introspected; false in production, otherwise true",
    ),
  ONCEPAY_CONSOLE: flag
    .optional()
    .describe(
      "whether the operators' console is served at /console; false in production, otherwise true",
    ),
  ONCEPAY_DEMO_SECRET_KEY: z
    .string()
    .startsWith("sk_test_", "must be a secret key of a merchant in test mode")
    .optional()
    .describe("the key that the demo shop at /checkout makes payments with; never in production"),
  ONCEPAY_DEMO_PUBLISHABLE_KEY: z
    .string()
    .startsWith("pk_test_", "must be a publishable key of a merchant in test mode")
    .optional()
    .describe("the key that the demo shop's page pays with"),
  ONCEPAY_QUERY_TIME_MS: wholeNumber(1, 600_000, "milliseconds")
    .default(2_000)
    .describe("how long the resolvers of one request may take; a mutation's commit does not count"),
  ONCEPAY_COMPILED_EXECUTION: flag
    .default(true)
    .describe(
      "whether documents that come again are executed by what was compiled from them; false leaves all of them to graphql-js",
    ),
  ONCEPAY_SUBSCRIPTION_SECONDS: wholeNumber(1, 86_400, "seconds")
    .default(600)
    .describe("how long a subscription lasts before its client has to ask for it again"),
  ONCEPAY_TRUSTED_DOCUMENTS: list
    .default([])
    .describe("files of trusted GraphQL documents, separated by commas"),
  ONCEPAY_TRUSTED_DOCUMENTS_ONLY: z
    .enum(["nobody", "publishable", "everybody"], "must be nobody, publishable or everybody")
    .default("nobody")
    .describe("whose requests must be trusted documents: nobody's, publishable keys', everybody's"),
} as const;

type Settings = z.infer<z.ZodObject<typeof EDGE_SETTINGS>>;

export interface EdgeConfig {
  readonly internalHost: string;
  readonly internalPort: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly corsOrigins: readonly string[];
  readonly introspection: "public" | "keys" | "off";
  readonly graphiql: boolean;
  readonly console: boolean;
  /** Undefined in production, whatever is set. */
  readonly demoShop: { readonly secretKey: string; readonly publishableKey: string } | undefined;
  readonly queryTimeMs: number;
  readonly compiledExecution: boolean;
  readonly subscriptionSeconds: number;
  readonly trustedDocuments: readonly string[];
  readonly trustedDocumentsOnly: Settings["ONCEPAY_TRUSTED_DOCUMENTS_ONLY"];
}

/** What a developer wants to see, strangers need not. */
export function edgeConfig(settings: Settings, isProduction: boolean): EdgeConfig {
  const introspection = settings.ONCEPAY_INTROSPECTION ?? (isProduction ? "keys" : "public");
  return {
    internalHost: settings.ONCEPAY_INTERNAL_HOST,
    internalPort: settings.ONCEPAY_INTERNAL_PORT,
    connectionsMax: settings.ONCEPAY_CONNECTIONS_MAX,
    connectionsPerAddressMax: settings.ONCEPAY_ADDRESS_CONNECTIONS_MAX,
    corsOrigins: settings.ONCEPAY_CORS_ORIGINS,
    introspection,
    graphiql: (settings.ONCEPAY_GRAPHIQL ?? !isProduction) && introspection !== "off",
    console: settings.ONCEPAY_CONSOLE ?? !isProduction,
    demoShop: isProduction ? undefined : demoShop(settings),
    queryTimeMs: settings.ONCEPAY_QUERY_TIME_MS,
    compiledExecution: settings.ONCEPAY_COMPILED_EXECUTION,
    subscriptionSeconds: settings.ONCEPAY_SUBSCRIPTION_SECONDS,
    trustedDocuments: settings.ONCEPAY_TRUSTED_DOCUMENTS,
    trustedDocumentsOnly: settings.ONCEPAY_TRUSTED_DOCUMENTS_ONLY,
  };
}

function demoShop({
  ONCEPAY_DEMO_SECRET_KEY: secretKey,
  ONCEPAY_DEMO_PUBLISHABLE_KEY: publishableKey,
}: Settings): EdgeConfig["demoShop"] {
  return secretKey === undefined || publishableKey === undefined
    ? undefined
    : { secretKey, publishableKey };
}
