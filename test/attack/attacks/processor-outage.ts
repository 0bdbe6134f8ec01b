import { type Attack, limitMs } from "../attack";
import { openShop, orders, pay } from "../shop";
import { takeTally, tallySince } from "../tally";
import { metric, networkOf, settledWithin } from "../witness";

// `perSecond` payments begin for as long as the processor is away; half of that time it refuses, half it is not there.
const SIZES = {
  full: { outageMs: 60_000, perSecond: 10 },
  short: { outageMs: 3_000, perSecond: 10 },
};

/** Every look-up of one attempt in a minute of the short schedule: 0.5, 1, 2, then every 5 s. */
const CALLS_A_MINUTE_MAX = 16;

/** The card network is away for a minute while customers go on buying. */
export const processorOutage: Attack = {
  name: "processor-outage",
  promise:
    "A processor outage under load: no retry storm, at the processor or from clients, and all settles after it.",
  run: async (context) => {
    const { installation, check, progress, seed } = context;
    const { outageMs, perSecond } = SIZES[context.size];
    const network = networkOf(installation);
    const before = await takeTally(installation);
    const callsBefore = await allCalls();
    // With the budget that every client has: an outage behind the API is none of its business.
    const shop = openShop(installation, { budget: {}, retry: {}, timeoutMs: 120_000 });
    const count = Math.ceil((outageMs / 1_000) * perSecond);
    const wanted = orders(count, { prefix: `outage-${seed}` });
    const peaks = { calls: callsBefore, most: 0 };
    const sample = async (): Promise<void> => {
      const now = await allCalls();
      peaks.most = Math.max(peaks.most, now - peaks.calls);
      peaks.calls = now;
    };
    function allCalls(): Promise<number> {
      return metric(installation.workers, "oncepay_processor_calls_total");
    }

    await network.outage("refuse");
    const beganAt = Date.now();
    const paying: Promise<string>[] = [];
    const upTo = async (part: number): Promise<void> => {
      for (; paying.length < count * part; await tick()) {
        const due = Math.floor(((Date.now() - beganAt) / 1_000) * perSecond);
        while (paying.length < Math.min(due, count * part)) {
          const order = wanted[paying.length];
          if (order) paying.push(pay(shop.client(), order));
        }
      }
    };
    let sampledAt = Date.now();
    const tick = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond));
      if (Date.now() - sampledAt < 1_000) return;
      sampledAt = Date.now();
      await sample();
    };
    await upTo(0.5);
    progress("refused everything so far; now nobody is there at all");
    await installation.sandbox.kill();
    await upTo(1);
    const accepted = (await Promise.allSettled(paying)).filter(
      ({ status }) => status === "fulfilled",
    );
    const callsDuring = (await allCalls()) - callsBefore;
    const awayMs = Date.now() - beganAt;
    await installation.sandbox.start();
    const backAt = Date.now();
    progress(`back after ${awayMs} ms with ${callsDuring} calls in vain`);
    const settling = settledWithin(installation, limitMs(context));
    let settled = false;
    const watching = settling.finally(() => {
      settled = true;
    });
    const duringPeak = peaks.most;
    peaks.most = 0;
    while (!settled) await tick();
    await watching;
    const settledMs = Date.now() - backAt;
    const callsAll = (await allCalls()) - callsBefore;
    const counted = await tallySince(installation, before);
    const amplification = shop.tries.sent / shop.tries.calls;
    const callsMax = count * Math.ceil((CALLS_A_MINUTE_MAX * awayMs) / 60_000 + 4);
    check.equal("payments accepted", accepted.length, count);
    check.equal("charges in the network's books", counted.captures, count);
    check.equal("payments that succeeded", counted.succeeded, count);
    check.equal("sales at the consumer", counted.sales, count);
    check.holds(
      `calls during the outage (${callsDuring}) at most ${callsMax}`,
      callsDuring <= callsMax,
    );
    check.holds(
      `requests per call of a client (${amplification}) at most 1.1`,
      amplification <= 1.1,
    );
    return {
      figures: {
        "outage, ms": awayMs,
        "payments begun meanwhile": count,
        "requests per call of a client": amplification.toFixed(3),
        "calls to the processor during the outage": callsDuring,
        "of these for each payment": (callsDuring / count).toFixed(1),
        "most calls in a second, during the outage": duringPeak,
        "most calls in a second, after it": peaks.most,
        "calls to the processor until all was settled": callsAll,
        "settled after the outage, ms": settledMs,
        "charges in the network's books": counted.captures,
      },
      sometimes: { "calls to the processor in vain": callsDuring },
    };
  },
};
