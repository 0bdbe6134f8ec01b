import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "../../../src/dev/wait-until";
import type { Client, ClientOptions } from "../../../src/sdk/client";
import type { PaymentIntent } from "../../../src/sdk/objects";
import type { Random } from "../random";
import { APPROVED, type Order, create, pay } from "../shop";

/** What a shop does with an order; in turn. */
const WISHES = ["sale and refund", "capture", "void", "watched sale", "decline"] as const;
type Wish = (typeof WISHES)[number];

const DECLINED = "pm_card_chargeDeclined";
const LOOK_MS = 100;
/** Between two requests for the feed's next page. */
const FEED_MS = 200;

export interface Phase {
  readonly name: string;
  readonly startedAt: number;
  seconds: number;
  calls: number;
  retries: number;
  /** What they were for. */
  readonly codes: Record<string, number>;
  /** What callers were told after all retries. */
  readonly errors: string[];
  slowestMs: number;
}

/** An order that went through, and what must be in the network's books of it. */
export interface Done {
  readonly order: Order;
  readonly wish: Wish;
  readonly paymentIntentId: string;
  readonly captured: boolean;
  readonly refunded: number;
  /** The phase in which it was made. */
  readonly phase: Phase;
}

export interface Load {
  readonly phases: readonly Phase[];
  readonly done: readonly Done[];
  /** Orders of an earlier phase that were asked for again later. */
  readonly repeats: { asked: number; other: number };
  /** Ids of all events that the feed told. */
  readonly fed: ReadonlySet<string>;
  begin(name: string): void;
  /** Waits until so many more orders are through. */
  more(orders: number): Promise<void>;
  /** Lets the orders end that are under way and what they cause settle, and reads the feed to its end. */
  stop(settled: () => Promise<unknown>): Promise<void>;
}

export interface LoadOptions {
  readonly createClient: (options: ClientOptions) => Client;
  readonly url: string;
  readonly apiKey: string;
  /** What the first phase is called. */
  readonly phase: string;
  readonly lanes: number;
  readonly prefix: string;
  /** The amount of the first order, where others pay at the same network. */
  readonly amountFrom?: number;
  readonly random: Random;
  readonly limitMs: number;
}

/**
 * Callers who pay all the time, each order with an amount of its own, and a reader of the feed. They are clients as the SDK
 * makes them, with its own retries and no more.
 */
export function startLoad(options: LoadOptions): Load {
  const { lanes, limitMs, prefix, random, amountFrom = 10_000 } = options;
  const phases = [newPhase(options.phase)];
  const done: Done[] = [];
  const fed = new Set<string>();
  const repeats = { asked: 0, other: 0 };
  let taken = 0;
  let isStopping = false;
  let isSettled = false;
  const now = (): Phase => phases.at(-1) as Phase;
  const end = (phase: Phase): void => {
    phase.seconds = (performance.now() - phase.startedAt) / 1_000;
  };
  const client = options.createClient({
    url: options.url,
    apiKey: options.apiKey,
    onAttempt: ({ tries, code, retryInMs }) => {
      const phase = now();
      if (tries === 1) phase.calls += 1;
      else phase.retries += 1;
      if (retryInMs === undefined || code === undefined) return;
      phase.codes[code] = (phase.codes[code] ?? 0) + 1;
    },
  });
  const shop: Counter = { client: counting(client, now), limitMs };
  const lane = async (): Promise<void> => {
    while (!isStopping) {
      const wish = WISHES[taken % WISHES.length] ?? "capture";
      const amount = amountFrom + taken;
      taken += 1;
      const order = orderOf(wish, { id: `${prefix}-${String(amount)}`, amount });
      const phase = now();
      const result = await play(shop, wish, order).catch((error: unknown) => {
        // What a call came to was counted there. The shop goes on with the next order.
        const { name, message } = error as Error;
        if (name !== "OncepayError") now().errors.push(message);
        return undefined;
      });
      if (result) done.push({ order, wish, phase, ...result });
      else await pause(LOOK_MS);
      const earlier = done[Math.floor(random() * done.length)];
      if (!earlier || earlier.phase === now()) continue;
      repeats.asked += 1;
      const again = await pay(shop.client, earlier.order).catch(() => earlier.paymentIntentId);
      if (again !== earlier.paymentIntentId) repeats.other += 1;
    }
  };
  const working = Promise.all(Array.from({ length: lanes }, lane));
  const feed = readFeed(shop.client, fed, () => isSettled);
  return {
    phases,
    done,
    repeats,
    fed,
    begin: (name) => {
      end(now());
      phases.push(newPhase(name));
    },
    more: async (orders) => {
      const wanted = done.length + orders;
      if (await waitUntil(() => done.length >= wanted, { timeoutMs: limitMs })) return;
      throw new Error(`in "${now().name}" orders no longer go through`);
    },
    stop: async (settled) => {
      isStopping = true;
      await working;
      await settled();
      isSettled = true;
      await feed;
      end(now());
    },
  };
}

