/**
 * A map that forgets. It keeps at least the `kept` entries that were set or found last, and at most twice as many.
 *
 * In two generations, because to find the oldest entry of one Map, V8 walks past all that were deleted before it: with
 * 50,000 entries each new one took 0.1 ms.
 */
export interface BoundedMap<Value> {
  get(name: string): Value | undefined;
  set(name: string, value: Value): void;
  delete(name: string): void;
  entries(): [string, Value][];
}

export function createBoundedMap<Value>(kept: number): BoundedMap<Value> {
  let recent = new Map<string, Value>();
  let former = new Map<string, Value>();
  const set = (name: string, value: Value): void => {
    if (recent.size >= kept && !recent.has(name)) {
      former = recent;
      recent = new Map();
    }
    recent.set(name, value);
  };
  return {
    get: (name) => {
      const found = recent.get(name);
      if (found !== undefined) return found;
      const older = former.get(name);
      if (older !== undefined) set(name, older);
      return older;
    },
    set,
    delete: (name) => {
      recent.delete(name);
      former.delete(name);
    },
    entries: () => [...new Map([...former, ...recent])],
  };
}
