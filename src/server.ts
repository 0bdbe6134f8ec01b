import { type Program, runProcess } from "./process/run-process";
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import cors from "@fastify/cors";
import fastify, { type FastifyInstance } from "fastify";
import { serveGraphiql } from "../schema/graphiql";
import { serveGraphql } from "../schema/http";
import { type App, createApp } from "./app";
import { sensitiveIn } from "./security/sensitive";
import { type Config, describeSettings, readConfig } from "./config";
import { serveProcessorWebhooks } from "./inbox/serve-processor-webhooks";
import { registry } from "./observability/metrics";
import { observe } from "./observability/gauges";
import { databaseReadiness, readinessOf } from "./observability/ready";
import { httpUrl, listenOn } from "./process/listen";
import { createRelayWaker } from "./events/wake-relay";

const HELP = `Usage: node dist/src/server.js

The API process: answers GraphQL over HTTP, and never waits for a card network.

  --help    show this text

${describeSettings()}`;

// A request is small and comes from a backend or a browser: ten seconds to send it is a slow attack, not a slow line.
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_CHECKED_MS = 2_000;
// Above the 60 s after which the usual load balancers drop idle connections, so that they do it first.
const KEEP_ALIVE_MS = 65_000;
// No client is silent for this long in the middle of a request: statements end after 5 s.
const CONNECTION_TIMEOUT_MS = 60_000;
const DRAIN_MS = 10_000;

export interface Server {
  readonly url: string;
  readonly port: number;
  /** Says "not ready", takes no new connections, lets requests finish for ten seconds at most. The app stays open. */
  close(): Promise<void>;
}

export async function startServer(
  app: App,
  options: { readonly host: string; readonly port: number; readonly portFallback?: boolean },
): Promise<Server> {
  app.wakeRelay = createRelayWaker(app.db);
  const server = fastify({
    logger: false,
    genReqId,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECKED_MS,
    },
    // A request that still comes in on an open connection is answered like any other.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  let draining = false;
  server.addHook("onRequest", (request, reply, done) => {
    void reply.header("x-request-id", request.id);
    done();
  });
  server.addHook("onSend", async (_request, reply, payload) => {
    // Otherwise the connection would stay open for another request, and closing would wait for it.
    if (draining) void reply.header("connection", "close");
    return Promise.resolve(payload);
  });
  if (app.log.isLevelEnabled("debug")) logRequests(server, app);
  await allowOrigins(server, app.config.corsOrigins);
  serveProbes(server, app, () => draining);
  serveGraphiql(server);
  await serveProcessorWebhooks(server, app);
  await serveGraphql(server, app);
  const port = await listenOn({ ...options, setting: "PORT" }, async (wanted) => {
    await server.listen({ host: options.host, port: wanted });
    return (server.server.address() as AddressInfo).port;
  });
  return {
    url: httpUrl(options.host, port),
    port,
    close: async () => {
      draining = true;
      const timer = setTimeout(() => {
        server.server.closeAllConnections();
      }, DRAIN_MS);
      await server.close();
      clearTimeout(timer);
    },
  };
}

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The caller's own id for the request, if it is fit to appear in a log. */
function genReqId(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  const isSane =
    typeof given === "string" && REQUEST_ID.test(given) && sensitiveIn(given) === undefined;
  return isSane ? given : `req_${randomUUID()}`;
}

/** Frontend apps call from pages of other origins: with a publishable key, never with cookies. */
async function allowOrigins(server: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await server.register(cors, {
    origin: origins.includes("*") ? "*" : [...origins],
    methods: ["POST"],
    allowedHeaders: ["authorization", "content-type", "oncepay-client-secret", "oncepay-try"],
    exposedHeaders: ["retry-after", "x-request-id"],
    maxAge: 86_400,
  });
}

function logRequests(server: FastifyInstance, app: App): void {
  server.addHook("onResponse", (request, reply, done) => {
    app.log.debug(
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      "answered",
    );
    done();
  });
}

function serveProbes(server: FastifyInstance, app: App, isDraining: () => boolean): void {
  const instance = app.config.instanceId;
  server.get("/health/live", () => ({ status: "live", instance }));
  server.get("/health/ready", async (_request, reply) => {
    const ready = isDraining() ? readinessOf(["it is stopping"]) : await databaseReadiness(app.db);
    return reply.code(ready.status === "ready" ? 200 : 503).send({ ...ready, instance });
  });
  server.get("/metrics", async (_request, reply) =>
    reply.header("content-type", registry.contentType).send(await registry.metrics()),
  );
}

const API: Program<Config> = {
  name: "api",
  help: HELP,
  read: readConfig,
  start: async (config, log) => {
    const app = createApp(config, log, { name: "api" });
    observe(app.db);
    const server = await startServer(app, config);
    return {
      ...server,
      stop: async () => {
        await server.close();
        await app.close();
      },
    };
  },
};

if (require.main === module) runProcess(API);
