import type { Client, PaymentIntent } from "../../sdk";
import { waitUntil } from "../wait-until";

/** A shop's morning: what a merchant's backend does, through the public API and the SDK alone. */

export interface Scene {
  readonly name: string;
  readonly play: (client: Client, shop: Shop) => Promise<string>;
}

export interface Shop {
  /** The same in every key of a run, so that a run is not a replay of the one before. */
  readonly run: string;
  /** Intents made so far, for the table at the end. */
  readonly intents: { readonly id: string; readonly scene: string }[];
}

const SETTLE_TIMEOUT_MS = 20_000;

export const SCENES: readonly Scene[] = [
  {
    name: "a card that works",
    play: async (client, shop) => {
      const id = await create(client, shop, { scene: "success", amount: 2_500 });
      await confirm(client, shop, id);
      return expectStatus(await settled(client, id), "SUCCEEDED");
    },
  },
  {
    name: "insufficient funds, then another card",
    play: async (client, shop) => {
      const paymentMethod = "pm_card_chargeDeclinedInsufficientFunds";
      const id = await create(client, shop, { scene: "second card", amount: 8_900, paymentMethod });
      await confirm(client, shop, id);
      const declined = await settled(client, id);
      expectStatus(declined, "REQUIRES_PAYMENT_METHOD");
      await client.confirmPaymentIntent(
        { paymentIntentId: id, paymentMethod: "pm_card_mastercard" },
        { idempotencyKey: `${shop.run}-${id}-again` },
      );
      const paid = expectStatus(await settled(client, id), "SUCCEEDED");
      return `${declined.lastPaymentError?.declineCode ?? "?"}, then ${paid}`;
    },
  },
  {
    name: "a stolen card",
    play: async (client, shop) => {
      const paymentMethod = "pm_card_chargeDeclinedStolenCard";
      const id = await create(client, shop, {
        scene: "hard decline",
        amount: 1_200,
        paymentMethod,
      });
      await confirm(client, shop, id);
      return expectStatus(await settled(client, id), "FAILED");
    },
  },
  {
    name: "Pay tapped three times on hotel Wi-Fi",
    play: async (client, shop) => {
      const id = await create(client, shop, { scene: "three taps", amount: 4_200 });
      const idempotencyKey = `${shop.run}-${id}-tap`;
      const taps = await Promise.all(
        [1, 2, 3].map(() =>
          client.confirmPaymentIntent({ paymentIntentId: id }, { idempotencyKey }),
        ),
      );
      const executed = taps.filter(({ idempotency }) => idempotency.status === "EXECUTED").length;
      if (executed !== 1)
        throw new Error(`three identical confirms executed ${String(executed)} times`);
      return `${expectStatus(await settled(client, id), "SUCCEEDED")}, executed once, replayed twice`;
    },
  },
  {
    name: "a partial and a full refund",
    play: async (client, shop) => {
      const id = await create(client, shop, { scene: "refunded", amount: 6_000 });
      await confirm(client, shop, id);
      expectStatus(await settled(client, id), "SUCCEEDED");
      await refund(client, shop, { id, amount: 1_500 });
      await refund(client, shop, { id });
      const { amountRefunded } = await intent(client, id);
      if (amountRefunded !== 6_000) throw new Error(`${String(amountRefunded)} of 6000 refunded`);
      return "1500 and then the 4500 that were left";
    },
  },
  {
    name: "reserved, then canceled",
    play: async (client, shop) => {
      const captureMethod = "MANUAL" as const;
      const id = await create(client, shop, { scene: "canceled", amount: 9_900, captureMethod });
      await confirm(client, shop, id);
      expectStatus(await settled(client, id), "REQUIRES_CAPTURE");
      await client.cancelPaymentIntent(
        { paymentIntentId: id, reason: "REQUESTED_BY_CUSTOMER" },
        { idempotencyKey: `${shop.run}-${id}-cancel` },
      );
      return expectStatus(await settled(client, id), "CANCELED");
    },
  },
];

async function create(
  client: Client,
  shop: Shop,
  order: {
    scene: string;
    amount: number;
    paymentMethod?: string;
    captureMethod?: "AUTOMATIC" | "MANUAL";
  },
): Promise<string> {
  const { scene, ...input } = order;
  const { paymentIntent } = await client.createPaymentIntent(
    { currency: "USD", paymentMethod: "pm_card_visa", merchantReference: scene, ...input },
    { idempotencyKey: `${shop.run}-${scene.replaceAll(" ", "-")}` },
  );
  shop.intents.push({ id: paymentIntent.id, scene });
  return paymentIntent.id;
}

async function confirm(client: Client, shop: Shop, id: string): Promise<void> {
  const idempotencyKey = `${shop.run}-${id}-confirm`;
  await client.confirmPaymentIntent({ paymentIntentId: id }, { idempotencyKey });
}

async function refund(
  client: Client,
  shop: Shop,
  what: { id: string; amount?: number },
): Promise<void> {
  const { id, ...amount } = what;
  const made = await client.refundPaymentIntent(
    { paymentIntentId: id, ...amount },
    { idempotencyKey: `${shop.run}-${id}-refund-${String(what.amount ?? "rest")}` },
  );
  const done = await waitUntil(
    async () => (await client.refund({ id: made.refund.id }))?.status === "SUCCEEDED",
    { timeoutMs: SETTLE_TIMEOUT_MS },
  );
  if (!done) throw new Error(`refund ${made.refund.id} did not succeed`);
}

export async function intent(client: Client, id: string): Promise<PaymentIntent> {
  const found = await client.paymentIntent({ id });
  if (!found) throw new Error(`there is no intent ${id}`);
  return found;
}

async function settled(client: Client, id: string): Promise<PaymentIntent> {
  let last: PaymentIntent | undefined;
  await waitUntil(
    async () => {
      last = await intent(client, id);
      return last.status !== "PROCESSING";
    },
    { timeoutMs: SETTLE_TIMEOUT_MS },
  );
  if (!last) throw new Error(`no answer about ${id}`);
  return last;
}

function expectStatus(found: PaymentIntent, status: PaymentIntent["status"]): string {
  if (found.status !== status) throw new Error(`${found.id} is ${found.status}, not ${status}`);
  return status;
}
