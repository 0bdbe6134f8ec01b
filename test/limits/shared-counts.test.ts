import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { type Limits, createLimits } from "../../src/limits/limits";
import {
  BAD_KEYS,
  CONCURRENCY,
  CONFIRMS,
  ENDPOINTS,
  type LimitSettings,
  MUTATIONS,
  QUERY_COST,
} from "../../src/limits/settings";
import { type TestRedis, startRedis } from "../support/redis";
import { waitFor } from "../support/wait-for";

const SETTINGS: LimitSettings = {
  queryCost: QUERY_COST.parse("key=100"),
  mutations: MUTATIONS.parse(undefined),
  concurrency: CONCURRENCY.parse(undefined),
  badKeys: BAD_KEYS.parse(undefined),
  endpoints: ENDPOINTS.parse("hourly=4"),
  confirms: CONFIRMS.parse(undefined),
};
const SPENDER = { key: "key_a", tenant: "mer_a", address: "192.0.2.1" };

const opened: Limits[] = [];
/** As another process has it. */
function limits(redisUrl: string): Limits {
  const made = createLimits({
    settings: SETTINGS,
    redisUrl,
    findStatuses: () => Promise.resolve([]),
  });
  opened.push(made);
  return made;
}
afterEach(() => {
  for (const made of opened.splice(0)) made.close();
});

const spend = (from: Limits, cost: number) => from.spend(SPENDER, { cost, mutation: undefined });

describe("with a Redis", () => {
  let redis: TestRedis | undefined;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  test("processes hear of what others have spent, and refuse what is too much for all of them", async () => {
    // Where there is no redis-server; CI has it.
    if (!redis) return;
    const [one, other] = [limits(redis.url), limits(redis.url)];
    spend(one, 60);
    spend(other, 1);
    await waitFor("the other to hear of it", async () => {
      await one.exchange();
      await other.exchange();
      return (spend(other, 1)?.remaining ?? 0) < 40;
    });
    spend(other, 60);
    expect(() => spend(other, 1)).toThrow(
      expect.objectContaining({ code: "RATE_LIMITED", details: expect.anything() }),
    );
    await waitFor("the first to hear of that", async () => {
      await other.exchange();
      try {
        spend(one, 1);
      } catch (error) {
        return (error as { code: string }).code === "RATE_LIMITED";
      }
      await one.exchange();
      return false;
    });
  });
});

test("a Redis that never answers delays nobody, refuses nobody, and each process counts for itself", async () => {
  const sockets: Socket[] = [];
  const silent: Server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  try {
    const alone = limits(`redis://127.0.0.1:${String(port)}`);
    // Not a promise: there is nothing that it could wait for.
    expect(spend(alone, 40)).toMatchObject({ remaining: 60 });
    await waitFor("the connection", () => sockets.length > 0);
    await alone.exchange();
    expect(spend(alone, 40)).toMatchObject({ remaining: 20 });
    spend(alone, 40);
    expect(() => spend(alone, 1)).toThrow(expect.objectContaining({ code: "RATE_LIMITED" }));
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  }
});

test("endpoints are counted by the hour", () => {
  const alone = limits("redis://127.0.0.1:1");
  for (let index = 0; index < 4; index += 1) alone.spendEndpoint("mer_a");
  expect(() => {
    alone.spendEndpoint("mer_a");
  }).toThrow(expect.objectContaining({ code: "RATE_LIMITED" }));
  alone.spendEndpoint("mer_b");
});

test("as many requests of one key at the same time as it may have", () => {
  const alone = limits("redis://127.0.0.1:1");
  const leave = Array.from({ length: 500 }, () => alone.inFlight.enter("key", "key_a"));
  expect(() => alone.inFlight.enter("key", "key_a")).toThrow(
    expect.objectContaining({
      code: "RATE_LIMITED",
      details: { policy: "concurrency-key", limit: 500 },
    }),
  );
  alone.inFlight.enter("key", "key_b");
  leave[0]?.();
  alone.inFlight.enter("key", "key_a");
});
