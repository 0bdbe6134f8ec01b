import type * as intents from "../src/payments/payment-intent";
import type { Context } from "./context";

/*
 * The answer to a mutation shows a payment as it stood when its key was first used, which may be long ago, or as it stood
 * at the commit, since when a worker may have been quick; what a subscription sends is the payment as it was read. But
 * what belongs to a payment is read when it is asked for. The two must not be of different times in one object: a cache
 * would keep a PROCESSING payment whose attempt has succeeded. So what belongs to the payment is null in a snapshot, once
 * the payment has changed since.
 *
 * Cost: for a snapshot of which such a list is selected, one more look at the payment; nothing for anything else.
 */
const snapshots = new WeakSet<object>();

export function noteSnapshot(shown: object): void {
  snapshots.add(shown);
}

/** The page, if it is of the same time as the intent that it is asked of. */
export async function ofItsTime<Page>(
  context: Context,
  intent: intents.PaymentIntent,
  page: Promise<Page>,
): Promise<Page | null> {
  if (!snapshots.has(intent)) return page;
  const read = await page;
  const { intent: loader } = context.loaders();
  // After the page was read, so that a change meanwhile is seen; what was loaded before is of another time.
  const now = await loader.clear(intent.id).load(intent.id);
  return now && now.version === intent.version ? read : null;
}

export const OF_ITS_TIME =
  "Null in the answer to a mutation, in the result of an operation and in what a subscription sends, if the payment has changed since: query `paymentIntent` for what is now.";
