import { run } from "../../src/db/db";
import type { OncepayError } from "../../src/sdk/oncepay-error";
import type { Installation } from "./installation";
import { APPROVED, type Order, type Shop, create, openShop, pay, payAnew } from "./shop";

/** Customers who go on buying, and what they were told. */
export interface Load {
  readonly shop: Shop;
  readonly orders: readonly Order[];
  /** Intents whose creation, and whose confirmation, a client was told of. */
  readonly created: Set<string>;
  readonly confirmed: Set<string>;
  /** Returns how many orders there were, all of which have had their answers. */
  stop(): Promise<number>;
}

export function startLoad(
  installation: Installation,
  options: {
    readonly prefix: string;
    readonly atOnce: number;
    /** An amount of its own for each order, from here: by it the network's books know whose a charge is. */
    readonly amountFrom?: number;
    /** A payment may be gone that was answered: whoever hears that asks for it once more, with the same key. */
    readonly isLossy?: boolean;
  },
): Load {
  const shop = openShop(installation);
  const load = {
    shop,
    orders: [] as Order[],
    created: new Set<string>(),
    confirmed: new Set<string>(),
  };
  const payFor = options.isLossy === true ? payAnew : pay;
  let stopping = false;
  const buy = async (order: Order): Promise<void> => {
    const client = shop.client();
    // Noted the moment it was acknowledged, whatever becomes of the confirmation.
    load.created.add(await create(client, order));
    load.confirmed.add(await payFor(client, order));
  };
  const customer = async (): Promise<void> => {
    while (!stopping) {
      const number = load.orders.length;
      const amount = options.amountFrom === undefined ? 1_000 : options.amountFrom + number;
      const order = { id: `${options.prefix}-${String(number)}`, amount, card: APPROVED };
      load.orders.push(order);
      await (options.isLossy === true ? untilKnown(() => buy(order)) : buy(order));
    }
  };
  const customers = Array.from({ length: options.atOnce }, customer);
  return {
    ...load,
    stop: async () => {
      stopping = true;
      await Promise.all(customers);
      return load.orders.length;
    },
  };
}

const ASKED_AGAIN_MAX = 10;

/** Nothing here asks for a payment that it was not told of: one that is not found is gone. */
export async function untilKnown<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let again = 0; ; again += 1) {
    try {
      return await ask();
    } catch (error) {
      const isGone = (error as OncepayError).code === "NOT_FOUND";
      if (!isGone || again >= ASKED_AGAIN_MAX) throw error;
    }
  }
}

/** How many of those that customers were told of are not there. */
export async function missingFrom(
  { db }: Pick<Installation, "db">,
  { created, confirmed }: Pick<Load, "created" | "confirmed">,
): Promise<{ created: number; confirmed: number }> {
  const [row] = await run<{ created: number; confirmed: number }>(
    db,
    {
      name: "attack_present",
      text: `select count(*) filter (where id = any(?)) as "created",
        count(*) filter (where id = any(?) and status = 'SUCCEEDED') as "confirmed" from payment_intents`,
    },
    [[...created], [...confirmed]],
  );
  return {
    created: created.size - (row?.created ?? 0),
    confirmed: confirmed.size - (row?.confirmed ?? 0),
  };
}
