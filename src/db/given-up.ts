import { StandbyStalled } from "./commits";
import type { OwnSession, SeenSession } from "./look-at-sessions";

/*
 * Sessions that the server is still at work for, although their connection was closed here: their time-out came first on
 * this side.
 *
 * What the server does for one is ended there, unless it is a commit that waits for a standby. Such a one is remembered
 * until the server has it no more, so that no pool makes more connections than twice as many as it may have, however long
 * the standby is away. (What this process does not remember, because it was killed or cut off, the server ends by itself:
 * see SESSION_SETTINGS.)
 */

export interface GivenUp {
  readonly size: number;
  /** Those to look at from the server's side. */
  sessions(): OwnSession[];
  /** What the server says about those that it was asked about; those that it should end are returned. */
  heard(asked: readonly OwnSession[], seen: readonly SeenSession[]): OwnSession[];
  /** A pool's share of them. */
  joinPool(max: number): PoolMembership;
}

export interface PoolMembership {
  /** Throws when the server is still at so many of this pool's that it may make no more. */
  assertRoom(): void;
  /** One whose connection was closed before the server had answered. */
  enter(session: OwnSession): void;
}

const FULL = "the server is still at work for as many connections as were given up before";

interface Entry {
  readonly pid: number;
  readonly openSinceMs: number;
  readonly pool: Set<Entry>;
}

export function createGivenUp(onEnter: () => void): GivenUp {
  const entries = new Map<number, Entry>();
  const forget = (entry: Entry): void => {
    entry.pool.delete(entry);
    entries.delete(entry.pid);
  };
  return {
    get size() {
      return entries.size;
    },
    sessions: () => {
      const now = performance.now();
      return [...entries.values()].map(({ pid, openSinceMs }) => ({
        pid,
        ageMs: now - openSinceMs,
      }));
    },
    heard: (asked, seen) => {
      const found = new Map(seen.map((session) => [session.pid, session]));
      return asked.filter(({ pid }) => {
        const { isIdle = true, waitsForStandby = false } = found.get(pid) ?? {};
        const entry = entries.get(pid);
        // There is no such session any more, or it is done, and is about to hear that nobody listens.
        if (isIdle && entry) forget(entry);
        return !isIdle && !waitsForStandby;
      });
    },
    joinPool: (max) => {
      const pool = new Set<Entry>();
      return {
        assertRoom: () => {
          if (pool.size >= max) throw new StandbyStalled(FULL);
        },
        enter: ({ pid, ageMs }) => {
          const known = entries.get(pid);
          if (known) forget(known);
          const entry: Entry = { pid, openSinceMs: performance.now() - ageMs, pool };
          entries.set(pid, entry);
          pool.add(entry);
          onEnter();
        },
      };
    },
  };
}
