import type { Db } from "../../db/db";
import type { Redis } from "../../redis";
import { watchDatabaseLife } from "./database-life";
import { createEntries } from "./entries";
import { createSealing } from "./entry";
import { NO_REPLAY_CACHE, type ReplayCache, createReplayCache } from "./replay-cache";

/** What the configuration says about it. */
interface Settings {
  readonly encryptionKeys: readonly Buffer[];
  readonly replayCacheSeconds: number;
  readonly idempotencyRetentionDays: number;
  readonly lockTimeoutMs: number;
}

const DAY_MS = 86_400_000;
// Most mutations take a tenth of that.
const BUSY_MS = 300;

export function openReplayCache(db: Db, redis: Redis | undefined, settings: Settings): ReplayCache {
  const [newestKey] = settings.encryptionKeys;
  if (!redis || !newestKey || settings.replayCacheSeconds === 0) return NO_REPLAY_CACHE;
  const sealing = createSealing(newestKey);
  const life = watchDatabaseLife(db, { keptSeconds: settings.replayCacheSeconds });
  const waitMs = Math.ceil(settings.lockTimeoutMs / 2);
  return createReplayCache({
    entries: createEntries({
      redis,
      sealing,
      keptMs: settings.replayCacheSeconds * 1_000,
      // The clock of the database and ours may differ, but not by half of that.
      recordAgeMaxMs: Math.min(DAY_MS, (settings.idempotencyRetentionDays * DAY_MS) / 2),
      busyMs: Math.min(BUSY_MS, waitMs),
    }),
    nameOf: (name) => {
      const known = life.of(name.merchantId);
      return known === undefined ? undefined : sealing.nameOf(known, name);
    },
    doubt: life.doubt,
    waitMs,
  });
}
