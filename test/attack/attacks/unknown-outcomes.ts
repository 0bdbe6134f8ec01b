import { waitUntil } from "../../../src/dev/wait-until";
import { type Attack, limitMs } from "../attack";
import type { Installation } from "../installation";
import { eachLimited, openShop, orders, pay } from "../shop";
import { mostByReference, takeTally, tallySince } from "../tally";
import { metric, networkOf, settledWithin } from "../witness";

const SIZES = {
  full: { operations: 1_000, faults: 0.2, concurrency: 32 },
  short: { operations: 60, faults: 0.2, concurrency: 16 },
};

const ATTEMPTS = `query ($id: ID!) { paymentIntent(id: $id) { status attempts(first: 100) { edges { node { status unknownSince } } } } }`;

/** An operator's list of them, with since when and how much. */
const LIST = `{ unknownAttempts(first: 100) { edges { node { id amount unknownSince lookups nextLookupAt } } } }`;

interface SeenList {
  readonly unknownAttempts: { readonly edges: readonly unknown[] };
}

interface SeenIntent {
  readonly paymentIntent: {
    readonly status: string;
    readonly attempts: {
      readonly edges: readonly {
        readonly node: { readonly status: string; readonly unknownSince: string | null };
      }[];
    };
  };
}

async function lost(installation: Installation): Promise<number> {
  return (await networkOf(installation).stats()).faultsFired["lose_response"] ?? 0;
}

/** The card was charged and the answer is gone. The network tells nothing on its own either: it must be asked. */
export const unknownOutcomes: Attack = {
  name: "unknown-outcomes",
  promise:
    "A fifth of the processor's answers lost: no double charge, none wrongly failed, all found by look-up.",
  run: async (context) => {
    const { installation, check, progress } = context;
    const size = SIZES[context.size];
    const operations = context.operations ?? size.operations;
    const network = networkOf(installation);
    const shop = openShop(installation);
    await network.webhooks({ enabled: false });
    const before = await takeTally(installation);
    const rate = context.faults ?? size.faults;
    const lostBefore = await lost(installation);
    await network.fault({ fault: "lose_response", rate, operation: "charge", seed: context.seed });
    // What is unknown stays so until it was seen: look-ups get no answer of use before that.
    await network.fault({ fault: "error_after", rate: 1, operation: "lookup" });

    const operator = openShop(installation, { apiKey: installation.merchant.operatorKey }).client();
    const seen = { intents: 0, asUnknown: 0, wrongly: 0, gauge: 0, listed: 0 };
    const watching = new Set<string>();
    let done = false;
    const watch = async (): Promise<void> => {
      while (!done || watching.size > 0) {
        const ids = [...watching].slice(0, 20);
        await Promise.all(ids.map(look));
        const { unknownAttempts } = await operator.query<SeenList>(LIST);
        seen.listed = Math.max(seen.listed, unknownAttempts.edges.length);
        seen.gauge = Math.max(
          seen.gauge,
          await metric(installation.workers, "oncepay_unknown_attempts"),
        );
        // Paced by the answers; this only leaves room for others.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const look = async (id: string): Promise<void> => {
      const { paymentIntent } = await shop.client().query<SeenIntent>(ATTEMPTS, { id });
      watching.delete(id);
      seen.intents += 1;
      const isUnknown = paymentIntent.attempts.edges.some(({ node }) => node.status === "UNKNOWN");
      if (isUnknown) seen.asUnknown += 1;
      // Unknown is never called failed, nor is it called anything else.
      if (isUnknown && paymentIntent.status !== "PROCESSING") seen.wrongly += 1;
      if (paymentIntent.status === "PROCESSING") watching.add(id);
    };
    const watcher = watch();
    const wanted = orders(operations, { prefix: `unknown-${context.seed}` });
    await eachLimited(wanted, size.concurrency, async (order, index) => {
      watching.add(await pay(shop.client(), order));
      if ((index + 1) % 250 === 0) progress(`${index + 1} of ${operations} confirmed`);
    });
    const wasSeen = (): boolean => seen.asUnknown > 0 && seen.listed > 0;
    await waitUntil(wasSeen, { timeoutMs: limitMs(context) });
    await network.noFaults();
    const settledMs = await settledWithin(installation, limitMs(context));
    done = true;
    await watcher;
    await network.webhooks({ enabled: true });
    const counted = await tallySince(installation, before);
    const answersLost = (await lost(installation)) - lostBefore;

    check.equal("charges in the network's books", counted.captures, operations);
    check.equal("requests for money under one reference", await mostByReference(installation), 1);
    check.equal("effects in our metrics", counted.effects, operations);
    check.equal("payments that succeeded", counted.succeeded, operations);
    check.equal("payments that failed", counted.failed, 0);
    check.holds(
      `every lost answer was UNKNOWN (${counted.unknown} of ${answersLost})`,
      counted.unknown >= answersLost,
    );
    check.holds("every lost answer was looked up", counted.lookups >= answersLost);
    check.equal("UNKNOWN shown as anything but PROCESSING", seen.wrongly, 0);
    return {
      figures: {
        payments: operations,
        "answers lost": answersLost,
        "look-ups": counted.lookups,
        "charges in the network's books": counted.captures,
        "effects in our metrics": counted.effects,
        "double charges": counted.captures - operations,
        "wrongly failed": counted.failed,
        "times UNKNOWN was seen through the API": seen.asUnknown,
        "most UNKNOWN at once: operators' list (of 100), gauge": `${seen.listed}, ${seen.gauge}`,
        "settled after the last confirmation, ms": settledMs,
      },
      sometimes: {
        "answers of the network lost": answersLost,
        "UNKNOWN seen through the API": seen.asUnknown,
        "UNKNOWN on the operators' list": seen.listed,
      },
    };
  },
};
