import { spawnSync } from "node:child_process";
import { type TestRedis, redisIsMissing, startRedis } from "../support/redis";
import { metric } from "../attack/witness";
import { QUEUE_NAMES } from "../../src/db/queue-schema";
import type { Drill } from "./drill";
import { until } from "./scene";

const QUEUES = [...QUEUE_NAMES, "any"];
// More than the alert takes for a passing trouble, of one queue.
const ERRORS = 12;

let redis: TestRedis | undefined;

/** The queue is in Redis, and Redis ends without having kept anything. */
export const redisAway: Drill = {
  name: "redis-away",
  what: "The queue is in Redis, which ends and has kept nothing.",
  alert: "OncepayQueueErrors",
  mends: true,
  skip: redisIsMissing,
  prepare: async () => {
    const started = await startRedis();
    if (!started) throw new Error("there is no redis-server");
    redis = started;
    return { env: { REDIS_URL: started.url }, close: () => started.stop() };
  },
  breaks: async (scene) => {
    const { workers, logDirectory } = scene.installation;
    const { port = 0, url = "" } = redis ?? {};
    await redis?.stop();
    scene.later(() => {
      spawnSync("redis-cli", ["-u", url, "shutdown", "nosave"]);
      return Promise.resolve();
    });
    await scene.pay(5);
    const errorsOf = (queue: string): Promise<number> =>
      metric(workers, "oncepay_queue_errors_total", { queue, reason: "other" });
    await until("a queue was in trouble", async () => {
      const errors = await Promise.all(QUEUES.map(errorsOf));
      return Math.max(...errors) > ERRORS;
    });
    const where = `--port ${String(port)} --bind 127.0.0.1 --dir ${logDirectory}`;
    return { REDIS_START: `redis-server ${where} --save "" --daemonize yes` };
  },
};
