import type { Db } from "../db/db";
import { notFound, verdict } from "../failures";
import { type PaymentIntent, isTerminal } from "../payments/payment-intent";
import { findIntents } from "../payments/payment-store";
import type { ChangedIntent } from "./announce-changes";
import type { Watcher, Watchers } from "./watchers";

/** The most that one statement is asked for. */
const SET_SIZE_MAX = 500;

/**
 * Reads payments for those who watch them, behind the wall of the merchant that they belong to. What is to be read while
 * a merchant's payments are being read is read after that, together: one statement at a time for each merchant.
 */
export function createReader(
  tenantDb: (merchantId: string) => Db,
  watchers: Watchers,
): (intent: ChangedIntent) => void {
  const wanted = new Map<string, Set<string>>();
  const reading = new Set<string>();
  const readAll = async (merchantId: string): Promise<void> => {
    if (reading.has(merchantId)) return;
    reading.add(merchantId);
    try {
      for (let ids = takeSome(wanted, merchantId); ids.length > 0;) {
        await readSome(tenantDb, watchers, { merchantId, ids });
        ids = takeSome(wanted, merchantId);
      }
    } finally {
      reading.delete(merchantId);
    }
  };
  return ({ merchantId, paymentIntentId }) => {
    const ids = wanted.get(merchantId) ?? new Set<string>();
    wanted.set(merchantId, ids.add(paymentIntentId));
    void readAll(merchantId);
  };
}

function takeSome(wanted: Map<string, Set<string>>, merchantId: string): string[] {
  const ids = [...(wanted.get(merchantId) ?? [])];
  if (ids.length > SET_SIZE_MAX) wanted.set(merchantId, new Set(ids.slice(SET_SIZE_MAX)));
  else wanted.delete(merchantId);
  return ids.slice(0, SET_SIZE_MAX);
}

async function readSome(
  tenantDb: (merchantId: string) => Db,
  watchers: Watchers,
  { merchantId, ids }: { readonly merchantId: string; readonly ids: readonly string[] },
): Promise<void> {
  // Whoever comes while it is read has asked for another read, after this one.
  const asking = ids.map((id) => watchers.of({ merchantId, paymentIntentId: id }));
  try {
    const found = await findIntents(tenantDb(merchantId), merchantId, ids);
    const byId = new Map(found.map((intent) => [intent.id, intent]));
    ids.forEach((id, index) => {
      for (const watcher of asking[index] ?? []) show(watcher, byId.get(id), id);
    });
  } catch (error) {
    // What those have missed who have seen a state before, polling will find.
    for (const watcher of asking.flat()) watcher.opened?.(error as Error);
  }
}

function show(watcher: Watcher, intent: PaymentIntent | undefined, id: string): void {
  if (!intent) {
    watcher.opened?.(verdict(notFound("payment intent", id)));
    return;
  }
  if (intent.version > watcher.version) {
    watcher.version = intent.version;
    watcher.states.put(intent);
    if (isTerminal(intent.status)) watcher.states.end();
  }
  watcher.opened?.();
}
