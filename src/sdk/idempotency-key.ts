import { canonicalJson } from "./canonical-json";
import type { KeyStore } from "./key-store";
import { createUnknownKeys } from "./unknown-keys";

export interface KeyedCall {
  readonly operation: string;
  readonly input: unknown;
  /** The caller's own key, which is neither looked up nor kept. */
  readonly idempotencyKey?: string | undefined;
  /** The caller's name for what it wants: a cart, an order. Without it, the input stands for that. */
  readonly intentOf?: string | undefined;
}

export interface HeldKey {
  readonly key: string;
  /** False when an earlier call, perhaps before a reload, may already have sent it. */
  readonly isNew: boolean;
  /** Its outcome is known: the next equal call is a new intention, with a new key. */
  readonly forget: () => Promise<void>;
  /** Its outcome remains unknown: the next equal call is this one, with this key. */
  readonly keep: () => void;
}

export interface Keys {
  readonly take: (call: KeyedCall) => Promise<HeldKey>;
  /** The caller has looked up the outcome of this key and knows it now. */
  readonly settle: (key: string) => Promise<void>;
}

/**
 * Gives a mutation its key. A key whose outcome is known is never given again, and one whose outcome is unknown is
 * given to the next call that wants the same thing. So a repeated call never pays twice, and two payments that are
 * intentionally equal never become one.
 */
export function createKeys(store: KeyStore | undefined): Keys {
  return store ? keysInStore(store) : keysInMemory();
}

/**
 * Without a store, only calls whose outcome is unknown are remembered, for as long as this client lives. Two equal
 * calls at the same time are two intentions here, because nothing says otherwise.
 */
function keysInMemory(): Keys {
  const unknown = createUnknownKeys();
  const settle = (key: string): Promise<void> => {
    unknown.remove(key);
    return Promise.resolve();
  };
  const hold = (key: string, isNew: boolean, name?: string): HeldKey => ({
    key,
    isNew,
    forget: () => settle(key),
    keep: () => {
      if (name !== undefined) unknown.add(name, key);
    },
  });
  return {
    take: (call) => {
      if (call.idempotencyKey !== undefined) {
        return Promise.resolve(hold(call.idempotencyKey, false));
      }
      const name = wishOf(call);
      const known = unknown.find(name);
      return Promise.resolve(hold(known ?? newKey(), known === undefined, name));
    },
    settle,
  };
}

/**
 * With a store, the key is in it before anything is sent: whatever happens to this page from then on, the same call
 * finds the same key. The name is in it under the key as well, which is how `settle` finds it: the page that asks what
 * became of a key need not be the one that made it.
 */
function keysInStore(store: KeyStore): Keys {
  // Two equal calls at the same time, as from a double click, share one look-up and therefore one key.
  const lookups = new Map<string, Promise<HeldKey>>();
  const lookUp = async (name: string): Promise<HeldKey> => {
    const known = (await store.get(name)) ?? undefined;
    const key = known ?? newKey();
    // A store that fails here fails the call, which is safe: nothing has been sent.
    if (known === undefined) {
      await Promise.all([store.set(name, key), store.set(whereNameIs(key), name)]);
    }
    return {
      key,
      isNew: known === undefined,
      forget: () => forgetKey(store, key, () => name),
      keep: () => undefined,
    };
  };
  return {
    take: async (call) => {
      const { idempotencyKey } = call;
      if (idempotencyKey !== undefined) {
        return {
          key: idempotencyKey,
          isNew: false,
          // It may be one of the store's own keys, from an earlier call whose error reported it.
          forget: () => forgetKey(store, idempotencyKey),
          keep: () => undefined,
        };
      }
      const name = await storedName(call);
      const running = lookups.get(name);
      if (running) return { ...(await running), isNew: false };
      const lookup = lookUp(name).finally(() => lookups.delete(name));
      lookups.set(name, lookup);
      return lookup;
    },
    settle: (key) => forgetKey(store, key),
  };
}

/** The answer has arrived: a store that fails now must not turn it into an error. */
async function forgetKey(
  store: KeyStore,
  key: string,
  nameOf: () => ReturnType<KeyStore["get"]> = () => store.get(whereNameIs(key)),
): Promise<void> {
  try {
    const name = (await nameOf()) ?? undefined;
    if (name === undefined) return;
    // By now the name may stand for the next intention, which has a different key.
    if ((await store.get(name)) === key) await store.delete(name);
    await store.delete(whereNameIs(key));
  } catch {
    // A key that stays costs one replay of this very answer.
  }
}

/** No mutation is called "key". */
function whereNameIs(key: string): string {
  return `key:${key}`;
}

function wishOf({ operation, input, intentOf }: KeyedCall): string {
  if (intentOf !== undefined) return `${operation}:of:${intentOf}`;
  return `${operation}\n${canonicalJson(input)}`;
}

async function storedName(call: KeyedCall): Promise<string> {
  if (call.intentOf !== undefined) return wishOf(call);
  // A hash, because a store that others can read should not reveal what is being bought.
  const text = new TextEncoder().encode(wishOf(call));
  return `${call.operation}:input:${hex(await crypto.subtle.digest("SHA-256", text))}`;
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A random UUID. crypto.randomUUID exists only on pages served over https. */
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
