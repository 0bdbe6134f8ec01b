import { canonicalJson } from "./canonical-json";
import type { KeyStore } from "./key-store";

export interface KeyedCall {
  readonly operation: string;
  readonly input: unknown;
  /** The caller's own key; then the store is not used. */
  readonly idempotencyKey?: string | undefined;
  /** The caller's name for the wish: a cart, an order. Without it the input stands for it. */
  readonly intentOf?: string | undefined;
}

export interface HeldKey {
  readonly key: string;
  /** False when an earlier call, perhaps before a reload, may already have sent it. */
  readonly isNew: boolean;
  readonly forget: () => Promise<void>;
}

export type TakeKey = (call: KeyedCall) => Promise<HeldKey>;

/**
 * Gives a mutation its key. With a store, the key is in it before anything is sent: whatever happens to
 * this page from then on, the same call finds the same key.
 */
export function createKeyTaker(store: KeyStore | undefined): TakeKey {
  // Two equal calls at one moment, as from a double click, share one look-up and so one key.
  const lookups = new Map<string, Promise<HeldKey>>();
  return async (call) => {
    if (call.idempotencyKey !== undefined) return unstoredKey(call.idempotencyKey, false);
    if (!store) return unstoredKey(newKey(), true);
    const name = await nameOf(call);
    const running = lookups.get(name);
    if (running) return { ...(await running), isNew: false };
    const lookup = lookUp(store, name).finally(() => lookups.delete(name));
    lookups.set(name, lookup);
    return lookup;
  };
}

function unstoredKey(key: string, isNew: boolean): HeldKey {
  return { key, isNew, forget: () => Promise.resolve() };
}

async function lookUp(store: KeyStore, name: string): Promise<HeldKey> {
  const known = (await store.get(name)) ?? undefined;
  const key = known ?? newKey();
  // A store that fails here fails the call, which is safe: nothing has been sent.
  if (known === undefined) await store.set(name, key);
  return { key, isNew: known === undefined, forget: () => forgetKey(store, name, key) };
}

/** The answer is there: a store that fails now must not turn it into an error. */
async function forgetKey(store: KeyStore, name: string, key: string): Promise<void> {
  try {
    // By now the name may stand for the next wish, which has another key.
    if ((await store.get(name)) === key) await store.delete(name);
  } catch {
    // What stays costs one replay of this very answer.
  }
}

async function nameOf({ operation, input, intentOf }: KeyedCall): Promise<string> {
  if (intentOf !== undefined) return `${operation}:of:${intentOf}`;
  // A hash, because a store that others can read should not show what is bought.
  const text = new TextEncoder().encode(`${operation}\n${canonicalJson(input)}`);
  return `${operation}:input:${hex(await crypto.subtle.digest("SHA-256", text))}`;
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A random UUID. crypto.randomUUID exists only on pages that came over https. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const text = hex(bytes.buffer);
  return [
    text.slice(0, 8),
    text.slice(8, 12),
    text.slice(12, 16),
    text.slice(16, 20),
    text.slice(20),
  ].join("-");
}
