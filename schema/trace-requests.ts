import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Span, isTracing, readTraceparent, startSpan } from "../src/observability/tracing";

/*
 * A span for each request, a part of its caller's trace if there is one. It is called what the request asks for, as the
 * metrics have it, and so by nothing that the caller made up.
 *
 * Cost while nothing is traced: none, the hook is not there.
 */

declare module "fastify" {
  interface FastifyRequest {
    span: Span | null;
  }
}

export function traceRequests(fastify: FastifyInstance): void {
  fastify.decorateRequest("span", null);
  if (!isTracing()) return;
  fastify.addHook("onRequest", (request: FastifyRequest, reply: FastifyReply, done) => {
    const span = startSpan({
      name: request.method,
      kind: "server",
      parent: readTraceparent(request.headers.traceparent),
      attributes: { "http.request.method": request.method, "oncepay.request.id": request.id },
    });
    request.span = span ?? null;
    // Also when the caller has gone before it was answered.
    reply.raw.once("close", () => {
      if (span) end(span, request, reply);
    });
    done();
  });
}

function end(span: Span, { method, answered }: FastifyRequest, reply: FastifyReply): void {
  const { statusCode } = reply;
  if (!answered) {
    span.end({
      attributes: { "http.response.status_code": statusCode },
      failed: reply.raw.writableFinished ? undefined : "ABORTED",
    });
    return;
  }
  const { operation, code } = answered;
  span.rename(`${method} ${operation}`);
  span.end({
    attributes: {
      "http.response.status_code": statusCode,
      "oncepay.operation": operation,
      "oncepay.code": code,
    },
    // What a caller did wrong is no error of ours.
    failed: code === "INTERNAL" || code === "UNAVAILABLE" ? code : undefined,
  });
}
