import { createUnderWay } from "../under-way";
import { markUnstored } from "./errors";
import type { SeenSession } from "./look-at-sessions";

/*
 * The commits that this process has under way, and whether they end.
 *
 * Where a synchronous standby has stalled, a commit waits until it is back: no time-out of the server's ends that wait,
 * and none may (see look-at-sessions.ts). So when one has waited for STALLED_MS, all that are under way are given up, as
 * ones of which nobody knows whether they are stored; and until no commit waits any more, new ones are refused at once,
 * before they take a connection, as ones that are not.
 */

/** A commit that takes longer is looked at. */
export const SLOW_MS = 500;
const STALLED_MS = 1_000;

/** Like any outage for whoever gets it: it passes, and the same may be asked again under the same key. */
export class StandbyStalled extends Error {
  override readonly name = "StandbyStalled";
  readonly code = "57P03";

  constructor(why = "commits wait for a synchronous standby that does not answer") {
    super(why);
  }
}

interface Flight {
  readonly sinceMs: number;
  readonly giveUp: (error: Error) => void;
}

export interface Commits {
  /** Runs work that says when its commit is on its way. */
  follow<Result>(work: (committing: () => void) => Promise<Result>): Promise<Result>;
  readonly underWay: number;
  /** Whether any has taken long enough to be looked at. */
  areSlow(): boolean;
  /** Told of the sessions that wait for a standby now; undefined: nobody knows, and nothing is refused for that. */
  heard(waiting: readonly SeenSession[] | undefined): void;
  readonly areStalled: boolean;
}

export function createCommits(onCommit: () => void): Commits {
  const flights = createUnderWay<Flight>();
  let firstSeen = new Map<string, number>();
  let areStalled = false;
  return {
    follow: (work) => {
      if (areStalled) return Promise.reject(refused());
      return new Promise((resolve, reject) => {
        let flight: Flight | undefined;
        const land = (): void => {
          if (flight) flights.remove(flight);
        };
        const committing = (): void => {
          land();
          flight = { sinceMs: performance.now(), giveUp: reject };
          flights.add(flight);
          onCommit();
        };
        work(committing).then(resolve, reject).finally(land);
      });
    },
    get underWay() {
      return flights.size;
    },
    areSlow: () => {
      const [oldest] = flights;
      return oldest !== undefined && performance.now() - oldest.sinceMs >= SLOW_MS;
    },
    heard: (waiting = []) => {
      const now = performance.now();
      const before = firstSeen;
      const keys = waiting.map(({ pid, since }) => `${String(pid)} ${since}`);
      firstSeen = new Map(keys.map((key) => [key, before.get(key) ?? now]));
      areStalled = [...firstSeen.values()].some((sinceMs) => now - sinceMs >= STALLED_MS);
      if (!areStalled) return;
      for (const flight of flights) flight.giveUp(new StandbyStalled());
      flights.clear();
    },
    get areStalled() {
      return areStalled;
    },
  };
}

function refused(): StandbyStalled {
  const error = new StandbyStalled();
  markUnstored(error);
  return error;
}
