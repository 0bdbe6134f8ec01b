import { Redis as Client } from "ioredis";
import { waitUntil } from "../../../src/dev/wait-until";
import { type TestRedis, redisIsMissing, startRedis } from "../../support/redis";
import { type Attack, type Context, limitMs } from "../attack";
import type { Installation } from "../installation";
import { type Order, type Shop, eachLimited, openShop, orders, pay } from "../shop";
import { mostByReference, takeTally, tallySince } from "../tally";
import { type TcpProxy, startTcpProxy } from "../tcp-proxy";
import { metric, settledWithin } from "../witness";

const SIZES = { full: { keys: 60, copies: 10, again: 5 }, short: { keys: 9, copies: 5, again: 2 } };
const ORDERS_AT_ONCE = 6;
const CACHE = "oncepay:replay:*";

/** The Redis that is being lost, and the way to it. */
interface Victim {
  redis: TestRedis;
  readonly proxy: TcpProxy;
  /** What it held when the attack began. */
  yesterday: Buffer;
  /** Entries as they were found once, by name: what a forger has to work with. */
  readonly found: Map<string, Buffer>;
}

/** Something that happens to Redis while everybody goes on paying, and its end. */
interface Fault {
  readonly name: string;
  readonly begin: (victim: Victim) => Promise<void> | void;
  readonly end: (victim: Victim) => Promise<void> | void;
}

const nothing = (): void => undefined;

const FAULTS: readonly Fault[] = [
  { name: "calm", begin: nothing, end: remember },
  {
    name: "killed",
    begin: ({ redis }) => redis.stop(),
    end: (victim) => restart(victim),
  },
  { name: "flushed", begin: ({ redis }) => redis.flush(), end: ({ redis }) => redis.flush() },
  { name: "frozen", begin: ({ redis }) => redis.freeze(), end: ({ redis }) => redis.thaw() },
  {
    name: "partitioned",
    begin: ({ proxy }) => proxy.hang(["toServer", "toClient"]),
    end: ({ proxy }) => proxy.hang([]),
  },
  {
    name: "restored from before",
    begin: async (victim) => {
      await victim.redis.stop();
      await restart(victim, victim.yesterday);
    },
    end: nothing,
  },
  { name: "forged", begin: forge, end: forge },
];

/** The replay cache's Redis is lost in every way it can be, while everybody repeats everything. */
export const redisLost: Attack = {
  name: "redis-lost",
  promise:
    "Redis killed, flushed, frozen, cut off, restored from before, forged, under duplicates: one effect per key.",
  // It needs an installation of its own beside this one.
  options: { apis: 1, workers: 0 },
  skip: redisIsMissing,
  run: async (context) => {
    const redis = await startRedis();
    if (!redis) throw new Error("there is no redis-server");
    const proxy = await startTcpProxy({ host: "127.0.0.1", port: redis.port });
    const victim: Victim = { redis, proxy, yesterday: Buffer.alloc(0), found: new Map() };
    try {
      const env = {
        REDIS_URL: `redis://127.0.0.1:${String(proxy.port)}`,
        // Late is what is being frozen or cut off, and not whoever gets no processor on a busy machine.
        ONCEPAY_REDIS_DEADLINE_MS: "100",
      };
      const installation = await context.install({ name: "on-redis", apis: 2, workers: 2, env });
      return await loseRedis(context, installation, victim);
    } finally {
      await proxy.close();
      await victim.redis.stop();
    }
  },
};

async function loseRedis(context: Context, installation: Installation, victim: Victim) {
  const { check, progress, seed } = context;
  const sizes = SIZES[context.size];
  const keys = context.operations ?? sizes.keys;
  const copies = context.duplication ?? sizes.copies;
  const site: Site = { context, shop: openShop(installation), copies, ids: new Map(), took: [] };
  const before = await takeTally(installation);
  const tookMs: Record<string, string> = {};
  const earlier: Order[] = [];
  for (const [index, fault] of FAULTS.entries()) {
    const wanted = orders(keys, {
      prefix: `lost-${String(seed)}-${fault.name.replaceAll(" ", "-")}`,
    });
    if (index > 0) await untilTold(site, installation, { outcome: "hit", of: earlier });
    site.took.length = 0;
    await during(site, { wanted, fault, victim });
    // Whatever was paid for before, asked for once more by way of what Redis holds now.
    await eachLimited(earlier.slice(-keys * sizes.again), ORDERS_AT_ONCE, (order) =>
      payOnce(site, order),
    );
    earlier.push(...wanted);
    tookMs[fault.name] = describe(site.took);
    progress(`${fault.name}: ${tookMs[fault.name] ?? ""}`);
  }
  // What is forged by now is many payments' entries; some API process that is given time for it must read one.
  await untilTold(site, installation, { outcome: "unusable", of: earlier, bySome: true });
  await settledWithin(installation, limitMs(context));
  const counted = await tallySince(installation, before);
  const payments = keys * FAULTS.length;
  const severalIds = [...site.ids.values()].filter((ids) => ids.size !== 1).length;
  check.equal("orders that were told of several payments, or of none", severalIds, 0);
  check.equal("charges in the network's books", counted.captures, payments);
  check.equal("requests for money under one reference", await mostByReference(installation), 1);
  check.equal("executions in our metrics", counted.executed, 2 * payments);
  check.equal("payments that succeeded", counted.succeeded, payments);
  check.equal("sales at the consumer", counted.sales, payments);
  const told = await whatTheCacheSaid(installation);
  return {
    figures: {
      payments,
      "requests sent": site.shop.tries.sent,
      "answered by Redis": told.hit,
      "waited for the first one": told.waited,
      "gave up waiting, and asked Postgres": told.gaveUp,
      "charges in the network's books": counted.captures,
      "double charges": counted.captures - payments,
      "effects at the downstream consumer": counted.sales,
      ...Object.fromEntries(Object.entries(tookMs).map(([name, text]) => [`${name}: ms`, text])),
      codes: JSON.stringify(site.shop.tries.codes),
    },
    sometimes: {
      "answers by Redis": told.hit,
      "requests that waited for the first one": told.waited,
      "entries that could not be used": told.unusable,
      "requests that Redis did not answer": told.unanswered,
    },
  };
}

