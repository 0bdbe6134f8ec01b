import { createLog } from "../src/observability/log";
import { redisCommands } from "../src/observability/metrics";
import { type Redis, openRedis } from "../src/redis";
import { PATIENCE_MS } from "./support/patience";
import { type TestRedis, redisIsMissing, startRedis } from "./support/redis";
import { waitFor } from "./support/wait-for";

const missing = redisIsMissing();
if (missing !== undefined) console.info(`Skipped: ${missing}.`);
const withRedis = missing === undefined ? describe : describe.skip;

withRedis("the API's way to Redis", () => {
  let server: TestRedis;
  let redis: Redis;
  const others: Redis[] = [];
  const open = (deadlineMs: number): Redis => {
    const log = createLog("test", "silent");
    const opened = openRedis({ url: server.url, deadlineMs, log });
    others.push(opened);
    return opened;
  };
  beforeAll(async () => {
    server = (await startRedis()) as TestRedis;
    redis = open(PATIENCE_MS);
    await untilAnswered(redis);
  });
  afterAll(async () => {
    for (const opened of others) opened.close();
    await server.stop();
  });

  const untilAnswered = async (of: Redis): Promise<void> => {
    await waitFor("an answer of Redis", async () => (await of.ask("PING")) !== undefined);
  };

  test("gives back the bytes it was given, and null for what is not there", async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    expect(await redis.ask("SET", "bytes", bytes, "PX", 60_000)).toEqual(Buffer.from("OK"));
    expect(await redis.ask("GET", "bytes")).toEqual(bytes);
    expect(await redis.ask("GET", "nothing")).toBeNull();
    expect(await redis.ask("INCR", "count")).toBe(1);
  });

  test("a refusal is no answer, and no reason to stop asking", async () => {
    await redis.ask("LPUSH", "list", "1");
    for (let time = 0; time < 10; time += 1) expect(await redis.ask("GET", "list")).toBeUndefined();
    expect(await redis.ask("PING")).toEqual(Buffer.from("PONG"));
  });

  test("frozen, it is not asked any more after some late answers, and is asked again when it answers", async () => {
    const hasty = open(20);
    await untilAnswered(hasty);
    server.freeze();
    try {
      for (let time = 0; time < 20; time += 1) expect(await hasty.ask("PING")).toBeUndefined();
      const before = await notAsked();
      for (let time = 0; time < 50; time += 1) expect(await hasty.ask("PING")).toBeUndefined();
      expect((await notAsked()) - before).toBe(50);
    } finally {
      server.thaw();
    }
    await untilAnswered(hasty);
  });

  test("what was sent before Redis went is not sent again when it is back", async () => {
    const lost = open(PATIENCE_MS);
    await untilAnswered(lost);
    server.freeze();
    const sent = lost.ask("INCR", "sent");
    const port = server.port;
    await server.stop();
    // Its last answer may have come before its end.
    await sent;
    server = (await startRedis({ port })) as TestRedis;
    await untilAnswered(lost);
    expect(await lost.ask("GET", "sent")).toBeNull();
  });

  test("started with a dump, it holds what it held", async () => {
    await untilAnswered(redis);
    await redis.ask("SET", "kept", "here");
    const dump = await server.save();
    await server.stop();
    server = (await startRedis({ port: server.port, dump })) as TestRedis;
    await untilAnswered(redis);
    expect(await redis.ask("GET", "kept")).toEqual(Buffer.from("here"));
  });
});

async function notAsked(): Promise<number> {
  const { values } = await redisCommands.get();
  return values.find(({ labels }) => labels.outcome === "not_asked")?.value ?? 0;
}
