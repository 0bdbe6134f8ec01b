/*
 * 200 clients on a clock of their own: nothing here waits for real time, so hours pass in milliseconds and
 * every run with the same seed is the same run.
 */

export interface VirtualClock {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Lets time pass until the work is done. */
  readonly run: (work: readonly Promise<unknown>[]) => Promise<void>;
}

export function virtualClock(): VirtualClock {
  let now = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms) => new Promise((wake) => sleepers.push({ at: now + ms, wake })),
    run: async (work) => {
      let done = false;
      const finished = Promise.allSettled(work).then(() => (done = true));
      for (;;) {
        // Everything that can happen at this moment happens before the clock moves.
        await new Promise(setImmediate);
        if (done) break;
        const at = Math.min(...sleepers.map((sleeper) => sleeper.at));
        if (at === Infinity) throw new Error("virtualClock: everybody waits for something else");
        now = at;
        const awake = sleepers.filter((sleeper) => sleeper.at <= now);
        sleepers.splice(0, Infinity, ...sleepers.filter((sleeper) => sleeper.at > now));
        for (const { wake } of awake) wake();
      }
      await finished;
    },
  };
}

/** Mulberry32: small, and good enough for jitter. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface VirtualReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The API as one client sees it: an answer after a millisecond, or a connection that is lost. */
export function virtualFetch(
  clock: VirtualClock,
  answer: (operation: string) => VirtualReply | "lost",
): typeof fetch {
  return async (_url, init) => {
    const { query } = JSON.parse(init?.body as string) as { query: string };
    const reply = answer(/^\w+ (\w+)/.exec(query)?.[1] ?? "");
    await clock.sleep(1);
    if (reply === "lost") throw new TypeError("fetch failed");
    return {
      status: reply.status,
      headers: new Headers(reply.headers),
      text: () => Promise.resolve(JSON.stringify(reply.body)),
    } as Response;
  };
}

export interface Histogram {
  readonly buckets: readonly number[];
  /** The part of all that is in the fullest bucket. */
  readonly largest: number;
}

export function histogram(values: readonly number[], from: number, to: number): Histogram {
  const buckets = Array.from({ length: 10 }, () => 0);
  for (const value of values) {
    const at = Math.min(9, Math.floor(((value - from) / (to - from)) * 10));
    buckets[at] = (buckets[at] ?? 0) + 1;
  }
  return { buckets, largest: Math.max(...buckets) / values.length };
}

export function draw({ buckets }: Histogram, from: number, to: number): string {
  const width = (to - from) / 10;
  const most = Math.max(...buckets);
  return buckets
    .map((count, at) => {
      const start = Math.round(from + at * width);
      const bar = "#".repeat(Math.round((count / most) * 40));
      return `${String(start).padStart(8)} ms ${String(count).padStart(5)} ${bar}`;
    })
    .join("\n");
}
