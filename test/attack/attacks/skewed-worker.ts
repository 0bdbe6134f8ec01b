import { readFileSync } from "node:fs";
import path from "node:path";
import { waitUntil } from "../../../src/dev/wait-until";
import { type Attack, type Context, limitMs } from "../attack";
import { eachLimited, openShop, orders, pay } from "../shop";
import { mostByReference, takeTally, tallySince } from "../tally";
import { networkOf, settledWithin, underway } from "../witness";

// The full run blocks for twice the time that BullMQ's lock lasts (30 s), the short one for twice the worker's lease (3 s).
const SIZES = {
  full: { payments: 100, blockMs: 60_000 },
  short: { payments: 15, blockMs: 6_000 },
};
/** What preload.js writes when it has blocked the event loop, and lets it go. */
const BLOCKED = "the event loop was blocked";
const SKEWS_MS = [60_000, -60_000];

/** A worker that is wrong about the time, and one that does not notice how it passes. */
export const skewedWorker: Attack = {
  name: "skewed-worker",
  promise:
    "One worker's clock 60 s off either way, its event loop blocked twice the lock: effects still once.",
  run: async (context) => {
    const { installation, check, progress, seed } = context;
    const { payments, blockMs } = SIZES[context.size];
    const [, skewed] = installation.workers;
    if (!skewed) throw new Error("there is no second worker");
    const network = networkOf(installation);
    const before = await takeTally(installation);
    await network.latency(50, 400);
    const work = async (name: string, during?: () => Promise<void>): Promise<void> => {
      const wanted = orders(payments, { prefix: `${name}-${seed}` });
      const paying = eachLimited(wanted, 16, (order) =>
        pay(openShop(installation).client(), order),
      );
      await Promise.all([paying, during?.()]);
      await settledWithin(installation, blockMs + limitMs(context));
    };
    for (const skewMs of SKEWS_MS) {
      await skewed.restart({ ATTACK_CLOCK_SKEW_MS: String(skewMs) });
      progress(`a clock ${skewMs / 1_000} s off`);
      await work(`skew${skewMs}`);
    }
    await skewed.restart({ ATTACK_CLOCK_SKEW_MS: undefined, ATTACK_BLOCK_MS: String(blockMs) });
    // So slow that some are under way at the block, however slowly they are made.
    await network.latency(3_000, 5_000);
    const blocked = await blockWhileCharging(context, () => work("blocked"));
    // It comes to with old news, and must be let tell them.
    await skewed.untilReady(blockMs + limitMs(context));
    await settledWithin(installation, limitMs(context));
    await skewed.restart({ ATTACK_BLOCK_MS: undefined });
    await network.latency(5, 50);
    const counted = await tallySince(installation, before);
    const total = payments * (SKEWS_MS.length + 1);
    check.equal("charges in the network's books", counted.captures, total);
    check.equal("requests for money under one reference", await mostByReference(installation), 1);
    check.equal("payments that succeeded", counted.succeeded, total);
    check.equal("sales at the consumer", counted.sales, total);
    return {
      figures: {
        payments: total,
        "clock of one worker off by, s": SKEWS_MS.map((ms) => ms / 1_000).join(" and "),
        "event loop blocked for, ms": blockMs,
        "attempts under way when it was blocked": blocked.underway,
        "charges in the network's books": counted.captures,
        "double charges": counted.captures - total,
        "effects at the downstream consumer": counted.sales,
        "webhooks that came twice to the consumer": counted.duplicates,
      },
      sometimes: {
        "attempts under way at a block": blocked.underway,
        "times the blocked worker was silent": blocked.silent,
      },
    };
  },
};

async function blockWhileCharging(
  context: Context,
  work: () => Promise<void>,
): Promise<{ underway: number; silent: number }> {
  const { installation, progress } = context;
  const [, worker] = installation.workers;
  const working = work();
  await waitUntil(async () => (await underway(installation)).attempts > 4, {
    timeoutMs: limitMs(context),
    everyMs: 5,
  });
  const { attempts } = await underway(installation);
  worker?.signal("SIGUSR2");
  progress(`blocked with ${attempts} attempts under way`);
  const log = path.join(installation.logDirectory, `${worker?.name ?? ""}.log`);
  const silent = await waitUntil(() => readFileSync(log, "utf8").includes(BLOCKED), {
    timeoutMs: limitMs(context),
  });
  await working;
  return { underway: attempts, silent: silent ? 1 : 0 };
}
