import { Redis } from "ioredis";
import type { Untold, Windows } from "./windows";

/*
 * Lets the processes of an installation know what all of them together have spent, through Redis. It happens beside
 * the requests and never for one of them: what was spent is told, and what others have spent is heard, a few times a
 * second, for everybody in one exchange. So a Redis that is slow, hangs or is away delays nobody and refuses nobody;
 * as long as it lasts each process counts for itself, and tells what it can when it is over.
 *
 * Everything in Redis can be lost: the counts expire with their windows.
 */

export interface SharedCounts {
  /** Tells and hears once. */
  exchange(): Promise<void>;
  close(): void;
}

const EVERY_MS = 200;
const WITHIN_MS = 1_000;
const NAMES_MAX = 5_000;

export function shareCounts(redisUrl: string, all: readonly Windows[]): SharedCounts {
  const redis = new Redis(redisUrl, {
    // Nothing is kept for a Redis that is away: what was not told is told the next time.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: WITHIN_MS,
    commandTimeout: WITHIN_MS,
    retryStrategy: () => WITHIN_MS,
  });
  redis.on("error", () => undefined);
  let exchanging = false;
  const exchange = async (): Promise<void> => {
    if (exchanging || redis.status !== "ready") return;
    exchanging = true;
    try {
      for (const windows of all) await exchangeOne(redis, windows);
    } finally {
      exchanging = false;
    }
  };
  const timer = setInterval(() => void exchange(), EVERY_MS);
  timer.unref();
  return {
    exchange,
    close: () => {
      clearInterval(timer);
      redis.disconnect();
    },
  };
}

async function exchangeOne(redis: Redis, windows: Windows): Promise<void> {
  const untold = windows.takeUntold().slice(0, NAMES_MAX);
  if (untold.length === 0) return;
  const pipeline = redis.pipeline();
  for (const count of untold) {
    const key = keyOf(windows, count);
    pipeline.incrby(key, Math.ceil(count.amount)).pexpire(key, 2 * windows.lengthMs);
  }
  const answers = await pipeline.exec().catch(() => undefined);
  untold.forEach((count, index) => {
    const [error, total] = answers?.[2 * index] ?? [new Error("no answer")];
    // It may have been counted all the same. Counted twice is better than not at all.
    if (error || typeof total !== "number") windows.tellAgain(count);
    else windows.setOthers({ who: count.who, index: count.index, total });
  });
}

function keyOf({ name, lengthMs }: Windows, { who, index }: Untold): string {
  return `oncepay:limits:${name}:${String(lengthMs)}:${who}:${String(index)}`;
}
