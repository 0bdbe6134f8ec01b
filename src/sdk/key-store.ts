/**
 * Where idempotency keys wait for the final answer of their call. Its contents must survive whatever may interrupt a
 * call: for a page that is reloaded, `webStorageKeyStore(sessionStorage)`. The values are keys by the name of their call,
 * and such names by their key: short texts, which may contain anything that your `intentOf` contains.
 */
export interface KeyStore {
  readonly get: (name: string) => string | null | undefined | Promise<string | null | undefined>;
  readonly set: (name: string, value: string) => void | Promise<void>;
  readonly delete: (name: string) => void | Promise<void>;
}

/** For programs that repeat a call in one process; it forgets everything when the process ends. */
export function memoryKeyStore(): KeyStore {
  const keys = new Map<string, string>();
  return {
    get: (name) => keys.get(name),
    set: (name, value) => void keys.set(name, value),
    delete: (name) => void keys.delete(name),
  };
}

/** What is needed of `sessionStorage` or `localStorage`. */
export interface WebStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

export interface WebStorageKeyStoreOptions {
  readonly prefix?: string;
  /** After this long the same call is a new intention, and no longer a reload. */
  readonly maxAgeMs?: number;
  readonly now?: () => number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * Keys in a browser's storage. `sessionStorage` survives a reload and belongs to one tab; with `localStorage`
 * a second tab repeats the call of the first instead of paying again, and so does the next user of the browser: in that
 * case, name the intention with `intentOf`.
 */
export function webStorageKeyStore(
  storage: WebStorage,
  options: WebStorageKeyStoreOptions = {},
): KeyStore {
  const { prefix = "oncepay:", maxAgeMs = DAY_MS, now = Date.now } = options;
  // Storage that is full or forbidden must not keep anybody from paying: this page still knows the key.
  const unstored = memoryKeyStore();
  return {
    get: (name) => {
      const [, madeAt, value] = /^(\d+) (.+)$/s.exec(readItem(storage, prefix + name) ?? "") ?? [];
      if (value === undefined) return unstored.get(name);
      return now() - Number(madeAt) <= maxAgeMs ? value : undefined;
    },
    set: (name, value) => {
      try {
        storage.setItem(prefix + name, `${String(now())} ${value}`);
      } catch {
        return unstored.set(name, value);
      }
    },
    delete: (name) => {
      void unstored.delete(name);
      storage.removeItem(prefix + name);
    },
  };
}

function readItem(storage: WebStorage, name: string): string | null {
  try {
    return storage.getItem(name);
  } catch {
    return null;
  }
}
