import { type Db, type Statement, run } from "../../db/db";

/**
 * A record that was committed is gone when the database was restored to an earlier moment, or when a standby was
 * promoted that had not heard of it. What was cached about it must be gone as well, so every entry belongs to one life
 * of the database: to one start of its server, one database, one table. A restore, a promotion and a copy all begin
 * another life, whatever they do to logs and identifiers, and so does a restart, which costs only some misses.
 */
const READ: Statement = {
  name: "read_database_life",
  text: `
    select concat_ws('/', extract(epoch from pg_postmaster_start_time()),
      (select oid from pg_database where datname = current_database()),
      'idempotency_keys'::regclass::oid) as "life"`,
};

// A promotion takes longer than what is known is trusted: no process believes the old primary's entries after it.
const READ_EVERY_MS = 1_000;
const TRUSTED_MS = 3_000;

/**
 * Gives the life that the database is in; undefined when that has not been read in the last seconds. It is read beside
 * the requests, once a second while there are any, and no request ever waits for it.
 */
export function watchDatabaseLife(db: Db): () => string | undefined {
  let known: { readonly life: string; readonly atMs: number } | undefined;
  let reading = false;
  const read = async (): Promise<void> => {
    reading = true;
    const atMs = performance.now();
    try {
      const [row] = await run<{ life: string }>(db, READ, []);
      known = row && { life: row.life, atMs };
    } catch {
      // The database is away: what was known is trusted for as long as it was going to be.
    } finally {
      reading = false;
    }
  };
  return () => {
    const ageMs = known ? performance.now() - known.atMs : Infinity;
    if (ageMs >= READ_EVERY_MS && !reading) void read();
    return ageMs < TRUSTED_MS ? known?.life : undefined;
  };
}
