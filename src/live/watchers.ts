import type { PaymentIntent } from "../payments/payment-intent";
import type { ChangedIntent } from "./announce-changes";
import type { Newest } from "./newest";

/** Somebody who watches a payment. */
export interface Watcher {
  /** Of the newest state that was shown; 0 before the first. */
  version: number;
  readonly states: Newest<PaymentIntent>;
  /** For the first state, or why there is none; undefined once it was told. */
  opened: ((failure?: Error) => void) | undefined;
}

/** Who watches what in this process. */
export interface Watchers {
  add(intent: ChangedIntent, watcher: Watcher): void;
  remove(intent: ChangedIntent, watcher: Watcher): void;
  of(intent: ChangedIntent): readonly Watcher[];
  readonly count: () => number;
  readonly watched: () => (ChangedIntent & { readonly version: number })[];
  readonly all: () => Watcher[];
}

export function createWatchers(): Watchers {
  const merchants = new Map<string, Map<string, Set<Watcher>>>();
  let count = 0;
  return {
    add: ({ merchantId, paymentIntentId }, watcher) => {
      const watched = merchants.get(merchantId) ?? new Map<string, Set<Watcher>>();
      merchants.set(merchantId, watched);
      const watchers = watched.get(paymentIntentId) ?? new Set<Watcher>();
      watched.set(paymentIntentId, watchers.add(watcher));
      count += 1;
    },
    remove: ({ merchantId, paymentIntentId }, watcher) => {
      const watched = merchants.get(merchantId);
      const watchers = watched?.get(paymentIntentId);
      if (!watchers?.delete(watcher)) return;
      count -= 1;
      if (watchers.size === 0) watched?.delete(paymentIntentId);
      if (watched?.size === 0) merchants.delete(merchantId);
    },
    of: ({ merchantId, paymentIntentId }) => [
      ...(merchants.get(merchantId)?.get(paymentIntentId) ?? []),
    ],
    count: () => count,
    watched: () =>
      [...merchants].flatMap(([merchantId, watched]) =>
        [...watched].map(([paymentIntentId, watchers]) => {
          const version = Math.min(...[...watchers].map((watcher) => watcher.version));
          return { merchantId, paymentIntentId, version };
        }),
      ),
    all: () =>
      [...merchants.values()].flatMap((watched) =>
        [...watched.values()].flatMap((watchers) => [...watchers]),
      ),
  };
}
