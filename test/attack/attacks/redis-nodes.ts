import { waitUntil } from "../../../src/dev/wait-until";
import { redisIsMissing } from "../../support/redis";
import { startRedisCluster } from "../../support/redis-cluster";
import { startSentinels } from "../../support/redis-sentinel";
import { type Attack, type Context, limitMs } from "../attack";
import type { Installation } from "../installation";
import { type Load, startLoad } from "../load";
import { APPROVED, pay } from "../shop";
import { mostByReference, takeTally, tallySince } from "../tally";
import { settledWithin } from "../witness";

const SIZES = { full: { between: 60, atOnce: 8 }, short: { between: 6, atOnce: 3 } };

/** A node goes, with all that it held. */
interface Fault {
  readonly name: string;
  readonly strike: () => Promise<Struck>;
}

interface Struck {
  /** Keys that the node held. */
  readonly keys: number;
  /** Whether others do its work meanwhile; otherwise it is done when it is back. */
  readonly isMadeUpFor: boolean;
  readonly comeBack: () => Promise<void>;
}

interface Servers {
  readonly url: string;
  readonly faults: readonly Fault[];
  readonly stop: () => Promise<void>;
}

/** Six nodes: three primaries with a replica each. */
export const redisCluster = onRedis({
  name: "redis-cluster",
  promise:
    "Redis Cluster: the node of each queue killed and wiped under load, with and without its replica: every payment once.",
  start: async () => {
    const cluster = await startRedisCluster(1);
    const of = (queue: string, withReplicas: boolean): Fault => ({
      name: `${queue}: ${withReplicas ? "primary and replica" : "primary"} wiped`,
      strike: async () => {
        const key = `{oncepay-${queue}}:${queue}:wait`;
        const wiped = await cluster.wipeNodeOf(key, { withReplicas });
        return { ...wiped, isMadeUpFor: !withReplicas };
      },
    });
    const queues = ["run-attempts", "deliver-webhooks"];
    return {
      url: cluster.url,
      faults: queues.flatMap((queue) => [of(queue, false), of(queue, true)]),
      stop: () => cluster.stop(),
    };
  },
});

/** A primary, two replicas and three sentinels. */
export const redisSentinel = onRedis({
  name: "redis-sentinel",
  promise:
    "Redis with Sentinel: the primary killed and wiped three times under load: every payment once.",
  start: async () => {
    const sentinels = await startSentinels();
    const strike = async (): Promise<Struck> => {
      const wiped = await sentinels.wipePrimary();
      return { ...wiped, isMadeUpFor: true };
    };
    const times = ["first", "second", "third"];
    return {
      url: sentinels.url,
      faults: times.map((time) => ({ name: `${time} primary wiped`, strike })),
      stop: () => sentinels.stop(),
    };
  },
});

function onRedis(of: {
  readonly name: string;
  readonly promise: string;
  readonly start: () => Promise<Servers>;
}): Attack {
  return {
    name: of.name,
    promise: of.promise,
    // It needs an installation of its own beside this one.
    options: { apis: 1, workers: 0 },
    skip: redisIsMissing,
    run: async (context) => {
      const servers = await of.start();
      context.after(servers.stop);
      const env = { REDIS_URL: servers.url };
      const installation = await context.install({ name: "on-redis", apis: 2, workers: 2, env });
      return loseNodes(context, installation, servers);
    },
  };
}

async function loseNodes(context: Context, installation: Installation, { faults }: Servers) {
  const { check, progress, seed } = context;
  const { between, atOnce } = SIZES[context.size];
  const before = await takeTally(installation);
  const load = startLoad(installation, { prefix: `nodes-${String(seed)}`, atOnce });
  const enough = async (): Promise<void> => {
    const wanted = load.confirmed.size + between;
    await waitUntil(() => load.confirmed.size >= wanted, { timeoutMs: limitMs(context) });
  };
  const took: number[] = [];
  let keys = 0;
  for (const [index, fault] of faults.entries()) {
    await enough();
    const struck = await fault.strike();
    keys += struck.keys;
    if (!struck.isMadeUpFor) {
      await enough();
      await struck.comeBack();
    }
    const id = `nodes-${String(seed)}-after-${String(index)}`;
    const ms = await paidAndTold(installation, load, { id, limit: limitMs(context) });
    took.push(ms);
    const since = struck.isMadeUpFor ? "" : " after it was back";
    progress(
      `${fault.name}, ${String(struck.keys)} keys: paid and told of in ${String(ms)} ms${since}`,
    );
    check.holds(`${fault.name}: paid and told of within a minute`, ms <= limitMs(context));
    if (struck.isMadeUpFor) {
      await enough();
      await struck.comeBack();
    }
  }
  await enough();
  const wanted = (await load.stop()) + faults.length;
  const settledMs = await settledWithin(installation, limitMs(context));
  const counted = await tallySince(installation, before);
  const untold = await installation.db("webhook_deliveries").whereNot({ status: "SUCCEEDED" });
  const exits = [...installation.apis, ...installation.workers].flatMap((child) => child.exits);
  check.equal("charges in the network's books", counted.captures, wanted);
  check.equal("requests for money under one reference", await mostByReference(installation), 1);
  check.equal("payments that succeeded", counted.succeeded, wanted);
  check.equal("sales at the consumer", counted.sales, wanted);
  check.equal("webhooks that were not delivered", untold.length, 0);
  check.equal("processes that exited", exits.length, 0);
  return {
    figures: {
      payments: wanted,
      "nodes wiped": faults.map(({ name }) => name).join(", "),
      "keys that they held": keys,
      "a new payment charged and told of after, ms": took.join(", "),
      "settled afterwards, ms": settledMs,
      "charges in the network's books": counted.captures,
      "double charges": counted.captures - wanted,
      "effects at the downstream consumer": counted.sales,
    },
    sometimes: { "keys wiped": keys },
  };
}

/** From now until a payment that is made now has been charged, and its webhook delivered. */
async function paidAndTold(
  installation: Installation,
  load: Load,
  { id, limit }: { readonly id: string; readonly limit: number },
): Promise<number> {
  const startedAt = Date.now();
  const intentId = await pay(load.shop.client(), { id, amount: 1_000, card: APPROVED });
  await waitUntil(
    async () => {
      const told = await installation
        .db("webhook_deliveries as d")
        .join("events as e", (on) =>
          on.on("e.merchant_id", "d.merchant_id").andOn("e.id", "d.event_id"),
        )
        .where({
          "e.subject_id": intentId,
          "e.type": "payment_intent.succeeded",
          "d.status": "SUCCEEDED",
        });
      return told.length > 0;
    },
    { timeoutMs: limit },
  );
  return Date.now() - startedAt;
}
