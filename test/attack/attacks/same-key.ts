import { type Attack, limitMs } from "../attack";
import { codeOf, openShop, orders } from "../shop";
import { takeTally, tallySince } from "../tally";
import { settledWithin } from "../witness";

const SIZES = {
  full: { keys: 50, atOnce: 100, abreast: 5 },
  short: { keys: 6, atOnce: 40, abreast: 3 },
};

/** Everybody at once with one key, over two processes that know nothing of each other. */
export const sameKey: Attack = {
  name: "same-key",
  promise:
    "100 simultaneous requests with one key, 50 keys: one execution each, the rest replays or 409.",
  run: async (context) => {
    const { installation, check, progress } = context;
    const { keys, atOnce, abreast } = SIZES[context.size];
    // One try each: a retry would turn a 409 into a replay, and nobody would see it.
    const shop = openShop(installation, { retry: { triesMax: 1 }, timeoutMs: 120_000 });
    const before = await takeTally(installation);
    const wanted = orders(keys, { prefix: `same-${context.seed}` });
    const counts = {
      EXECUTED: 0,
      REPLAYED: 0,
      IDEMPOTENCY_KEY_IN_USE: 0,
      UNAVAILABLE: 0,
    };
    const others: string[] = [];
    const ids = new Set<string>();

    const ask = async (
      work: () => Promise<{ idempotency: { status: "EXECUTED" | "REPLAYED" } }>,
    ): Promise<void> => {
      try {
        counts[(await work()).idempotency.status] += 1;
      } catch (error) {
        const { code } = error as { code: string };
        if (code === "IDEMPOTENCY_KEY_IN_USE") counts[code] += 1;
        else if (code === "UNAVAILABLE" || code === "RATE_LIMITED") {
          // It was not its turn in time, and nothing was done: a crowd that large may hear that on a slow machine.
          counts.UNAVAILABLE += 1;
          await ask(work);
        } else others.push(code);
      }
    };
    const volley = async (order: (typeof wanted)[number]): Promise<void> => {
      const all = Array.from({ length: atOnce }, () => shop.client());
      const input = { amount: order.amount, currency: "EUR", paymentMethod: order.card };
      await Promise.all(
        all.map((client) =>
          ask(async () => {
            const made = await client.createPaymentIntent(input, {
              idempotencyKey: `${order.id}-create`,
            });
            ids.add(made.paymentIntent.id);
            return made;
          }),
        ),
      );
      const { paymentIntent } = await shop.client().createPaymentIntent(input, {
        idempotencyKey: `${order.id}-create`,
      });
      const confirm = { paymentIntentId: paymentIntent.id };
      const idempotencyKey = `${order.id}-confirm`;
      await Promise.all(
        all.map((client) => ask(() => client.confirmPaymentIntent(confirm, { idempotencyKey }))),
      );
    };
    for (let first = 0; first < keys; first += abreast) {
      await Promise.all(wanted.slice(first, first + abreast).map(volley));
      progress(`${Math.min(first + abreast, keys)} of ${keys} keys`);
    }
    // The same payment confirmed with another key is another operation, and refused: it is under way, or made.
    const [again] = await Promise.all(
      [...ids]
        .slice(0, 1)
        .map((paymentIntentId) =>
          codeOf(
            shop
              .client()
              .confirmPaymentIntent(
                { paymentIntentId },
                { idempotencyKey: `other-${context.seed}` },
              ),
          ),
        ),
    );
    await settledWithin(installation, limitMs(context));
    const counted = await tallySince(installation, before);
    check.equal("intents made", ids.size, keys);
    check.equal("executions", counts.EXECUTED, 2 * keys);
    check.equal("answers that are neither replay nor 409", others.join(", "), "");
    check.equal("charges in the network's books", counted.captures, keys);
    check.equal("effects in our metrics", counted.effects, keys);
    check.equal("executions in our metrics", counted.executed, 2 * keys + 1);
    check.equal("sales at the consumer", counted.sales, keys);
    check.equal("a second confirmation with another key", again, "INVALID_STATE");
    return {
      figures: {
        "keys × simultaneous requests × mutations": `${keys} × ${atOnce} × 2`,
        executed: counts.EXECUTED,
        replayed: counts.REPLAYED,
        "409 IDEMPOTENCY_KEY_IN_USE": counts.IDEMPOTENCY_KEY_IN_USE,
        "503 or 429, and asked again": counts.UNAVAILABLE,
        "anything else": others.length,
        "charges in the network's books": counted.captures,
        "effects in our metrics": counted.effects,
        "effects at the downstream consumer": counted.sales,
      },
      sometimes: { "requests with a key that was in use or done": counts.REPLAYED },
    };
  },
};
