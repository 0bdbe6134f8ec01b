import { spawnSync } from "node:child_process";
import { Client } from "pg";
import { auditBooks } from "../../src/audit/audit-books";
import type { App } from "../../src/app";
import { RELAY_LOCK } from "../../src/events/outbox";
import type { Processor, ProcessorRequest } from "../../src/processors/processor";
import { createWebhookEndpoint } from "../../src/webhooks/create-webhook-endpoint";
import { openQueues } from "../../workers/queues";
import { ROLES, type Role, type RunningWorker, startWorker } from "../../workers/worker";
import { type TestApp, startTestApp } from "../support/app";
import { aConfirmedIntent, aMerchant } from "../support/factories";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { type TestRedis, startRedis } from "../support/redis";
import { waitFor } from "../support/wait-for";

/** The real worker, with BullMQ on each of its backends. */

const hasRedis = spawnSync("redis-server", ["--version"]).status === 0 || process.env["CI"];
const onRedis = hasRedis ? describe : describe.skip;
if (!hasRedis) console.info("Skipped without redis-server: the worker on Redis.");

describe("on PostgreSQL", () => suite(() => Promise.resolve(undefined)));
onRedis("on Redis", () => suite(startRedis));

function suite(start: () => Promise<TestRedis | undefined>): void {
  let redis: TestRedis | undefined;
  let t: TestApp;
  let receiver: TestReceiver;
  let merchantId: string;
  const workers: RunningWorker[] = [];

  beforeAll(async () => {
    redis = await start();
    t = await startTestApp({
      ...(redis && { REDIS_URL: redis.url }),
      ONCEPAY_SWEEP_MS: "50",
      ONCEPAY_WEBHOOK_SCHEDULE_MS: "20,20,20",
      ONCEPAY_LOOKUP_SCHEDULE_MS: "50",
    });
    receiver = await startReceiver();
  });
  beforeEach(async () => {
    merchantId = (await aMerchant(t)).id;
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await t.sandbox.call("DELETE", "/admin/faults");
  });
  afterAll(async () => {
    await receiver.close();
    await t.stop();
    await redis?.stop();
  });

  async function work(roles: readonly Role[] = ROLES, app: App = t.app): Promise<RunningWorker> {
    const worker = await startWorker(app, roles);
    workers.push(worker);
    return worker;
  }

  const confirmMany = (count: number) =>
    Promise.all(Array.from({ length: count }, () => aConfirmedIntent(t, merchantId)));

  const allSucceeded = async (): Promise<boolean> => {
    const others = t.db("payment_intents").where({ merchant_id: merchantId });
    return (await others.whereNot({ status: "SUCCEEDED" })).length === 0;
  };

  const nothingLeft = async (): Promise<boolean> => {
    const { rows } = await t.db.raw<{
      rows: { nothing: boolean }[];
    }>(`
      select not exists (select from outbox) and not exists (select from webhook_deliveries where next_at is not null)
        and not exists (select from attempts where status in ('QUEUED', 'SENT', 'UNKNOWN')) as nothing`);
    return rows[0]?.nothing === true;
  };

  it("charges, books and tells, each once", async () => {
    const { secret } = await createWebhookEndpoint(t.app, {
      merchantId,
      key: "hook",
      url: receiver.url,
      eventTypes: ["payment_intent.succeeded"],
      description: null,
    });
    await work();
    const intents = await confirmMany(40);
    await waitFor("every payment", allSucceeded);
    await waitFor("every webhook", nothingLeft);
    const told = receiver.received.map((webhook) => receiver.verify(webhook, secret ?? "").id);
    expect(new Set(told).size).toBe(intents.length);
    expect(told).toHaveLength(intents.length);
    const movements = { movements: () => t.movements() };
    expect(await auditBooks(t.db, { ...movements, maxAgeSeconds: 0 })).toEqual([]);
  });

  it("shares the work with another worker, and sends every attempt once", async () => {
    await work();
    await work(ROLES, t.anotherApp());
    await confirmMany(60);
    await waitFor("every payment", allSucceeded);
    const attempts = await t.db("attempts").where({ merchant_id: merchantId });
    expect(attempts.map(({ sends }) => sends)).toEqual(attempts.map(() => 1));
  });

  it("settles everything through lost answers and failing receivers", async () => {
    await createWebhookEndpoint(t.app, {
      merchantId,
      key: "hook",
      url: receiver.url,
      eventTypes: [],
      description: null,
    });
    receiver.answerWith(...Array.from({ length: 10 }, () => 500));
    await t.sandbox.setFault({ fault: "lose_response", rate: 0.3, seed: 3 });
    await t.sandbox.setFault({ fault: "lose_request", rate: 0.2, seed: 4 });
    await work();
    await confirmMany(30);
    await waitFor("some to be unknown", async () => {
      const unknown = await t.db("attempts").whereNotNull("unknown_since");
      return unknown.length > 0;
    });
    await t.sandbox.call("DELETE", "/admin/faults");
    await waitFor("every payment", allSucceeded);
    await waitFor("every webhook", nothingLeft);
    const { rows } = await t.db.raw<{ rows: { status: string }[] }>(
      "select status, count(*)::int from webhook_deliveries where merchant_id = ? group by status",
      [merchantId],
    );
    expect(rows.map(({ status }) => status)).toEqual(["SUCCEEDED"]);
  });

  it("finishes what is under way when it is stopped, and gives up its lease", async () => {
    const processors = t.app.processors as Map<string, Processor>;
    const real = processors.get("sandbox") as Processor;
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const slow = {
      ...real,
      send: (request: ProcessorRequest) => answered.then(() => real.send(request)),
    };
    processors.set("sandbox", slow);
    const worker = await work();
    await confirmMany(5);
    await waitFor("all to be sent", async () => {
      const sent = await t.db("attempts").where({ merchant_id: merchantId, status: "SENT" });
      return sent.length === 5;
    });
    const stopped = worker.stop();
    answer();
    await stopped;
    processors.set("sandbox", real);
    expect(await allSucceeded()).toBe(true);
    expect(await t.db("worker_leases").where({ worker_id: worker.workerId })).toEqual([]);
  });

  it("makes the jobs again when the queue has lost them", async () => {
    const relay = await work(["relay"]);
    await confirmMany(10);
    await waitFor("the relay", async () => (await t.db("outbox")).length === 0);
    await relay.stop();
    await emptyQueue();
    await t.makeDue();
    await work();
    await waitFor("every payment", allSucceeded);
  });

  it("goes on as the relay when the one at work loses its session", async () => {
    await work(["relay"]);
    await waitFor("a relay", async () => (await relaySessions()).length === 1);
    await work(ROLES, t.anotherApp());
    const [first] = await relaySessions();
    await onServer(`select pg_terminate_backend(${String(first)})`);
    await confirmMany(5);
    await waitFor("every payment", allSucceeded);
    await waitFor("another relay", async () => {
      const [second] = await relaySessions();
      return second !== undefined && second !== first;
    });
  });

  async function relaySessions(): Promise<number[]> {
    const rows = await onServer(
      `select l.pid from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
       where l.locktype = 'advisory' and (l.classid::bigint << 32) + l.objid::bigint = ${String(RELAY_LOCK)} and l.granted`,
    );
    return rows.map((row) => row.pid as number);
  }

  async function emptyQueue(): Promise<void> {
    const queues = openQueues(t.app.config, () => undefined);
    expect(await queues.waitingJobs("run-attempts")).toBeGreaterThan(0);
    if (redis) await redis.flush();
    else {
      const rows = await onServer(
        "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema = 'bullmq' and table_name like '%job%'",
      );
      await onServer(`truncate ${rows.map((row) => row.name as string).join(", ")} cascade`);
    }
    expect(await queues.waitingJobs("run-attempts")).toBe(0);
    await queues.close();
  }

  async function onServer(statement: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: t.databaseUrl });
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(statement);
    await client.end();
    return rows;
  }
}
