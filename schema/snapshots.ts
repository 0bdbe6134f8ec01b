import type * as intents from "../src/payments/payment-intent";
import type { Page } from "../src/pagination";
import type { Context } from "./context";

/*
 * A replay shows a payment as it stood when its key was first used, but what belongs to a payment is read when it is
 * asked for. The two must not be of different times in one object: a cache would keep a PROCESSING payment whose attempt
 * has succeeded. So what belongs to the payment is null in a replay, once the payment has changed since.
 *
 * Cost: for a replay that selects such a list, one more look at the payment; nothing for anything else.
 */
const snapshots = new WeakSet<object>();

export function noteSnapshot(shown: object): void {
  snapshots.add(shown);
}

/** The page, if it is of the same time as the intent that it is asked of. */
export async function ofItsTime<Part>(
  context: Context,
  intent: intents.PaymentIntent,
  page: Promise<Page<Part>>,
): Promise<Page<Part> | null> {
  if (!snapshots.has(intent)) return page;
  const read = await page;
  const { intent: loader } = context.loaders();
  // After the page was read, so that a change meanwhile is seen; what was loaded before is of another time.
  const now = await loader.clear(intent.id).load(intent.id);
  return now && now.version === intent.version ? read : null;
}

export const OF_ITS_TIME =
  "Null in the answer to a repeated mutation, and in the result of an operation, if the payment has changed since: query `paymentIntent` for what is now.";
