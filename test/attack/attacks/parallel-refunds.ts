import { type Attack, limitMs } from "../attack";
import { openShop, orders, pay } from "../shop";
import { takeTally, tallySince } from "../tally";
import { networkOf, settledWithin } from "../witness";

const SIZES = { full: { payments: 10, refunds: 50 }, short: { payments: 2, refunds: 50 } };

/** How many times what was captured they ask for altogether. */
const GREED = 5;
const REFUND = 700;

/** Everybody refunds the same payment at the same moment, for much more than there is. */
export const parallelRefunds: Attack = {
  name: "parallel-refunds",
  promise:
    "50 parallel refunds whose sum is five times what was captured: refunded equals captured.",
  run: async (context) => {
    const { installation, check } = context;
    const { payments, refunds } = SIZES[context.size];
    const amount = (refunds * REFUND) / GREED;
    const shop = openShop(installation);
    const before = await takeTally(installation);
    const wanted = orders(payments, { prefix: `refunds-${context.seed}`, amount: () => amount });
    const ids = await Promise.all(wanted.map((order) => pay(shop.client(), order)));
    await settledWithin(installation, limitMs(context));
    // Some of the refunds are made and not heard of, so that reservations stay for a while.
    await networkOf(installation).fault({
      fault: "lose_response",
      rate: 0.2,
      operation: "refund",
      seed: context.seed,
    });
    const codes: Record<string, number> = {};
    await Promise.all(
      ids.flatMap((paymentIntentId, payment) =>
        Array.from({ length: refunds }, async (_, index) => {
          const idempotencyKey = `refund-${context.seed}-${payment}-${index}`;
          const code = await shop
            .client()
            .refundPaymentIntent({ paymentIntentId, amount: REFUND }, { idempotencyKey })
            .then(() => "made")
            .catch((error: { code: string }) => error.code);
          codes[code] = (codes[code] ?? 0) + 1;
        }),
      ),
    );
    const settledMs = await settledWithin(installation, limitMs(context));
    await networkOf(installation).noFaults();
    const counted = await tallySince(installation, before);
    const intents = await Promise.all(ids.map((id) => shop.client().paymentIntent({ id })));
    const wrong = intents.filter((intent) => intent?.amountRefunded !== amount);
    const made = (payments * refunds) / GREED;
    check.equal("payments whose refunds are not exactly what was captured", wrong.length, 0);
    check.equal("refunds in the network's books", counted.refunds, made);
    check.equal("answers", codes, { made, AMOUNT_TOO_LARGE: payments * refunds - made });
    return {
      figures: {
        "payments × parallel refunds": `${payments} × ${refunds}`,
        "captured on each, and asked back": `${amount}, ${refunds * REFUND}`,
        "refunds made": codes["made"] ?? 0,
        "refused as AMOUNT_TOO_LARGE": codes["AMOUNT_TOO_LARGE"] ?? 0,
        "refunded in the network's books": counted.refunds * REFUND,
        "captured in the network's books": counted.captured,
        "settled after the last refund, ms": settledMs,
      },
      sometimes: {
        "refunds refused": codes["AMOUNT_TOO_LARGE"] ?? 0,
        "answers of the network lost": counted.faults,
      },
    };
  },
};
