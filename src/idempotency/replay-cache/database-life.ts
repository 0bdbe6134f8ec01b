import { type Db, type Statement, run } from "../../db/db";

/**
 * A record that was committed is gone when the database was restored to an earlier moment, or when a standby was
 * promoted that had not heard of it. What was cached about it must be gone as well, so every entry belongs to one life
 * of the database: to one start of its server, one database, one table. A restore, a promotion and a copy all begin
 * another life, whatever they do to logs and identifiers, and so does a restart, which costs only some misses.
 *
 * And what a record shows of a person is gone when the person is erased. Nobody knows which entries show it, so a
 * merchant has none for as long as it has somebody erased, and afterwards until those that were written before are over:
 * by then no process has taken one for true, and none has been written that could be, see REMEMBERED_MS.
 */
const READ: Statement = {
  name: "read_database_life",
  text: `
    select concat_ws('/', extract(epoch from pg_postmaster_start_time()),
      (select oid from pg_database where datname = current_database()),
      'idempotency_keys'::regclass::oid) as "life",
      array(
        select r.merchant_id from erasures r where r.finished_at is null
        union
        select r.merchant_id from erasures r
        where r.finished_at > now() - ?::int * interval '1 second'
        union
        -- Events in the clear are blanked by a command, long after. No entry is about a record
        -- older than a day.
        select r.merchant_id from erasures r
        where r.events_in_clear > 0 and r.finished_at > now() - interval '2 days') as "erasing"`,
};

// A promotion takes longer than what is known is trusted: no process believes the old primary's entries after it.
const READ_EVERY_MS = 1_000;
const TRUSTED_MS = 3_000;

/**
 * Once an erasure has been visible for so long, no process answers with an entry that was written before: what it had
 * read without it is trusted no more, and what it was about to answer is answered. The erasure is not finished earlier.
 */
export const REMEMBERED_MS = TRUSTED_MS + 2_000;

// For processes whose clocks differ, and for one that stood still between reading a record and keeping it.
const MARGIN_SECONDS = 600;

export interface DatabaseLife {
  /** Undefined while entries about this merchant cannot be relied on, and when nothing was read in the last seconds. */
  readonly of: (merchantId: string) => string | undefined;
  /** Relies on nothing until it has been read again. */
  readonly doubt: () => void;
}

interface Known {
  readonly life: string;
  readonly erasing: ReadonlySet<string>;
  readonly atMs: number;
}

/** It is read beside the requests, once a second while there are any, and no request ever waits for it. */
export function watchDatabaseLife(
  db: Db,
  { keptSeconds }: { readonly keptSeconds: number },
): DatabaseLife {
  let known: Known | undefined;
  let doubts = 0;
  let reading = false;
  const read = async (): Promise<void> => {
    reading = true;
    const [atMs, doubtsBefore] = [performance.now(), doubts];
    try {
      const rows = await run<{ life: string; erasing: string[] }>(db, READ, [
        keptSeconds + MARGIN_SECONDS,
      ]);
      const [row] = rows;
      if (doubts !== doubtsBefore) return;
      // Processes that keep entries for longer, or for less long, keep their own: what is over is over for all of them.
      known = row && {
        life: `${row.life}/${String(keptSeconds)}`,
        erasing: new Set(row.erasing),
        atMs,
      };
    } catch {
      // The database is away: what was known is trusted for as long as it was going to be.
    } finally {
      reading = false;
    }
  };
  return {
    of: (merchantId) => {
      const ageMs = known ? performance.now() - known.atMs : Infinity;
      if (ageMs >= READ_EVERY_MS && !reading) void read();
      if (!known || ageMs >= TRUSTED_MS || known.erasing.has(merchantId)) return undefined;
      return known.life;
    },
    doubt: () => {
      doubts += 1;
      known = undefined;
    },
  };
}
