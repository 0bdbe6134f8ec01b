import type { Redis } from "../redis";
import type { Untold, Windows } from "./windows";

/*
 * Lets the processes of an installation know what all of them together have spent, through Redis. It happens beside
 * the requests and never for one of them: what was spent is told, and what others have spent is heard, a few times a
 * second, for everybody. So a Redis that is slow, hangs or is away delays nobody and refuses nobody; as long as it lasts
 * each process counts for itself, and tells what it can when it is over.
 *
 * Everything in Redis can be lost: the counts expire with their windows.
 */

export interface SharedCounts {
  /** Tells and hears once. */
  exchange(): Promise<void>;
  close(): void;
}

const EVERY_MS = 200;
// Redis does nothing else meanwhile: some tenths of a millisecond.
const NAMES_AT_ONCE = 200;

const TELL_AND_HEAR = `
  local totals = {}
  for i, name in ipairs(KEYS) do
    totals[i] = redis.call('INCRBY', name, ARGV[i + 1])
    redis.call('PEXPIRE', name, ARGV[1])
  end
  return totals`;

export function shareCounts(redis: Redis, all: readonly Windows[]): SharedCounts {
  let exchanging = false;
  const exchange = async (): Promise<void> => {
    if (exchanging) return;
    exchanging = true;
    try {
      for (const windows of all) await exchangeOne(redis, windows);
    } finally {
      exchanging = false;
    }
  };
  const timer = setInterval(() => void exchange(), EVERY_MS);
  timer.unref();
  return { exchange, close: () => clearInterval(timer) };
}

async function exchangeOne(redis: Redis, windows: Windows): Promise<void> {
  const untold = windows.takeUntold();
  while (untold.length > 0) {
    const counts = untold.splice(0, NAMES_AT_ONCE);
    const totals = await redis.ask(
      "EVAL",
      TELL_AND_HEAR,
      counts.length,
      ...counts.map((count) => nameOf(windows, count)),
      2 * windows.lengthMs,
      ...counts.map(({ amount }) => Math.ceil(amount)),
    );
    if (!Array.isArray(totals)) {
      // It may have been counted all the same. Counted twice is better than not at all.
      for (const count of [...counts, ...untold]) windows.tellAgain(count);
      return;
    }
    for (const [index, count] of counts.entries()) {
      windows.setOthers({ who: count.who, index: count.index, total: Number(totals[index]) });
    }
  }
}

function nameOf({ name, lengthMs }: Windows, { who, index }: Untold): string {
  // In a cluster the keys of one script must lie in one slot: what is in braces decides.
  return `oncepay:limits:{${name}}:${String(lengthMs)}:${who}:${String(index)}`;
}
