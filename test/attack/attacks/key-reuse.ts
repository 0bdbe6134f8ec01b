import { type Attack, limitMs } from "../attack";
import { APPROVED, codeOf, openShop, orders, pay } from "../shop";
import { takeTally, tallySince } from "../tally";
import { settledWithin } from "../witness";

const SIZES = { full: { keys: 100 }, short: { keys: 10 } };

const OTHER_CARD = "pm_card_mastercard";

/** A caller with a bug: the same key for something else. */
export const keyReuse: Attack = {
  name: "key-reuse",
  promise: "A key with a changed body: IDEMPOTENCY_KEY_REUSED every time, and nothing is executed.",
  run: async (context) => {
    const { installation, check } = context;
    const { keys } = SIZES[context.size];
    const shop = openShop(installation);
    const wanted = orders(keys, { prefix: `reuse-${context.seed}` });
    const ids = await Promise.all(wanted.map((order) => pay(shop.client(), order)));
    await settledWithin(installation, limitMs(context));
    const first = ids[0] ?? "";
    await shop
      .client()
      .refundPaymentIntent(
        { paymentIntentId: first, amount: 5 },
        { idempotencyKey: `reuse-${context.seed}-refund` },
      );
    await settledWithin(installation, limitMs(context));

    const before = await takeTally(installation);
    const asked = wanted.flatMap((order, index) => {
      const client = shop.client();
      const creation = {
        amount: order.amount,
        currency: "EUR",
        paymentMethod: order.card,
        metadata: { sku: "shirt" },
      };
      const create = (input: object) =>
        client.createPaymentIntent(
          { ...creation, ...input },
          { idempotencyKey: `${order.id}-create` },
        );
      const confirm = (input: object) =>
        client.confirmPaymentIntent(
          { paymentIntentId: ids[index] ?? "", ...input },
          { idempotencyKey: `${order.id}-confirm` },
        );
      return [
        create({ amount: order.amount + 1 }),
        create({ currency: "USD" }),
        create({ paymentMethod: OTHER_CARD }),
        create({ captureMethod: "MANUAL" }),
        create({ metadata: { sku: "trousers" } }),
        create({ description: "something else" }),
        confirm({ paymentMethod: OTHER_CARD }),
        confirm({ paymentIntentId: ids[(index + 1) % ids.length] }),
      ].map(codeOf);
    });
    const refund = (amount: number): Promise<unknown> =>
      shop
        .client()
        .refundPaymentIntent(
          { paymentIntentId: first, amount },
          { idempotencyKey: `reuse-${context.seed}-refund` },
        );
    asked.push(codeOf(refund(6)));
    const codes = await Promise.all(asked);
    const refused = codes.filter((code) => code === "IDEMPOTENCY_KEY_REUSED").length;
    // The same wish written otherwise is the same wish: defaults spelt out, nulls left out, pairs in another order.
    const same = await Promise.all(
      wanted.map((order) =>
        shop.client().createPaymentIntent(
          {
            metadata: { sku: "shirt" },
            captureMethod: "AUTOMATIC",
            description: null,
            paymentMethod: APPROVED,
            currency: "EUR",
            amount: order.amount,
          },
          { idempotencyKey: `${order.id}-create` },
        ),
      ),
    );
    const replayed = same.filter(({ idempotency }) => idempotency.status === "REPLAYED").length;
    await settledWithin(installation, limitMs(context));
    const counted = await tallySince(installation, before);
    check.equal("refused with IDEMPOTENCY_KEY_REUSED", refused, asked.length);
    check.equal("replays of the same wish written otherwise", replayed, keys);
    check.equal("mutations executed", counted.executed, 0);
    check.equal("charges in the network's books", counted.captures, 0);
    check.equal("refunds in the network's books", counted.refunds, 0);
    check.equal("sales at the consumer", counted.sales, 0);
    check.equal("refusals in our metrics", counted.reused, asked.length);
    return {
      figures: {
        "requests with a used key and a changed body": asked.length,
        "refused with IDEMPOTENCY_KEY_REUSED": refused,
        "mutations executed by them": counted.executed,
        "movements in the network's books by them": counted.captures + counted.refunds,
        "same wish written otherwise, replayed": `${replayed} of ${keys}`,
      },
      sometimes: { "keys reused": counted.reused },
    };
  },
};
