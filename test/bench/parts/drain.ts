import { waitUntil } from "../../../src/dev/wait-until";
import { OUTBOX_CHANNEL } from "../../../src/events/outbox";
import { startRedis } from "../../support/redis";
import { ask } from "../ask";
import { type Bench, type Cores, describeCores, watchCores, withInstallation } from "../bench";
import { type Helper, startHelper } from "../helper";
import { type Installation, newReceiverSecret } from "../installation";
import type { LoopResult } from "../load/closed-loop";
import { median } from "../load/latency";
import type { DrainFigures, Results } from "../results";
import { seedPayments, settleTables } from "./seed";

const ROWS = 18_000;
const WARM_ROWS = 2_000;
const REPEATS = 3;
// The slow receiver works on so many deliveries at a time.
const RECEIVER_AT_ONCE = 64;
const RECEIVER_MS = 20;
const DRAIN_TIMEOUT_MS = 120_000;

/** A backlog of events to one receiver, that is there all at once. */
export async function measureDrain(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("drain")) return {};
  const receiver = startHelper("load/receiver-main.ts");
  const redis = await startRedis();
  try {
    const site = { bench, receiver, secret: newReceiverSecret(), rows: rowsOf(bench) };
    const bare = await measureBareLoop(site);
    const limit = await measureReceiver(site);
    const drains: DrainFigures[] = [];
    for (const queue of redis ? (["postgres", "redis"] as const) : (["postgres"] as const)) {
      const env: Record<string, string> =
        redis && queue === "redis" ? { REDIS_URL: redis.url } : {};
      drains.push(
        await drainWith(site, { queue, env, receiverMs: 0, ceiling: bare }),
        await drainWith(site, { queue, env, receiverMs: RECEIVER_MS, ceiling: limit }),
      );
    }
    return { drains };
  } finally {
    await receiver.stop();
    await redis?.stop();
  }
}

export interface Site {
  readonly bench: Bench;
  readonly receiver: Helper;
  readonly secret: string;
  readonly rows: number;
}

/** Short runs, for trying things out, have fewer rows. */
function rowsOf({ options }: Bench): number {
  return Math.ceil(ROWS * Math.min(1, options.seconds / 5));
}

async function openReceiver({ receiver, secret }: Site, delayMs: number): Promise<number> {
  const slow = delayMs > 0 ? { atOnce: RECEIVER_AT_ONCE } : {};
  return receiver.call<number>("open", { secret, delayMs, ...slow });
}

async function measureBareLoop(site: Site): Promise<number> {
  const { bench, secret, rows } = site;
  const receiverPort = await openReceiver(site, 0);
  const bare = startHelper("ceilings/bare-drain-main.ts");
  try {
    return await withInstallation(bench, { name: "bare-loop" }, async (installation) => {
      const { db, databaseUrl } = installation;
      await db.raw(`create table bench_queue (position bigint primary key, merchant_id text, event_id text, claimed_at timestamptz);
        create index on bench_queue (position) where claimed_at is null;
        create table bench_delivered (event_id text primary key, status_code int, at timestamptz not null default now())`);
      const rates: number[] = [];
      for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
        const count = repeat === 0 ? Math.min(WARM_ROWS, rows) : rows;
        await seedPayments(installation, count);
        await db.raw(
          "insert into bench_queue select id, merchant_id, event_id from outbox; delete from outbox",
        );
        await settleTables(installation);
        const tookMs = await bare.call<number>("drain", { databaseUrl, receiverPort, secret });
        if (repeat > 0) rates.push((count * 1_000) / tookMs);
      }
      const rate = median(rates);
      bench.say(`ceiling: bare SKIP LOCKED loop, ${rate.toFixed(0)}/s`);
      return rate;
    });
  } finally {
    await bare.stop();
  }
}

async function measureReceiver(site: Site): Promise<number> {
  const { bench, secret } = site;
  const port = await openReceiver(site, RECEIVER_MS);
  const plan = { port, clients: 2 * RECEIVER_AT_ONCE, seconds: bench.options.seconds, secret };
  const { throughput } = await bench.load.call<LoopResult>("post", plan);
  bench.say(`ceiling: the receiver at ${String(RECEIVER_MS)} ms, ${throughput.toFixed(0)}/s`);
  return throughput;
}

async function drainWith(
  site: Site,
  given: Pick<DrainFigures, "queue" | "receiverMs" | "ceiling"> & {
    readonly env: Readonly<Record<string, string>>;
  },
): Promise<DrainFigures> {
  const { bench, secret, rows } = site;
  const { queue, receiverMs, ceiling, env } = given;
  const port = await openReceiver(site, receiverMs);
  const repeats = receiverMs === 0 ? REPEATS : 1;
  const webhooks = { port, secret, eventTypes: [] };
  return withInstallation(
    bench,
    { name: `drain-${queue}`, webhooks, env },
    async (installation) => {
      const warm = Math.min(WARM_ROWS, rows);
      await seedPayments(installation, warm + repeats * rows);
      await installation.db.raw(
        "create table bench_held as select * from outbox; delete from outbox",
      );
      await settleTables(installation);
      const worker = await installation.start("worker");
      await drainOnce(site, installation, warm);
      const rates: number[] = [];
      let cores: Cores;
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        const readCores = watchCores(bench, [worker]);
        const tookMs = await drainOnce(site, installation, rows);
        cores = readCores();
        rates.push((rows * 1_000) / tookMs);
      }
      const throughput = median(rates);
      bench.say(
        `drain on ${queue}, receiver ${String(receiverMs)} ms: ${throughput.toFixed(0)}/s${describeCores(cores)}`,
      );
      await worker.stop();
      return { queue, receiverMs, rows, throughput, ceiling, cores };
    },
  );
}

/** Puts held rows into the outbox at once, and waits until all are delivered and recorded. */
export async function drainOnce(
  { receiver }: Pick<Site, "receiver">,
  { db }: Installation,
  rows: number,
): Promise<number> {
  const accepted = async (): Promise<number> =>
    (await receiver.call<{ accepted: number }>("counts", {})).accepted;
  const before = await accepted();
  await db.raw(
    `with moved as (
       delete from bench_held where id in (select id from bench_held order by id limit ?)
       returning id, merchant_id, event_id, attempt_id)
     insert into outbox (merchant_id, event_id, attempt_id)
     select merchant_id, event_id, attempt_id from moved order by id`,
    [rows],
  );
  const startedAt = performance.now();
  await db.raw(`select pg_notify('${OUTBOX_CHANNEL}', '')`);
  const limits = { timeoutMs: DRAIN_TIMEOUT_MS, everyMs: 5 };
  const isDone =
    (await waitUntil(async () => (await accepted()) - before >= rows, limits)) &&
    (await waitUntil(() => isRecorded(db), limits));
  if (!isDone) throw new Error(`the backlog was not delivered in ${String(DRAIN_TIMEOUT_MS)} ms`);
  return performance.now() - startedAt;
}

async function isRecorded(db: Installation["db"]): Promise<boolean> {
  const rows = await ask<{ done: boolean }>(
    db,
    `
    select not exists (select from outbox)
      and not exists (select from webhook_deliveries where next_at is not null) as done`,
  );
  return rows[0]?.done === true;
}
