import { parseRedis } from "../../src/redis-places";
import { ROLES, type RunningWorker, startWorker } from "../../workers/worker";
import { type TestApp, startTestApp } from "../support/app";
import { payThroughOutage } from "../support/outage";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { redisIsMissing } from "../support/redis";
import { type TestRedisCluster, startRedisCluster } from "../support/redis-cluster";

const NOT_HERE = redisIsMissing();
const withRedis = NOT_HERE === undefined ? describe : describe.skip;
if (NOT_HERE !== undefined) console.info(`Skipped: the queue on a Redis Cluster (${NOT_HERE}).`);

withRedis("the queue on a Redis Cluster", () => {
  let cluster: TestRedisCluster;
  let t: TestApp;
  let receiver: TestReceiver;
  let worker: RunningWorker;
  beforeAll(async () => {
    cluster = await startRedisCluster();
    t = await startTestApp({
      REDIS_URL: cluster.url,
      ONCEPAY_QUEUE_PREFIX: "shop",
      ONCEPAY_SWEEP_MS: "50",
    });
    receiver = await startReceiver();
    worker = await startWorker(t.app, ROLES);
  });
  afterAll(async () => {
    await worker.stop();
    await receiver.close();
    await t.stop();
    await cluster.stop();
  });

  it.each(["run-attempts", "deliver-webhooks"])(
    "makes every payment once and delivers every webhook when the node with %s is wiped",
    async (queue) => {
      await payThroughOutage(
        { t, receiver },
        {
          begin: async () => {
            const wiped = await cluster.wipeNodeOf(`{shop-${queue}}:${queue}:wait`);
            return { over: () => wiped.comeBack() };
          },
        },
      );
    },
  );
});

describe("an address", () => {
  const a = { host: "a", port: 6_379 };
  const b = { host: "b", port: 7_000 };
  it.each([
    ["redis://a", "one", [a], { ...a }],
    ["redis://:p%40@a/3", "one", [a], { ...a, password: "p@", db: 3 }],
    ["redis+cluster://u:p@a,b:7000", "cluster", [a, b], { username: "u", password: "p" }],
    ["rediss://u:p@a,rediss://u:p@b:7000", "cluster", [a, b], { username: "u", tls: {} }],
    ["redis+cluster://a", "cluster", [a], {}],
    ["redis+sentinel://a,b:7000/main", "sentinel", [{ ...a, port: 26_379 }, b], { name: "main" }],
  ])("%s", (text, kind, nodes, options) => {
    expect(parseRedis(text)).toMatchObject({ kind, nodes, options });
  });

  it.each(["http://a", "redis://", "redis+sentinel://a:1", "redis://a:x", "redis://a/name", "a,b"])(
    "is not %s",
    (text) => {
      expect(parseRedis(text)).toBeUndefined();
    },
  );
});
