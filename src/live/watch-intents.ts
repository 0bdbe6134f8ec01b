import type { Db } from "../db/db";
import type { Log } from "../observability/log";
import type { PaymentIntent } from "../payments/payment-intent";
import { type ChangedIntent, readChanges } from "./announce-changes";
import { findChanged } from "./find-changed";
import { type Listening, listenToChanges } from "./listen-to-changes";
import { type Newest, newestOf } from "./newest";
import { createReader } from "./read-watched";
import { type Watcher, createWatchers } from "./watchers";

/*
 * Guarantees: whoever watches a payment is given its state now, and then, in order, the newest state of each time that
 * it can take one, until a state that does not change any more. A change is seen within some milliseconds of its
 * commit, whichever process made it; if its announcement is lost, within two seconds.
 *
 * Every state is read behind the wall of the merchant that it belongs to: announcements are names, and no more.
 *
 * Cost, for a process that has watchers: one connection, on which it listens from the first one on; one statement every
 * two seconds that compares versions by primary key; and for the changes of a merchant's watched payments, one statement
 * for all that have changed meanwhile. Nothing for a process that has none.
 */

/** What watching needs. */
export interface WatchNeeds {
  readonly config: { readonly databaseUrl: string };
  readonly log: Log;
  /** Compares versions, across merchants. */
  readonly db: Db;
  readonly tenantDb: (merchantId: string) => Db;
}

export interface IntentWatch {
  /** The state now, and every newer one. Throws NOT_FOUND when this merchant has no such payment. */
  watch(merchantId: string, paymentIntentId: string): Promise<Newest<PaymentIntent>>;
  readonly watching: () => number;
  stop(): Promise<void>;
}

const POLL_MS = 2_000;

export function createIntentWatch(needs: WatchNeeds): IntentWatch {
  const watchers = createWatchers();
  const read = createReader(needs.tenantDb, watchers);
  let listening: Listening | undefined;
  let polling: NodeJS.Timeout | undefined;
  const readEverything = (): void => {
    for (const intent of watchers.watched()) read(intent);
  };
  const heard = (text: string): void => {
    const changes = readChanges(text);
    if (!changes) readEverything();
    for (const intent of changes ?? []) if (watchers.of(intent).length > 0) read(intent);
  };
  const poll = async (): Promise<void> => {
    for (const intent of await findChanged(needs.db, watchers.watched())) read(intent);
  };
  const begin = (): void => {
    listening ??= listenToChanges(needs.config.databaseUrl, needs.log, {
      heard,
      began: readEverything,
    });
    polling ??= setInterval(oneAtATime(poll), POLL_MS);
  };
  const remove = (intent: ChangedIntent, watcher: Watcher): void => {
    watchers.remove(intent, watcher);
    if (watchers.count() > 0) return;
    clearInterval(polling);
    polling = undefined;
  };
  return {
    watch: async (merchantId, paymentIntentId) => {
      begin();
      const intent = { merchantId, paymentIntentId };
      const states = newestOf<PaymentIntent>(() => remove(intent, watcher));
      const watcher: Watcher = { version: 0, states, opened: undefined };
      watchers.add(intent, watcher);
      read(intent);
      try {
        await opening(watcher);
      } catch (error) {
        states.end();
        throw error;
      }
      return states;
    },
    watching: watchers.count,
    stop: async () => {
      for (const { states } of watchers.all()) states.end();
      clearInterval(polling);
      await listening?.stop();
    },
  };
}

function opening(watcher: Watcher): Promise<void> {
  return new Promise((resolve, reject) => {
    watcher.opened = (failure) => {
      watcher.opened = undefined;
      if (failure === undefined) resolve();
      else reject(failure);
    };
  });
}

/** When the database is away or slow, the next time will do. */
function oneAtATime(work: () => Promise<void>): () => void {
  let isAtIt = false;
  return () => {
    if (isAtIt) return;
    isAtIt = true;
    work()
      .catch(() => undefined)
      .finally(() => (isAtIt = false));
  };
}
