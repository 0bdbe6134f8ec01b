/**
 * What is under way, in the order in which it began: a handful or some hundred, of which one begins or ends all the
 * time.
 *
 * An array and not a Set: a Set that is filled and emptied makes a new table every few changes, V8 links the old table
 * to the new one, and a collection of the young generation takes what only a dead table of the old generation knows for
 * alive. So whatever was under way once, with all that it knew, went into the old generation, which is the dear one to
 * collect.
 */
export interface UnderWay<Work> extends Iterable<Work> {
  add(work: Work): void;
  /** Whether it was there. */
  remove(work: Work): boolean;
  clear(): void;
  readonly size: number;
}

export function createUnderWay<Work>(): UnderWay<Work> {
  const works: Work[] = [];
  return {
    add: (work) => {
      works.push(work);
    },
    remove: (work) => {
      const place = works.indexOf(work);
      if (place === -1) return false;
      works.splice(place, 1);
      return true;
    },
    clear: () => {
      works.length = 0;
    },
    get size() {
      return works.length;
    },
    [Symbol.iterator]: () => works.values(),
  };
}

/** Promises that somebody may have to wait for before it stops. */
export interface Running {
  /** Returns the same promise. */
  follow<Result>(work: Promise<Result>): Promise<Result>;
  /** Resolves when nothing is running, however it ended. */
  idle(): Promise<void>;
}

export function createRunning(): Running {
  const running = createUnderWay<Promise<unknown>>();
  return {
    follow: (work) => {
      running.add(work);
      const over = (): void => {
        running.remove(work);
      };
      work.then(over, over);
      return work;
    },
    idle: async () => {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
