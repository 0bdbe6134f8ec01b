import { type Attack, limitMs } from "../attack";
import { shuffled } from "../random";
import { eachLimited, openShop, orders, pay } from "../shop";
import { mostByReference, takeTally, tallySince } from "../tally";
import { isBegunAnswer } from "../tcp-proxy";
import { networkOf, settledWithin } from "../witness";

const SIZES = {
  full: { operations: 1_000, duplication: 3, faults: 0.2, concurrency: 48 },
  short: { operations: 60, duplication: 3, faults: 0.2, concurrency: 24 },
};

/** Duplicates, concurrency, and answers lost on both sides of us: the client's and the card network's. */
export const lostAnswers: Attack = {
  name: "lost-answers",
  promise:
    "N logical operations, asked for three times each, with answers lost: exactly N effects.",
  run: async (context) => {
    const { installation, random, check, progress } = context;
    const size = SIZES[context.size];
    const operations = context.operations ?? size.operations;
    const duplication = context.duplication ?? size.duplication;
    const faults = context.faults ?? size.faults;
    const network = networkOf(installation);
    const before = await takeTally(installation);
    await network.fault({
      fault: "lose_response",
      rate: faults,
      operation: "charge",
      seed: context.seed,
    });
    const proxy = installation.proxies.api;
    const lostBefore = proxy?.lost() ?? 0;
    proxy?.loseAnswers({
      matches: (request) => request.includes("POST /graphql") && random() < faults,
      isWhole: isBegunAnswer,
      timesMax: Infinity,
    });
    const shop = openShop(installation);
    const wanted = orders(operations, { prefix: `lost-${context.seed}` });
    const asked = shuffled(Array.from({ length: duplication }, () => wanted).flat(), random);
    const paid = new Map<string, Set<string>>();
    let done = 0;
    await eachLimited(asked, size.concurrency, async (order) => {
      const id = await pay(shop.client(), order);
      paid.set(order.id, (paid.get(order.id) ?? new Set()).add(id));
      done += 1;
      if (done % 500 === 0) progress(`${done} of ${asked.length} requests for a payment answered`);
    });
    proxy?.loseAnswers(undefined);
    await network.noFaults();
    const settledMs = await settledWithin(installation, limitMs(context));
    const counted = await tallySince(installation, before);
    const lost = (proxy?.lost() ?? 0) - lostBefore;

    check.equal("orders that became one payment", paid.size, operations);
    check.holds(
      "each order is one payment",
      [...paid.values()].every((ids) => ids.size === 1),
    );
    check.equal("charges in the network's books", counted.captures, operations);
    check.equal("requests for money under one reference", await mostByReference(installation), 1);
    check.equal("effects in our metrics", counted.effects, operations);
    check.equal("sales at the consumer", counted.sales, operations);
    check.equal("payments that succeeded", counted.succeeded, operations);
    check.equal("amount: consumer and network", counted.salesAmount, counted.captured);
    check.equal("mutations executed", counted.executed, 2 * operations);
    return {
      figures: {
        "logical operations": operations,
        "requests by clients (2 mutations each, with retries)": shop.tries.sent,
        "effects in the network's books": counted.captures,
        "effects in our metrics": counted.effects,
        "effects at the downstream consumer": counted.sales,
        "mutations executed / replayed": `${counted.executed} / ${counted.replayed}`,
        "amount captured = booked by the consumer": `${counted.captured} = ${counted.salesAmount}`,
        "settled after the last request, ms": settledMs,
      },
      sometimes: {
        "answers to clients lost": lost,
        "answers of the network lost": counted.faults,
        "duplicates replayed": counted.replayed,
      },
    };
  },
};
