import { Redis } from "ioredis";
import type { App } from "../src/app";
import { serveInternal } from "../src/edge/serve-internal";
import { type Readiness, databaseReadiness, readinessOf, within } from "../src/observability/ready";

export interface Health {
  readonly url: string;
  readonly port: number;
  /** What the worker needs and currently lacks. */
  missing(): Promise<readonly string[]>;
  /** From now on it is ready when nothing is missing. */
  working(): void;
  drain(): void;
  close(): Promise<void>;
}

/** The worker's probes and metrics, on a port of their own. */
export async function serveHealth(
  app: App,
  options: {
    readonly host: string;
    readonly metricsPort: number;
    readonly portFallback?: boolean;
  },
): Promise<Health> {
  const redis = app.config.redisUrl === undefined ? undefined : watchRedis(app.config.redisUrl);
  let phase: "starting" | "working" | "stopping" = "starting";
  const needs = async (): Promise<Readiness> => {
    const [database, queue] = await Promise.all([
      databaseReadiness(app.db, app.config),
      redis?.answers(),
    ]);
    const away = queue === false ? ["Redis does not answer"] : [];
    return readinessOf([...database.missing, ...away], database.notes);
  };
  const readiness = async (): Promise<Readiness> => {
    if (phase === "stopping") return readinessOf(["it is stopping"]);
    const { missing, notes } = await needs();
    const isIdle = phase === "starting" && missing.length === 0;
    return readinessOf(isIdle ? ["it has not begun yet"] : missing, notes);
  };
  const { host, metricsPort, portFallback = false } = options;
  const setting = "ONCEPAY_METRICS_PORT";
  const server = await serveInternal(
    { instance: app.config.instanceId, readiness },
    { host, port: metricsPort, setting, portFallback },
  );
  return {
    url: server.url,
    port: server.port,
    missing: async () => (await needs()).missing,
    working: () => {
      phase = "working";
    },
    drain: () => {
      phase = "stopping";
    },
    close: () => {
      redis?.close();
      return server.close();
    },
  };
}

const REDIS_WITHIN_MS = 1_000;

/** A connection of its own: BullMQ's connections wait for Redis to come back, and so never report that it is away. */
function watchRedis(url: string): { answers(): Promise<boolean>; close(): void } {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: REDIS_WITHIN_MS,
    retryStrategy: () => REDIS_WITHIN_MS / 2,
  });
  // Shown by the probe.
  redis.on("error", () => undefined);
  return {
    answers: () =>
      within(
        REDIS_WITHIN_MS,
        redis.ping().then(
          () => true,
          () => false,
        ),
        false,
      ),
    close: () => {
      redis.disconnect();
    },
  };
}
