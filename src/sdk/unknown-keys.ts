/** Keys of calls whose outcome is not known, by the name of what was wished for. */
export interface UnknownKeys {
  /** The oldest one: equal wishes are settled one after the other. */
  readonly find: (name: string) => string | undefined;
  readonly add: (name: string, key: string) => void;
  /** Gives the name that the key had. */
  readonly remove: (key: string) => string | undefined;
}

/** More than a program can have in doubt unless it never repeats anything; the oldest ones go first. */
const KEPT_MAX = 10_000;

export function createUnknownKeys(keptMax = KEPT_MAX): UnknownKeys {
  const names = new Map<string, string>();
  const keys = new Map<string, Set<string>>();
  const remove = (key: string): string | undefined => {
    const name = names.get(key);
    if (name === undefined) return undefined;
    names.delete(key);
    const others = keys.get(name);
    others?.delete(key);
    if (others?.size === 0) keys.delete(name);
    return name;
  };
  return {
    find: (name) => keys.get(name)?.values().next().value,
    add: (name, key) => {
      names.set(key, name);
      keys.set(name, (keys.get(name) ?? new Set()).add(key));
      const [oldest] = names.keys();
      if (names.size > keptMax && oldest !== undefined) remove(oldest);
    },
    remove,
  };
}
