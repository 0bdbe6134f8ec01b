import type { Client } from "pg";
import { fullJitter } from "../retry";
import { isLockTimeout, isRetryable } from "./errors";

/*
 * Changing a table takes a lock on it, and whoever comes after that request waits behind it, also while it waits itself: a
 * migration behind somebody's long transaction would stop all payments. So it asks for a moment, lets everybody pass, and
 * asks again, until it is its turn or the time for all of it is over.
 *
 * Longer than the server's deadlock_timeout (1 s), after which an autovacuum makes room; shorter than what the API and the
 * workers wait for a lock (2 s), so that those who wait behind it do not fail.
 */
export const LOCK_WAIT_MS = 1_500;

const PAUSE = { baseMs: 500, capMs: 8_000 };
const PAUSE_MIN_MS = 200;

/** Within the time allowed, others never left a lock free. What had not been done is not done; it may be run again. */
export class LocksHeld extends Error {
  override readonly name = "LocksHeld";
}

export interface Patience {
  /** Runs work that takes locks for LOCK_WAIT_MS at most, and runs it again when it could not have them. */
  (what: string, work: () => Promise<void>): Promise<void>;
}

/** One patience for all that a command does. The client is asked who may be in the way, when it is over. */
export function bePatient(options: {
  readonly client: Client;
  readonly waitMaxMs: number;
  readonly say: (line: string) => void;
}): Patience {
  const since = performance.now();
  const waited = (): number => performance.now() - since;
  return async (what, work) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await work();
        return;
      } catch (error) {
        if (!isLockTimeout(error) && !isRetryable(error)) throw error;
        const pauseMs = PAUSE_MIN_MS + fullJitter({ ...PAUSE, attempt });
        if (waited() + pauseMs > options.waitMaxMs) {
          throw new LocksHeld(await givenUp(what, options.client, waited()), { cause: error });
        }
        options.say(
          `waiting: ${what} needs a lock that somebody holds; again in ${seconds(pauseMs)} ` +
            `(${seconds(waited())} of ${seconds(options.waitMaxMs)})`,
        );
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

const OLDEST = `
  select pid, usename as "user", application_name as "name",
    extract(epoch from clock_timestamp() - xact_start)::float8 as "seconds"
  from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()
    and backend_type = 'client backend' and xact_start is not null
  order by xact_start limit 3`;

interface Session {
  readonly pid: number;
  readonly user: string;
  readonly name: string;
  readonly seconds: number;
}

async function givenUp(what: string, client: Client, waitedMs: number): Promise<string> {
  const { rows } = await client.query<Session>(OLDEST);
  const oldest = rows.map(
    ({ pid, user, name, seconds: open }) =>
      `${String(pid)} (${name || "no name"} of ${user}, ${seconds(open * 1_000)})`,
  );
  const told =
    oldest.length === 0
      ? "This user sees no transaction that is open (pg_read_all_stats)."
      : `Open the longest are the transactions of the sessions ${oldest.join(", ")}.`;
  return (
    `${what} could not have the locks that it needs within ${seconds(waitedMs)}. It was not done; what came before it was. ` +
    `${told} Once they are over, run this again.`
  );
}
