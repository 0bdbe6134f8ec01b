import { waitUntil } from "../../../src/dev/wait-until";
import { type Attack, limitMs } from "../attack";
import { eachLimited, openShop, orders, pay } from "../shop";
import { mostByReference, takeTally, tallySince } from "../tally";
import { networkOf, settledWithin, underway } from "../witness";

const SIZES = { full: { payments: 100 }, short: { payments: 12 } };

/** A machine that hangs: its connections stay open, its locks stay taken, and it comes back with old news. */
export const frozenWorker: Attack = {
  name: "frozen-worker",
  promise:
    "Each worker frozen in turn while it charges: the other carries on within 60 s, and nothing happens twice.",
  run: async (context) => {
    const { installation, check, progress, seed } = context;
    const { payments } = SIZES[context.size];
    const network = networkOf(installation);
    const shop = openShop(installation);
    const before = await takeTally(installation);
    const carriedOnMs: number[] = [];
    let frozenWith = 0;
    // So slow that some are under way at the freeze, however slowly they are made.
    await network.latency(3_000, 5_000);
    for (const worker of installation.workers) {
      const wanted = orders(payments, { prefix: `frozen-${worker.name}-${seed}` });
      const paying = eachLimited(wanted, 16, (order) => pay(shop.client(), order));
      await waitUntil(async () => (await underway(installation)).attempts > 4, {
        timeoutMs: limitMs(context),
        everyMs: 5,
      });
      frozenWith += (await underway(installation)).attempts;
      worker.freeze();
      const startedAt = Date.now();
      await paying;
      await settledWithin(installation, limitMs(context)).catch((error: Error) => {
        check.holds(`the other carries on while ${worker.name} is frozen: ${error.message}`, false);
      });
      carriedOnMs.push(Date.now() - startedAt);
      progress(`${worker.name} frozen; all settled after ${carriedOnMs.at(-1) ?? 0} ms`);
      worker.thaw();
      await worker.untilReady();
      await settledWithin(installation, limitMs(context));
    }
    await network.latency(5, 50);
    const counted = await tallySince(installation, before);
    const total = payments * installation.workers.length;
    check.equal("charges in the network's books", counted.captures, total);
    check.equal("requests for money under one reference", await mostByReference(installation), 1);
    check.equal("payments that succeeded", counted.succeeded, total);
    check.equal("sales at the consumer", counted.sales, total);
    return {
      figures: {
        payments: total,
        "attempts under way at the freezes": frozenWith,
        "settled by the other while it was frozen, ms": carriedOnMs.join(", "),
        "charges in the network's books": counted.captures,
        "double charges": counted.captures - total,
        "effects at the downstream consumer": counted.sales,
        "webhooks that came twice to the consumer": counted.duplicates,
      },
      sometimes: { "attempts under way at a freeze": frozenWith },
    };
  },
};
