import { type FinishedRecord, type OperationKey, showRecord } from "../keys";
import { type Entries, counted } from "./entries";

/*
 * In front of Postgres, where Redis is configured: a repeat of a finished key is answered from Redis without a
 * connection to the database, and of those who come while the first is executing only the first takes one.
 *
 * Guarantees: an entry says only what is committed and final for its key, exactly as Postgres would replay it; it is
 * written after the commit is known, and lives for minutes where the record lives for days. Nothing is refused and
 * nothing is executed because of what Redis says or does not say. Whatever is wrong with it, the request goes on to
 * Postgres, where the unique insert of the key decides, as it does without Redis.
 *
 * Cost: one command to Redis before a mutation, and one after it that nobody waits for.
 */

/** To be told of a record once it is known to be committed. */
export type Keep = (record: FinishedRecord) => void;

/** The two ways of answering: from the record of the key, or through the database. */
export interface Road<Answer> {
  readonly replay: (record: FinishedRecord) => Answer;
  readonly execute: (keep: Keep) => Promise<Answer>;
}

export interface ReplayCache {
  answer<Answer>(name: OperationKey, road: Road<Answer>): Promise<Answer>;
  /** Somebody was erased: nothing is answered from here until the database has said whose answers may be. */
  doubt(): void;
}

/** Every request goes to Postgres. */
export const NO_REPLAY_CACHE: ReplayCache = {
  answer: (_name, { execute }) => execute(keepNothing),
  doubt: () => undefined,
};

function keepNothing(): void {}

/** A key that this process is answering: those who come meanwhile wait for that, and not each of them for Redis. */
interface Flight {
  /** The record, or undefined when there is none: then whoever waits is on its own again. */
  readonly landed: Promise<FinishedRecord | undefined>;
  readonly land: (record: FinishedRecord | undefined) => void;
}

export interface ReplayCacheOptions {
  readonly entries: Entries;
  /** What the entry of a key is called; undefined while entries cannot be relied on. */
  readonly nameOf: (name: OperationKey) => string | undefined;
  readonly doubt: () => void;
  /** How long a repeat waits for the first one, before it goes and asks the database. */
  readonly waitMs: number;
}

export function createReplayCache(options: ReplayCacheOptions): ReplayCache {
  const { entries, nameOf, doubt, waitMs } = options;
  const flights = new Map<string, Flight>();

  // While it was waited for, somebody may have been erased whom a record shows.
  const isStill = (entryName: string, name: OperationKey): boolean => nameOf(name) === entryName;

  async function lead<Answer>(
    { name, entryName }: { readonly name: OperationKey; readonly entryName: string },
    { replay, execute }: Road<Answer>,
    giveUpAt: number,
  ): Promise<Answer> {
    const flight = takeOff();
    flights.set(entryName, flight);
    const land: Flight["land"] = (record) => {
      // Once it has landed the key may be another one's by now.
      if (flights.get(entryName) === flight) flights.delete(entryName);
      flight.land(record);
    };
    let letGo: (() => void) | undefined;
    let isKept = false;
    try {
      const known = await entries.ask(entryName, giveUpAt);
      if (known === "ours") letGo = entries.hold(entryName);
      if (typeof known === "object" && isStill(entryName, name)) {
        land(known);
        return replay(showRecord(known));
      }
      return await execute((record) => {
        isKept = true;
        letGo?.();
        land(record);
        // Sealing takes some microseconds, and those who are being answered come first.
        setImmediate(entries.write, entryName, record);
      });
    } finally {
      land(undefined);
      letGo?.();
      if (letGo && !isKept) entries.forget(entryName);
    }
  }

  return {
    doubt,
    answer: async (name, road) => {
      const entryName = nameOf(name);
      if (entryName === undefined) return road.execute(keepNothing);
      const giveUpAt = performance.now() + waitMs;
      for (;;) {
        const ahead = flights.get(entryName);
        if (!ahead) return lead({ name, entryName }, road, giveUpAt);
        const record = await within(giveUpAt - performance.now(), ahead.landed);
        // As it will be read from JSON, and a copy, so that nobody can change what another is shown.
        if (record && isStill(entryName, name)) {
          return road.replay(showRecord(counted("waited", asJson(record))));
        }
        if (performance.now() >= giveUpAt) return counted("gave_up", road.execute(keepNothing));
      }
    },
  };
}

function takeOff(): Flight {
  let land: Flight["land"] = () => undefined;
  const landed = new Promise<FinishedRecord | undefined>((resolve) => {
    land = resolve;
  });
  return { landed, land };
}

function asJson(record: FinishedRecord): FinishedRecord {
  return JSON.parse(JSON.stringify(record)) as FinishedRecord;
}

async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms), undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Puts the cache in front of a hot use case. Without a cache it is the use case itself. */
export function knownFirst<Command extends Omit<OperationKey, "operation">, Answer>(
  replays: ReplayCache,
  operation: string,
  of: {
    readonly replay: (command: Command, record: FinishedRecord) => Answer;
    readonly execute: (command: Command & { readonly keep?: Keep }) => Promise<Answer>;
  },
): (command: Command) => Promise<Answer> {
  if (replays === NO_REPLAY_CACHE) return of.execute;
  return (command) => {
    const { merchantId, key } = command;
    return replays.answer(
      { merchantId, operation, key },
      {
        replay: (record) => of.replay(command, record),
        execute: (keep) => of.execute({ ...command, keep }),
      },
    );
  };
}
