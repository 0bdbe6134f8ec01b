import { type Commits, createCommits } from "./commits";
import type { Db } from "./db";
import { type GivenUp, createGivenUp } from "./given-up";
import { type SessionView, createSessionView } from "./look-at-sessions";

/*
 * What a process sees to about the server's side of its connections: commits that a stalled standby holds up, and work that
 * goes on after its caller has been told that it took too long.
 *
 * Cost: a timer while a commit is under way. A connection and a statement every LOOK_MS while one takes longer than half a
 * second, while the standby is stalled, or while a connection that was given up is still busy.
 */

const LOOK_MS = 250;

export interface ServerWatch {
  readonly commits: Commits;
  readonly givenUp: GivenUp;
  close(): void;
}

export function createServerWatch(options: {
  readonly url: string;
  readonly applicationName: string;
}): ServerWatch {
  const view = createSessionView(options.url, options.applicationName);
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const wake = (): void => {
    if (timer !== undefined || isClosed) return;
    timer = setTimeout(() => {
      void turn().finally(() => {
        timer = undefined;
        if (commits.underWay > 0 || isNeeded()) wake();
        else view.rest();
      });
    }, LOOK_MS).unref();
  };
  const commits = createCommits(wake);
  const givenUp = createGivenUp(wake);
  const isNeeded = (): boolean => commits.areStalled || commits.areSlow() || givenUp.size > 0;
  const turn = async (): Promise<void> => {
    if (isNeeded()) await lookAtServer(view, { commits, givenUp });
  };
  return {
    commits,
    givenUp,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      view.rest();
    },
  };
}

async function lookAtServer(
  view: SessionView,
  { commits, givenUp }: { readonly commits: Commits; readonly givenUp: GivenUp },
): Promise<void> {
  const own = givenUp.sessions();
  if (own.length === 0 && !commits.areStalled && !commits.areSlow()) return;
  try {
    const seen = await view.look(own.map(({ pid }) => pid));
    commits.heard(seen.filter(({ waitsForStandby }) => waitsForStandby));
    const toEnd = givenUp.heard(own, seen);
    if (toEnd.length > 0) await view.end(toEnd);
  } catch {
    // A server that cannot be asked is an outage of its own, of which statements tell.
    commits.heard(undefined);
  }
}

const watches = new WeakMap<object, ServerWatch>();

/** By the pool, which every view of it shares. */
export function setWatch(db: Db, watch: ServerWatch): void {
  watches.set(poolOf(db), watch);
}

export function watchOf(db: Db): ServerWatch | undefined {
  return watches.get(poolOf(db));
}

function poolOf(db: Db): object {
  return (db.client as { readonly pool: object }).pool;
}
