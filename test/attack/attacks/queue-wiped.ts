import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { run } from "../../../src/db/db";
import { transact } from "../../../src/db/transact";
import { QUEUE_SCHEMA } from "../../../src/db/queue-schema";
import { waitUntil } from "../../../src/dev/wait-until";
import { startRedis } from "../../support/redis";
import { type Attack, type Context, limitMs } from "../attack";
import type { Installation } from "../installation";
import { eachLimited, openShop, orders, pay } from "../shop";
import { mostByReference, takeTally, tallySince } from "../tally";
import { networkOf, settledWithin, underway } from "../witness";

const SIZES = { full: { payments: 500 }, short: { payments: 60 } };

/** BullMQ owns timers and nothing else, so its tables may vanish at any moment. */
export const queueWiped: Attack = {
  name: "queue-wiped",
  promise:
    "Every job wiped with 500 payments in flight: rebuilt from the rows within 60 s, no duplicate.",
  run: async (context) => {
    const { figures, wiped } = await wipe(context, context.installation, wipePostgres);
    return { figures, sometimes: { "jobs wiped": wiped } };
  },
};

/** The same where the queue is in Redis. */
export const queueWipedOnRedis: Attack = {
  name: "queue-wiped-redis",
  promise:
    "Redis flushed with 500 payments in flight: rebuilt from the rows within 60 s, no duplicate.",
  // It needs one of its own beside this.
  options: { apis: 1, workers: 0 },
  skip: () =>
    spawnSync("redis-server", ["--version"]).status === 0
      ? undefined
      : "redis-server is not installed here",
  run: async (context) => {
    const redis = await startRedis();
    if (!redis) throw new Error("there is no redis-server");
    try {
      const env = { REDIS_URL: redis.url };
      const installation = await context.install({ name: "on-redis", apis: 2, workers: 2, env });
      const flush = async (): Promise<number> => {
        const keys = Number((await ask(redis.url, "DBSIZE")).slice(1));
        await redis.flush();
        return keys;
      };
      const { figures, wiped } = await wipe(context, installation, flush);
      return { figures, sometimes: { "keys flushed": wiped } };
    } finally {
      await redis.stop();
    }
  },
};

async function wipe(
  context: Context,
  installation: Installation,
  wipeQueue: (installation: Installation) => Promise<number>,
) {
  const { check, progress, seed } = context;
  const payments = context.operations ?? SIZES[context.size].payments;
  const half = Math.ceil(payments / 2);
  const network = networkOf(installation);
  const shop = openShop(installation);
  const before = await takeTally(installation);
  const wanted = orders(2 * half, { prefix: `wiped-${seed}` });
  // One half is being charged when the queue goes: the calls are out and their jobs are active.
  await network.latency(3_000, 4_000);
  await eachLimited(wanted.slice(0, half), 32, (order) => pay(shop.client(), order));
  const charging = await underway(installation);
  const wipedActive = await wipeQueue(installation);
  await settledWithin(installation, limitMs(context));
  progress(`${charging.attempts} were being charged when ${wipedActive} jobs vanished`);

  // The other half waits in the queue, because nobody is there but the relay.
  const [first, ...others] = installation.workers;
  await Promise.all(others.map((worker) => worker.kill()));
  await first?.restart({}, ["--only", "relay"]);
  await eachLimited(wanted.slice(half), 32, (order) => pay(shop.client(), order));
  const published = await waitUntil(async () => (await underway(installation)).outbox === 0, {
    timeoutMs: limitMs(context),
  });
  check.holds("the relay published everything", published);
  const waiting = await underway(installation);
  const wipedWaiting = await wipeQueue(installation);
  const wipedAt = Date.now();
  progress(`${waiting.attempts} waited in the queue when ${wipedWaiting} jobs vanished`);
  await first?.restart({}, []);
  await Promise.all(others.map((worker) => worker.start()));
  await settledWithin(installation, limitMs(context));
  const recoveredMs = Date.now() - wipedAt;
  await network.latency(5, 50);
  const counted = await tallySince(installation, before);
  check.equal("charges in the network's books", counted.captures, 2 * half);
  check.equal("requests for money under one reference", await mostByReference(installation), 1);
  check.equal("payments that succeeded", counted.succeeded, 2 * half);
  check.equal("sales at the consumer", counted.sales, 2 * half);
  const inTime = recoveredMs < limitMs(context);
  check.holds(`recovered within ${limitMs(context) / 1_000} s (${recoveredMs} ms)`, inTime);
  return {
    wiped: wipedWaiting,
    figures: {
      payments: 2 * half,
      "being charged at the first wipe": charging.attempts,
      "waiting in the queue at the second wipe": waiting.attempts,
      "jobs wiped": wipedActive + wipedWaiting,
      "rebuilt, charged and delivered after, ms": recoveredMs,
      "charges in the network's books": counted.captures,
      "double charges": counted.captures - 2 * half,
      "effects at the downstream consumer": counted.sales,
    },
  };
}

async function wipePostgres({ db }: Installation): Promise<number> {
  const tables = await run<{ name: string }>(
    db,
    {
      name: "attack_queue_tables",
      text: `select format('%I.%I', schemaname, tablename) as "name" from pg_tables
        where schemaname = ? and tablename not like '%migration%'`,
    },
    [QUEUE_SCHEMA],
  );
  const counts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await db.raw<{ rows: { rows: number }[] }>(
        `select count(*) as "rows" from ${name}`,
      );
      return name.includes("job") ? (rows[0]?.rows ?? 0) : 0;
    }),
  );
  // Workers are at their jobs: whoever waits for whom, and with more of them for longer, Postgres ends it and we go on.
  await transact(db, (tx) =>
    tx.raw(`truncate ${tables.map(({ name }) => name).join(", ")} cascade`),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** One command of Redis' protocol, which needs no client. */
async function ask(redisUrl: string, command: string): Promise<string> {
  const { hostname, port } = new URL(redisUrl);
  const socket = connect({ host: hostname, port: Number(port || 6_379) });
  socket.write(`${command}\r\n`);
  const [reply] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return reply.toString().trim();
}
