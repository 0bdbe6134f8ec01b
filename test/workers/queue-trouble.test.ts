import type { AddressedDelivery } from "../../src/webhooks/delivery";
import { readConfig } from "../../src/config";
import { migrate } from "../../src/db/migrate";
import { queueErrors } from "../../src/observability/metrics";
import { createLog } from "../../src/observability/log";
import { queueTrouble } from "../../workers/queue-trouble";
import { openQueues } from "../../workers/queues";
import { connectAsOwner, testSettings } from "../support/app";
import { type TestDatabase, createTestDatabase } from "../support/database";
import { waitFor } from "../support/wait-for";

/* The queue's own functions, on Postgres, in the role that the workers have. They know no payments. */

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await migrate({ databaseUrl: database.url });
});
afterAll(() => database.drop());

const QUEUE = "deliver-webhooks";

function open() {
  const config = readConfig(testSettings(database.url, "http://127.0.0.1:1", {}));
  return openQueues(config, queueTrouble(createLog("test", "silent"), "any"));
}

async function deadlocks(): Promise<number> {
  const { values } = await queueErrors.get();
  const those = values.filter(({ labels }) => labels["reason"] === "deadlock");
  return those.reduce((sum, { value }) => sum + value, 0);
}

const job = (id: string, delayMs?: number) => ({
  data: { keys: [{ merchantId: "mer_none", id, endpointId: "we_none" }] as AddressedDelivery[] },
  jobId: id,
  ...(delayMs !== undefined && { delayMs }),
});

test("the first jobs of a queue can be a bulk", async () => {
  const queues = open();
  await queues.add(
    QUEUE,
    Array.from({ length: 20 }, (_, n) => job(`bulk-${String(n)}`)),
  );
  expect(await queues.waitingJobs(QUEUE)).toBe(20);
  const done = new Set<string>();
  const worker = queues.work(QUEUE, { concurrency: 2, onError: console.error }, async (data) => {
    for (const { id } of data.keys) done.add(id);
    await Promise.resolve();
  });
  void worker.run();
  await waitFor("all jobs", () => done.size === 20);
  await worker.close();
  await queues.close();
});

test("a deadlock in its functions is counted, and every job is done all the same", async () => {
  const owner = connectAsOwner(database.url);
  const queues = open();
  const before = await deadlocks();
  const done = new Set<string>();
  // Both are due when the worker starts; somebody else holds the second.
  for (const id of ["first", "second"]) await queues.add(QUEUE, [job(id, 1)]);
  await waitFor("both to be due", async () => {
    const { rows } = await owner.raw<{ rows: { due: boolean }[] }>(
      "select max(process_at_ms) < ? as due from bullmq.job where state = 'delayed'",
      [Date.now()],
    );
    return rows[0]?.due === true;
  });
  const lock = "select id from bullmq.job where id = ? for update";
  const tx = await owner.transaction();
  await tx.raw("set local deadlock_timeout = '1min'");
  await tx.raw(lock, ["second"]);
  const trouble = queueTrouble(createLog("test", "silent"), QUEUE);
  const worker = queues.work(QUEUE, { concurrency: 2, onError: trouble }, async (data) => {
    for (const { id } of data.keys) done.add(id);
    await Promise.resolve();
  });
  void worker.run();
  await waitFor("somebody who waits for the second", async () => {
    const { rows } = await owner.raw<{ rows: unknown[] }>(
      `select from pg_stat_activity where datname = current_database()
         and application_name = 'oncepay queue' and wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  });
  // Whoever waits holds the first: now each waits for the other.
  await tx.raw(lock, ["first"]);
  await tx.rollback();
  await waitFor("both jobs", () => done.size === 2);
  expect(await deadlocks()).toBeGreaterThan(before);
  await worker.close();
  await queues.close();
  await owner.destroy();
});
