import { Client } from "pg";
import { createTestDatabase } from "../support/database";
import { startRedis } from "../support/redis";

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

test("gives each caller a migrated database of its own, with the queue's schema", async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await query(one.url, "create table mine ()");
  expect(await query(two.url, "select to_regclass('mine')")).toEqual([null]);
  const schema =
    "select to_regclass('payment_intents') is not null, to_regnamespace('bullmq') is not null";
  expect(await query(two.url, schema)).toEqual([true, true]);
  await one.drop();
  await two.drop();
  await expect(query(one.url, "select 1")).rejects.toThrow("does not exist");
});

test("starts a private Redis where one is installed", async () => {
  const redis = await startRedis();
  if (redis === undefined) {
    console.info("Skipped: redis-server is not installed.");
    return;
  }
  expect(redis.url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  await redis.stop();
});
