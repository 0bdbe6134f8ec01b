import { type Program, runProcess } from "./process/run-process";
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import fastify, { type FastifyInstance } from "fastify";
import { serveGraphiql } from "../schema/graphiql";
import { serveGraphql } from "../schema/http";
import { type App, createApp } from "./app";
import { allowOrigins } from "./edge/allow-origins";
import { capConnections } from "./edge/cap-connections";
import { SECURITY_HEADERS } from "./edge/security-headers";
import { serveInternal } from "./edge/serve-internal";
import { describeError } from "./observability/describe-error";
import { sensitiveIn } from "./security/sensitive";
import { type Config, describeSettings, readConfig } from "./config";
import { serveProcessorWebhooks } from "./inbox/serve-processor-webhooks";
import { checkReplication } from "./db/check-replication";
import { checkKeyring } from "./key-rotation/check-keyring";
import { nameCell } from "./observability/name-cell";
import { observeProcess } from "./observability/observe-process";
import { observeReplica } from "./observability/observe-replica";
import { startTracing } from "./observability/open-telemetry";
import { type Readiness, databaseReadiness, readinessOf } from "./observability/ready";
import { httpUrl, listenOn } from "./process/listen";
import { serveCheckout } from "./web/serve-checkout";
import { serveConsole } from "./web/serve-console";
import { createAnnouncer } from "./live/announce-changes";

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
// Then a client connects anew, which is what spreads clients over the machines that came later.
const REQUESTS_PER_CONNECTION_MAX = 100_000;

export interface Server {
  readonly url: string;
  readonly port: number;
  /** Whether it can do its work, and what it lacks: for those who run it. */
  readonly readiness: () => Promise<Readiness>;
  /** Says "not ready", takes no new connections, lets requests finish for ten seconds at most. The app stays open. */
  close(): Promise<void>;
}

export async function startServer(
  app: App,
  options: { readonly host: string; readonly port: number; readonly portFallback?: boolean },
): Promise<Server> {
  const announcer = createAnnouncer(app.db);
  app.wakeRelay = announcer.wake;
  app.announce = announcer.changed;
  const server = fastify({
    logger: false,
    genReqId,
    trustProxy: app.config.trustProxy ?? false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxRequestsPerSocket: REQUESTS_PER_CONNECTION_MAX,
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECKED_MS,
    },
    // A request that still comes in on an open connection is answered like any other.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  const { connectionsMax, connectionsPerAddressMax } = app.config;
  capConnections(server.server, { max: connectionsMax, perAddressMax: connectionsPerAddressMax });
  let draining = false;
  server.addHook("onRequest", (request, reply, done) => {
    void reply.headers(SECURITY_HEADERS).header("x-request-id", request.id);
    done();
  });
  server.addHook("onSend", (...[, reply, payload, done]) => {
    // Otherwise the connection would stay open for another request, and closing would wait for it.
    if (draining) void reply.header("connection", "close");
    done(null, payload);
  });
  if (app.log.isLevelEnabled("debug")) logRequests(server, app);
  await allowOrigins(server, app.config.corsOrigins);
  sayLittle(server, app);
  const readiness = (): Promise<Readiness> =>
    draining
      ? Promise.resolve(readinessOf(["it is stopping"]))
      : databaseReadiness(app.db, app.config);
  serveProbes(server, app.config.instanceId, readiness);
  serveGraphiql(server, app.config.graphiql);
  serveCheckout(server, app.config.demoShop);
  serveConsole(server, { isServed: app.config.console });
  await serveProcessorWebhooks(server, app);
  await serveGraphql(server, app);
  const port = await listenOn({ ...options, setting: "PORT" }, async (wanted) => {
    await server.listen({ host: options.host, port: wanted });
    return (server.server.address() as AddressInfo).port;
  });
  return {
    url: httpUrl(options.host, port),
    port,
    readiness,
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

/** For load balancers, which need to know whether and not why. The reasons are on the internal port. */
function serveProbes(
  server: FastifyInstance,
  instance: string,
  readiness: () => Promise<Readiness>,
): void {
  server.get("/health/live", () => ({ status: "live", instance }));
  server.get("/health/ready", async (_request, reply) => {
    const { status } = await readiness();
    return reply.code(status === "ready" ? 200 : 503).send({ status, instance });
  });
}

const REFUSALS: Readonly<Record<number, string>> = {
  413: "The body is too large.",
  414: "The address is too long.",
};

/** Fastify's own words repeat what was sent, and a bug's say what we are made of: neither leaves the process. */
function sayLittle(server: FastifyInstance, app: App): void {
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: "There is nothing here." }),
  );
  server.setErrorHandler((error, request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number };
    if (statusCode >= 400 && statusCode < 500) {
      const message = REFUSALS[statusCode] ?? "The request is malformed.";
      return reply.code(statusCode).send({ error: message });
    }
    app.log.error({ requestId: request.id, error: describeError(error) }, "a request failed");
    return reply.code(500).send({ error: "Internal error" });
  });
}

const API: Program<Config> = {
  name: "api",
  help: HELP,
  read: readConfig,
  start: async (config, unnamed) => {
    const log = nameCell(config.cell, unnamed);
    const stopTracing = await startTracing({ name: "api", log, config });
    const app = createApp(config, log, { name: "api" });
    observeProcess(app.db, app.tenantPool);
    observeReplica(app.replicaLists);
    await checkReplication(app);
    await checkKeyring(app);
    const server = await startServer(app, config);
    const internal = await serveInternal(
      { instance: config.instanceId, readiness: server.readiness },
      {
        host: config.internalHost,
        port: config.internalPort,
        setting: "ONCEPAY_INTERNAL_PORT",
        // Nobody in development relies on where it is.
        portFallback: config.portFallback || !config.isProduction,
      },
    );
    log.info({ url: internal.url }, "metrics and detailed health checks");
    return {
      ...server,
      internalPort: internal.port,
      stop: async () => {
        await server.close();
        await internal.close();
        await app.close();
        await stopTracing();
      },
    };
  },
};

if (require.main === module) runProcess(API);
