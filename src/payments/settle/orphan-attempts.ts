import type { Db } from "../../db/db";
import { transact } from "../../db/transact";
import { insertJournals } from "../../ledger/ledger-store";
import type { AttemptKey } from "../attempt";
import { type OrphanOptions, takeFromTheDead } from "../worker-leases";
import { holdOf } from "./suspense";

/*
 * For the sweeper. Guarantees: what a dead worker had sent becomes UNKNOWN, and what it may have moved is held in
 * suspense, in one commit. A crash leaves both to the next sweep.
 *
 * Cost: BEGIN, one statement, COMMIT; where there is something to hold, one more, or two.
 */
export async function orphanAttempts(db: Db, options: OrphanOptions): Promise<AttemptKey[]> {
  return transact(db, async (tx) => {
    const orphans = await takeFromTheDead(tx, options);
    await insertJournals(tx, orphans.flatMap(holdOf));
    return orphans.map(({ merchantId, id }) => ({ merchantId, id }));
  });
}