interface Told {
  readonly outcome: "hit" | "unusable";
  /** The orders to repeat until it is. */
  readonly of: readonly Order[];
  /** Whether one API process is enough, at any time since the start. */
  readonly bySome?: boolean;
}

/** Waits until API processes have been told so by Redis: only what is in use can be lost, or forged. */
async function untilTold(
  site: Site,
  { apis }: Installation,
  { outcome, of, bySome = false }: Told,
): Promise<void> {
  const told = (): Promise<number[]> =>
    Promise.all(apis.map((api) => metric([api], "oncepay_replay_cache_total", { outcome })));
  const before = bySome ? [] : await told();
  const isMore = (count: number, index: number): boolean => count > (before[index] ?? 0);
  let turn = 0;
  const isTold = await waitUntil(
    async () => {
      for (let more = 0; more < 2 * apis.length; more += 1) {
        const order = of.at(-1 - (turn++ % of.length));
        if (order) await payOnce(site, order);
      }
      const counts = await told();
      return bySome ? counts.some(isMore) : counts.every(isMore);
    },
    { timeoutMs: limitMs(site.context) },
  );
  site.context.check.holds(`Redis answered after what happened to it: ${outcome}`, isTold);
}

async function whatTheCacheSaid({ apis }: Pick<Installation, "apis">) {
  const of = (outcome: string): Promise<number> =>
    metric(apis, "oncepay_replay_cache_total", { outcome });
  return {
    hit: await of("hit"),
    waited: await of("waited"),
    gaveUp: await of("gave_up"),
    unusable: await of("unusable"),
    unanswered: await of("unanswered"),
  };
}

interface Site {
  readonly context: Context;
  readonly shop: Shop;
  readonly copies: number;
  /** What each order was told that its payment is. */
  readonly ids: Map<string, Set<string>>;
  /** How long each pair of create and confirm took. */
  readonly took: number[];
}

/** The first third in peace, the second under the fault, the last after it. */
async function during(
  site: Site,
  of: { readonly wanted: readonly Order[]; readonly fault: Fault; readonly victim: Victim },
): Promise<void> {
  const { wanted, fault, victim } = of;
  const third = Math.ceil(wanted.length / 3);
  let done = 0;
  let isRunning = true;
  const paid = eachLimited(wanted, ORDERS_AT_ONCE, async (order) => {
    await Promise.all(Array.from({ length: site.copies }, () => payOnce(site, order)));
    done += 1;
  }).finally(() => {
    isRunning = false;
  });
  const reached = (count: number): Promise<boolean> =>
    waitUntil(() => done >= count || !isRunning, { timeoutMs: limitMs(site.context) });
  await reached(third);
  await fault.begin(victim);
  await reached(2 * third);
  await fault.end(victim);
  await paid;
}

async function payOnce({ shop, ids, took }: Site, order: Order): Promise<void> {
  const startedAt = performance.now();
  const id = await pay(shop.client(), order);
  took.push(performance.now() - startedAt);
  ids.set(order.id, (ids.get(order.id) ?? new Set()).add(id));
}

function describe(took: readonly number[]): string {
  const sorted = [...took].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(0);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, most ${(sorted.at(-1) ?? 0).toFixed(0)}`;
}

/** A backup, and what somebody would copy who had got hold of the server. */
async function remember(victim: Victim): Promise<void> {
  victim.yesterday = await victim.redis.save();
  await withClient(victim, async (client) => {
    for (const name of await client.keys(CACHE)) {
      const value = await client.getBuffer(name);
      if (value) victim.found.set(name, value);
    }
  });
}

/**
 * Every entry gets another one's value, which is a real one; those that are over are put back, for ever; one in three
 * is rubbish.
 */
async function forge(victim: Victim): Promise<void> {
  await withClient(victim, async (client) => {
    const values = [...victim.found.values()];
    const names = await client.keys(CACHE);
    for (const [index, name] of names.entries()) {
      const value = values[index % values.length] ?? Buffer.alloc(0);
      await client.set(name, index % 3 === 0 ? Buffer.alloc(64, index) : value);
    }
    for (const [name, value] of victim.found) {
      if (!names.includes(name)) await client.set(name, value);
    }
  });
}

async function withClient(
  { redis }: Victim,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = new Client(redis.url);
  client.on("error", nothing);
  try {
    await work(client);
  } finally {
    client.disconnect();
  }
}

async function restart(victim: Victim, dump?: Buffer): Promise<void> {
  const { port } = victim.redis;
  const redis = await startRedis({ port, ...(dump && { dump }) });
  if (!redis) throw new Error("there is no redis-server");
  victim.redis = redis;
}
