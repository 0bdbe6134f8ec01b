import { setTimeout as pause } from "node:timers/promises";
import { type Db, type Statement, run } from "../db/db";

/*
 * Whatever other sessions of this database have under way; autovacuum, which belongs to nobody, is none of it. A
 * transaction's virtual id is not given again while the server runs.
 */
const UNDER_WAY: Statement = {
  name: "transactions_under_way",
  text: `
    select l.virtualxid as "id" from pg_locks l
    join pg_stat_activity a on a.pid = l.pid and a.datname = current_database()
      and a.usesysid is not null
    where l.locktype = 'virtualxid' and l.granted and l.pid <> pg_backend_pid()`,
};

async function readUnderWay(db: Db): Promise<string[]> {
  return (await run<{ id: string }>(db, UNDER_WAY, [])).map(({ id }) => id);
}

const ASK_EVERY_MS = 25;

/** Waits until every transaction that is under way now has ended; false when one does not, in this time. */
export async function othersToEnd(db: Db, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  let left = await readUnderWay(db);
  while (left.length > 0) {
    if (performance.now() > deadline) return false;
    await pause(ASK_EVERY_MS);
    const now = new Set(await readUnderWay(db));
    left = left.filter((id) => now.has(id));
  }
  return true;
}