function newPhase(name: string): Phase {
  const startedAt = performance.now();
  return { name, startedAt, seconds: 0, calls: 0, retries: 0, codes: {}, errors: [], slowestMs: 0 };
}

interface Counter {
  readonly client: Client;
  readonly limitMs: number;
}

/** The same client; what fails for good is counted in the phase in which the caller hears of it. */
function counting(client: Client, now: () => Phase): Client {
  return new Proxy(client, {
    get: (target, name: keyof Client) => {
      const call = target[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const startedAt = performance.now();
        try {
          return await call(...args);
        } catch (error) {
          const { code, message } = error as { code?: string; message: string };
          if (code !== "ABORTED") now().errors.push(`${name}: ${code ?? "?"}: ${message}`);
          throw error;
        } finally {
          const tookMs = performance.now() - startedAt;
          if (name !== "paymentIntentUpdated") now().slowestMs = Math.max(now().slowestMs, tookMs);
        }
      };
    },
  });
}

function orderOf(wish: Wish, { id, amount }: Pick<Order, "id" | "amount">): Order {
  const manual = wish === "capture" || wish === "void";
  return { id, amount, card: wish === "decline" ? DECLINED : APPROVED, ...(manual && { manual }) };
}

type Played = Pick<Done, "paymentIntentId" | "captured" | "refunded">;

async function play(shop: Counter, wish: Wish, order: Order): Promise<Played> {
  const { client } = shop;
  const key = (what: string) => ({ idempotencyKey: `${order.id}-${what}` });
  const paymentIntentId = await create(client, order);
  const said = wish === "watched sale" ? watching(shop, paymentIntentId) : undefined;
  await pay(client, order);
  const result = { paymentIntentId, captured: true, refunded: 0 };
  switch (wish) {
    case "sale and refund": {
      await until(shop, paymentIntentId, "SUCCEEDED");
      const amount = order.amount - 5_000;
      await client.refundPaymentIntent({ paymentIntentId, amount }, key("refund"));
      return { ...result, refunded: amount };
    }
    case "capture":
      await until(shop, paymentIntentId, "REQUIRES_CAPTURE");
      await client.capturePaymentIntent({ paymentIntentId }, key("capture"));
      await until(shop, paymentIntentId, "SUCCEEDED");
      return result;
    case "void":
      await until(shop, paymentIntentId, "REQUIRES_CAPTURE");
      await client.cancelPaymentIntent({ paymentIntentId }, key("cancel"));
      return { ...result, captured: false };
    case "watched sale":
      await said;
      return result;
    case "decline":
      await until(shop, paymentIntentId, "FAILED", "REQUIRES_PAYMENT_METHOD");
      return { ...result, captured: false };
  }
}

async function until(
  { client, limitMs }: Counter,
  id: string,
  ...wanted: readonly PaymentIntent["status"][]
): Promise<void> {
  let status: string | undefined;
  const isThere = async (): Promise<boolean> => {
    status = (await client.paymentIntent({ id }))?.status;
    return wanted.some((one) => one === status);
  };
  if (await waitUntil(isThere, { timeoutMs: limitMs, everyMs: LOOK_MS })) return;
  throw new Error(`${id} is still ${String(status)}`);
}

/** By a subscription, through however many APIs. */
async function watching({ client, limitMs }: Counter, id: string): Promise<void> {
  const enough = new AbortController();
  let isPaid = false;
  const onNext = ({ status }: PaymentIntent): void => {
    isPaid ||= status === "SUCCEEDED";
    if (isPaid) enough.abort();
  };
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(limitMs)]);
  await client.paymentIntentUpdated({ id }, { signal, onNext }).catch((error: unknown) => {
    if (!isPaid) throw error;
  });
}

/** As a partner reads it: by the cursor of the last page, whichever API gave that; at the end until nothing more comes. */
async function readFeed(client: Client, fed: Set<string>, isOver: () => boolean): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const isLast = isOver();
    const page = await client
      .events({ first: 100, ...(after !== undefined && { after }) })
      .catch(() => undefined);
    for (const { node } of page?.edges ?? []) fed.add(node.id);
    after = page?.pageInfo.endCursor ?? after;
    if (page?.edges.length === 0 && isLast) return;
    if (page?.pageInfo.hasNextPage !== true) await pause(FEED_MS);
  }
}
