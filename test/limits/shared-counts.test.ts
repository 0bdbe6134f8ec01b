import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { z } from "zod";
import { type Limits, createLimits } from "../../src/limits/limits";
import { createLog } from "../../src/observability/log";
import { LIMIT_SETTINGS, limitConfig } from "../../src/limits/settings";
import { type Redis, openRedis } from "../../src/redis";
import { newArtefact } from "../support/artefacts";
import { PATIENCE_MS } from "../support/patience";
import { type TestRedis, startRedis } from "../support/redis";
import { waitFor } from "../support/wait-for";

const { limits: SETTINGS } = limitConfig(
  z.object(LIMIT_SETTINGS).parse({
    ONCEPAY_LIMIT_QUERY_COST: "key=100",
    ONCEPAY_LIMIT_ENDPOINTS: "hourly=4",
  }),
);
const SPENDER = { key: "key_a", tenant: "mer_a", address: "192.0.2.1" };

const log = createLog("test", "debug", newArtefact("shared-counts"));
const opened: (Limits | Redis)[] = [];
/** As another process has it. */
function limits(url?: string, deadlineMs = PATIENCE_MS): Limits {
  const redis = url === undefined ? undefined : openRedis({ url, deadlineMs, log });
  const made = createLimits({
    settings: SETTINGS,
    redis,
    findStatuses: () => Promise.resolve([]),
  });
  opened.push(made, ...(redis ? [redis] : []));
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

  test("what many have spent is heard of each", async () => {
    if (!redis) return;
    const [one, other] = [limits(redis.url), limits(redis.url)];
    const merchants = Array.from({ length: 450 }, (_, n) => `mer_${String(n)}`);
    const untilTold = (by: Limits, count: number) =>
      waitFor("all of them to be told", async () => {
        await by.exchange();
        const told = await countsOf(redis?.url ?? "", "mer_*");
        return told.filter((each) => each === count).length === merchants.length;
      });
    for (const merchant of merchants) {
      for (let time = 0; time < 3; time += 1) one.spendEndpoint(merchant);
    }
    await untilTold(one, 3);
    for (const merchant of merchants) other.spendEndpoint(merchant);
    await untilTold(other, 4);
    for (const merchant of merchants) {
      expect(() => {
        other.spendEndpoint(merchant);
      }).toThrow(expect.objectContaining({ code: "RATE_LIMITED" }));
    }
  });
});

test("what could not be told is told when there is a Redis again", async () => {
  const first = await startRedis();
  if (!first) return;
  const one = limits(first.url);
  one.spendEndpoint("mer_before");
  await waitFor("the first to be told", async () => {
    await one.exchange();
    return (await countsOf(first.url, "mer_before")).length === 1;
  });
  await first.stop();
  one.spendEndpoint("mer_meanwhile");
  await one.exchange();
  const again = await startRedis({ port: first.port });
  try {
    await waitFor("what was not told", async () => {
      await one.exchange();
      return (await countsOf(first.url, "mer_meanwhile"))[0] === 1;
    });
  } finally {
    await again?.stop();
  }
});

/** What Redis has of endpoints, by whom they were created. */
async function countsOf(url: string, who: string): Promise<number[]> {
  const redis = openRedis({ url, deadlineMs: PATIENCE_MS, log });
  try {
    await waitFor("Redis", async () => (await redis.ask("PING")) !== undefined);
    const names = (await redis.ask("KEYS", `oncepay:limits:{endpoints*:${who}:*`)) as Buffer[];
    const counts = names.length > 0 ? await redis.ask("MGET", ...names) : [];
    return (counts as Buffer[]).map(Number);
  } finally {
    redis.close();
  }
}

test("a Redis that never answers delays nobody, refuses nobody, and each process counts for itself", async () => {
  const sockets: Socket[] = [];
  const silent: Server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  try {
    const alone = limits(`redis://127.0.0.1:${String(port)}`, 10);
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
  const alone = limits();
  for (let index = 0; index < 4; index += 1) alone.spendEndpoint("mer_a");
  expect(() => {
    alone.spendEndpoint("mer_a");
  }).toThrow(expect.objectContaining({ code: "RATE_LIMITED" }));
  alone.spendEndpoint("mer_b");
});

test("as many requests of one key at the same time as it may have", () => {
  const alone = limits();
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
