import { setTimeout as pause } from "node:timers/promises";
import { replayCache } from "../../observability/metrics";
import type { Redis } from "../../redis";
import type { FinishedRecord } from "../keys";
import type { Sealing } from "./entry";

/** The entries in Redis. None of these ever fails: whatever is wrong with Redis, there is no entry. */
export interface Entries {
  /**
   * What Redis knows of a key. When it knows nothing, the key is "ours" for a moment: others who ask are told that
   * somebody is executing it. While that is somebody else, this waits for the record until the given time.
   */
  readonly ask: (
    entryName: string,
    giveUpAt: number,
  ) => Promise<FinishedRecord | "ours" | undefined>;
  /** Keeps a key ours for longer than a moment, until it is told to stop. */
  readonly hold: (entryName: string) => () => void;
  /** Only of what is known to be committed. */
  readonly write: (entryName: string, record: FinishedRecord) => void;
  /** At worst this takes away what another has just written: a miss. */
  readonly forget: (entryName: string) => void;
}

export interface EntriesOptions {
  readonly redis: Redis;
  readonly sealing: Sealing;
  /** How long an entry lives. */
  readonly keptMs: number;
  /** How old a record may be: well below the age at which Postgres drops it. */
  readonly recordAgeMaxMs: number;
  /** How long a key is ours unless it is held: where a process has died, it is not waited for any longer. */
  readonly busyMs: number;
}

const POLL_MS = { first: 5, most: 50 };
// Larger results are rare, and are Postgres' business.
const ENTRY_BYTES_MAX = 32 * 1_024;

export function createEntries(options: EntriesOptions): Entries {
  const { redis, busyMs } = options;
  const { sealRecord, signBusy, open } = options.sealing;

  const ask: Entries["ask"] = async (entryName, giveUpAt) => {
    for (let pollMs = POLL_MS.first; ; pollMs = Math.min(2 * pollMs, POLL_MS.most)) {
      const busy = signBusy(entryName, Date.now() + busyMs);
      // One command reads what is there or takes the place. Redis 7 and newer; an older one refuses it.
      const reply = await redis.ask("SET", entryName, busy, "NX", "GET", "PX", busyMs);
      if (reply === undefined) return counted("unanswered", undefined);
      if (reply === null) return counted("miss", "ours");
      const entry = Buffer.isBuffer(reply) ? open(entryName, reply) : undefined;
      if (!entry) return counted("unusable", undefined);
      if (entry.record) return counted("hit", entry.record);
      if (performance.now() >= giveUpAt) return counted("gave_up", undefined);
      await pause(pollMs * (0.5 + Math.random() / 2));
    }
  };

  const hold: Entries["hold"] = (entryName) => {
    // Few are executing for so long that this happens even once.
    const timer = setInterval(() => {
      const busy = signBusy(entryName, Date.now() + busyMs);
      // Another may have finished the key meanwhile: then this hides its record, until ours comes.
      void redis.ask("SET", entryName, busy, "PX", busyMs);
    }, busyMs / 2);
    timer.unref();
    return () => clearInterval(timer);
  };

  const forget: Entries["forget"] = (entryName) => {
    void redis.ask("DEL", entryName);
  };

  const write: Entries["write"] = (entryName, record) => {
    const untilMs = lifetimeOf(record, options);
    const leftMs = Math.floor(untilMs - Date.now());
    const sealed = sealRecord(entryName, untilMs, onlyWhatIsKept(record));
    if (!(leftMs > 0) || sealed.length > ENTRY_BYTES_MAX) return forget(entryName);
    void redis.ask("SET", entryName, sealed, "PX", leftMs);
  };

  return { ask, hold, write, forget };
}

/** Until then it may be believed, by our clock; the record's age is by the database's. */
function lifetimeOf({ firstSeenAt }: FinishedRecord, options: EntriesOptions): number {
  return Math.min(Date.now() + options.keptMs, Date.parse(firstSeenAt) + options.recordAgeMaxMs);
}

/** The rows that records come from may have more columns. */
function onlyWhatIsKept(record: FinishedRecord): FinishedRecord {
  const { fingerprint, firstSeenAt, result, beside = null, failureCode, failureDetails } = record;
  return { fingerprint, firstSeenAt, result, beside, failureCode, failureDetails };
}

type Counted = "hit" | "waited" | "miss" | "gave_up" | "unusable" | "unanswered";

export function counted<Value>(outcome: Counted, value: Value): Value {
  replayCache.inc({ outcome });
  return value;
}
