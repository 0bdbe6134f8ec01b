import { type Client, type ClientOptions, createClient } from "../../src/sdk/client";
import type { OncepayError } from "../../src/sdk/oncepay-error";
import type { Installation } from "./installation";

/** The merchant's backend: it repeats whatever had no answer, with the same key. */
export interface Shop {
  /** One for each API process. */
  readonly clients: readonly Client[];
  readonly tries: {
    /** Calls begun, and how often they were sent. */
    calls: number;
    sent: number;
    /** Answers by code; OK where there was none. */
    readonly codes: Record<string, number>;
  };
  /** The next client in turn. */
  client(): Client;
}

/** An attack loses far more answers than a client's budget would repeat. */
const STUBBORN: Partial<ClientOptions> = {
  budget: { ratio: 20, burst: 1_000_000, initial: 1_000 },
  retry: { baseMs: 50, capMs: 1_000, triesMax: 1_000 },
  timeoutMs: 15_000,
  deadlineMs: 300_000,
};

export function openShop(
  installation: Pick<Installation, "graphqlUrls" | "merchant">,
  options: Partial<ClientOptions> = {},
): Shop {
  const tries: Shop["tries"] = { calls: 0, sent: 0, codes: {} };
  const clients = installation.graphqlUrls.map((url) =>
    createClient({
      ...STUBBORN,
      onAttempt: (report) => {
        if (report.tries === 1) tries.calls += 1;
        tries.sent += 1;
        const code = report.code ?? "OK";
        tries.codes[code] = (tries.codes[code] ?? 0) + 1;
      },
      url,
      apiKey: installation.merchant.secretKey,
      ...options,
    }),
  );
  let turn = 0;
  return {
    clients,
    tries,
    client: () => {
      turn += 1;
      return clients[turn % clients.length] as Client;
    },
  };
}

export interface Order {
  /** What makes it one wish: its keys are made of it. */
  readonly id: string;
  readonly amount: number;
  readonly card: string;
  readonly manual?: boolean;
  /** What is done by itself shortly before what is held expires. */
  readonly policy?: "CAPTURE" | "VOID";
}

/** Creates and confirms; whoever repeats an order gets the same payment. */
export async function pay(client: Client, order: Order): Promise<string> {
  const id = await create(client, order);
  await client.confirmPaymentIntent(
    { paymentIntentId: id },
    { idempotencyKey: `${order.id}-confirm` },
  );
  return id;
}

/**
 * The same, where a payment that was told of may be gone: then another one is made for the order. So the key of its
 * confirmation is made of the payment, and not of the order.
 */
export async function payAnew(client: Client, order: Order): Promise<string> {
  const id = await create(client, order);
  const idempotencyKey = `${order.id}-confirm-${id}`;
  await client.confirmPaymentIntent({ paymentIntentId: id }, { idempotencyKey });
  return id;
}

export async function create(client: Client, order: Order): Promise<string> {
  const { paymentIntent } = await client.createPaymentIntent(
    {
      amount: order.amount,
      currency: "EUR",
      paymentMethod: order.card,
      ...(order.manual === true && { captureMethod: "MANUAL" as const }),
      ...(order.policy !== undefined && { authorizationExpiryPolicy: order.policy }),
      metadata: { sku: "shirt" },
    },
    { idempotencyKey: `${order.id}-create` },
  );
  return paymentIntent.id;
}

/** The code of a call's failure, or undefined when it succeeded. */
export async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return (error as OncepayError).code;
  }
}

/** Works through items with so many at a time, in order. */
export async function eachLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array<Result>(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index] as Item, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}

export const APPROVED = "pm_card_visa";

export function orders(
  count: number,
  of: {
    readonly prefix: string;
    readonly amount?: (index: number) => number;
    readonly card?: string;
  },
): Order[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${of.prefix}-${String(index)}`,
    amount: of.amount?.(index) ?? 1_000 + index,
    card: of.card ?? APPROVED,
  }));
}
