import cors from "@fastify/cors";
import type { FastifyInstance } from "fastify";

/** What of ours a page sends. */
const OURS = ["authorization", "content-type", "oncepay-client-secret", "oncepay-try"];

/*
 * What the clients that frontends already use add to every request by themselves, or when they are told to trace it. A
 * browser refuses the whole request over a single header that is not named here. None of them decides anything; the
 * request's id is shown in the answer and written to logs where it is sane.
 */
const FROM_CLIENTS = [
  "apollographql-client-name",
  "apollographql-client-version",
  "apollo-require-preflight",
  "x-apollo-operation-name",
  "x-request-id",
  // W3C's trace context, Sentry and Datadog.
  "traceparent",
  "tracestate",
  "baggage",
  "sentry-trace",
  "x-datadog-origin",
  "x-datadog-parent-id",
  "x-datadog-sampling-priority",
  "x-datadog-tags",
  "x-datadog-trace-id",
];

const SHOWN = ["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"];

/** Frontend apps call from pages of other origins: with a publishable key, never with cookies. */
export async function allowOrigins(
  server: FastifyInstance,
  origins: readonly string[],
): Promise<void> {
  if (origins.length === 0) return;
  await server.register(cors, {
    origin: origins.includes("*") ? "*" : [...origins],
    methods: ["GET", "POST"],
    allowedHeaders: [...OURS, ...FROM_CLIENTS],
    exposedHeaders: SHOWN,
    maxAge: 86_400,
  });
}
