import { run } from "../../../src/db/db";
import { waitUntil } from "../../../src/dev/wait-until";
import type { Client } from "../../../src/sdk/client";
import type { Installation } from "../installation";
import type { Shop } from "../shop";

/** What a shop wants of a payment, each operation asked for several times at once under one key. */

export const WISHES = [
  "sale",
  "sale and refund",
  "decline",
  "challenge",
  "capture",
  "void",
] as const;
export type Wish = (typeof WISHES)[number];

const VISA = "pm_card_visa";
const CARDS: Partial<Record<Wish, string>> = {
  decline: "pm_card_visa_chargeDeclinedInsufficientFunds",
  challenge: "pm_card_threeDSecureRequired",
};
const COPIES = 3;
const AT_REST = new Set([
  "SUCCEEDED",
  "REQUIRES_PAYMENT_METHOD",
  "REQUIRES_CAPTURE",
  "FAILED",
  "CANCELED",
]);

export interface Asked {
  readonly installation: Installation;
  readonly shop: Shop;
  readonly id: string;
  readonly amount: number;
  readonly limitMs: number;
}

export async function comeTrue(wish: Wish, asked: Asked): Promise<void> {
  const { id, amount, shop } = asked;
  const isManual = wish === "capture" || wish === "void";
  const { paymentIntent } = await shop.client().createPaymentIntent(
    {
      amount,
      currency: "EUR",
      paymentMethod: CARDS[wish] ?? VISA,
      ...(isManual && { captureMethod: "MANUAL" as const }),
    },
    { idempotencyKey: `${id}-create` },
  );
  const paymentIntentId = paymentIntent.id;
  const returnUrl = "https://shop.example/return";
  await all(asked, (client) =>
    client.confirmPaymentIntent(
      { paymentIntentId, returnUrl },
      { idempotencyKey: `${id}-confirm` },
    ),
  );
  const status = await atRest(asked, paymentIntentId);
  if (status === "REQUIRES_PAYMENT_METHOD") {
    const another = { paymentIntentId, returnUrl, paymentMethod: VISA };
    const idempotencyKey = `${id}-another`;
    await all(asked, (client) => client.confirmPaymentIntent(another, { idempotencyKey }));
    await atRest(asked, paymentIntentId);
  }
  await follow(wish, asked, paymentIntentId);
}

async function follow(wish: Wish, asked: Asked, paymentIntentId: string): Promise<void> {
  const { id, amount } = asked;
  const key = (what: string) => ({ idempotencyKey: `${id}-${what}` });
  switch (wish) {
    case "capture":
      await all(asked, (client) =>
        client.capturePaymentIntent({ paymentIntentId }, key("capture")),
      );
      break;
    case "void":
      await all(asked, (client) => client.cancelPaymentIntent({ paymentIntentId }, key("cancel")));
      break;
    case "sale and refund": {
      const part = { paymentIntentId, amount: Math.floor(amount / 3) };
      await all(asked, (client) => client.refundPaymentIntent(part, key("refund")));
      break;
    }
    case "sale":
    case "decline":
    case "challenge":
  }
}

/** The same wish, so the same key, at the same time. */
async function all({ shop }: Asked, work: (client: Client) => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: COPIES }, () => work(shop.client())));
}

const STATUS = {
  name: "attack_status",
  text: `select status as "status" from payment_intents where id = ?`,
};

async function atRest({ installation, limitMs }: Asked, paymentIntentId: string): Promise<string> {
  let status = "";
  const came = await waitUntil(
    async () => {
      const [row] = await run<{ status: string }>(installation.db, STATUS, [paymentIntentId]);
      status = row?.status ?? "";
      return AT_REST.has(status);
    },
    { timeoutMs: limitMs, everyMs: 100 },
  );
  if (!came) throw new Error(`${paymentIntentId} is ${status}`);
  return status;
}
