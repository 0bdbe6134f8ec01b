import { StandbyStalled } from "./commits";
import type { OwnSession, SeenSession } from "./look-at-sessions";
import type { PrimaryClient } from "./primary-client";

/*
 * Connections that were given up while the server was still at work for them: their time-out came first on this side.
 *
 * What the server does for one is ended there, unless it is a commit that waits for a standby. Such a one is kept, outside its
 * pool, until the commit has ended; it is known here, so that a pool makes no more connections than twice as many as it may
 * have, however long the standby is away. (Connections that this process has no more, because it was killed or cut off, the
 * server ends by itself: see SESSION_SETTINGS.)
 */

const FULL = "the server is still at work for as many connections as were given up before";

export interface GivenUp {
  /** One that was handed back to its pool before the server had answered. */
  enter(client: PrimaryClient): void;
  readonly size: number;
  /** Those to look at from the server's side. */
  sessions(): OwnSession[];
  /** What the server says about them; those that it should end are returned. */
  heard(asked: readonly OwnSession[], seen: readonly SeenSession[]): OwnSession[];
  /** A pool's share of them. */
  joinPool(max: number): PoolMembership;
  close(): void;
}

export interface PoolMembership {
  /** Throws when so many are outside that the pool may make no more. */
  assertRoom(): void;
  /** Takes one that is to be closed out of the pool, if it is not ready; whether it did. */
  takeOut(client: PrimaryClient): boolean;
}

/** An error is told a moment before its connection is ready again. */
const CERTAIN_AFTER_MS = 1_000;

interface Entry {
  readonly sinceMs: number;
  /** Those of its pool that are in it no more, if this is one of them. */
  outside?: Set<PrimaryClient>;
}

export function createGivenUp(onEnter: () => void): GivenUp {
  const entries = new Map<PrimaryClient, Entry>();
  let isClosed = false;

  const enter = (client: PrimaryClient): Entry => {
    const known = entries.get(client);
    if (known) return known;
    const entry: Entry = { sinceMs: performance.now() };
    entries.set(client, entry);
    client.once("end", () => {
      forget(client);
    });
    onEnter();
    return entry;
  };
  const forget = (client: PrimaryClient): void => {
    entries.get(client)?.outside?.delete(client);
    entries.delete(client);
  };
  const closeDown = (client: PrimaryClient): void => {
    forget(client);
    client.cut();
  };
  /** Those that are certain. One that is ready again is its pool's as before, or nobody's. */
  const certain = (): PrimaryClient[] => {
    const now = performance.now();
    return [...entries].flatMap(([client, { sinceMs, outside }]) => {
      if (!client.isBusy) {
        if (outside) closeDown(client);
        else forget(client);
        return [];
      }
      if (now - sinceMs < CERTAIN_AFTER_MS) return [];
      client.hasToGo = true;
      return [client];
    });
  };

  return {
    enter: (client) => {
      if (!isClosed) enter(client);
    },
    get size() {
      return entries.size;
    },
    sessions: () => certain().map((client) => client.session()),
    heard: (asked, seen) => {
      const pids = new Set(asked.map(({ pid }) => pid));
      const found = new Map(seen.map((session) => [session.pid, session]));
      return certain().flatMap((client) => {
        const session = client.session();
        if (!pids.has(session.pid)) return [];
        const { isIdle = true, waitsForStandby = false } = found.get(session.pid) ?? {};
        // The server has no such session, or has answered: what was on its way is not coming.
        if (isIdle) closeDown(client);
        return isIdle || waitsForStandby ? [] : [session];
      });
    },
    joinPool: (max) => {
      const outside = new Set<PrimaryClient>();
      return {
        assertRoom: () => {
          if (outside.size >= max) throw new StandbyStalled(FULL);
        },
        takeOut: (client) => {
          if (isClosed || !client.isBusy) return false;
          enter(client).outside = outside;
          outside.add(client);
          return true;
        },
      };
    },
    close: () => {
      isClosed = true;
      for (const client of [...entries.keys()]) closeDown(client);
    },
  };
}
