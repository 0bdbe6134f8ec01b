import type { Db } from "../db/db";
import { mayBeStored } from "../db/errors";
import type { Attempt, AttemptKey } from "./attempt";
import { claimAttempts } from "./attempt-store";
import { disownAttempts } from "./worker-leases";

/*
 * A worker that claims attempts, and what it does about claims of which it was not told whether they are stored: the
 * connection was lost, or the standby that the commit waited for was away. If one is, its attempts are SENT in the name
 * of a worker that lives on and knows nothing of them: nothing has been sent, and nothing will be.
 *
 * Guarantees: they are taken from the worker as soon as the database can be written to, and are then looked up like what
 * a dead worker held. Should one be claimed anew by this process in that very moment, it is looked up although it is
 * being sent, as after a frozen worker, and its answer settles it. A crash leaves all of them to the end of the worker's
 * lease.
 *
 * Cost: the claim is one round trip. What was lost costs one more.
 */
export interface Claimant {
  readonly workerId: string;
  claim(db: Db, keys: readonly AttemptKey[]): Promise<Attempt[]>;
  /** Takes from the worker what it does not know that it holds, and returns how many attempts that were. */
  disownLost(db: Db): Promise<number>;
}

export function createClaimant(workerId: string): Claimant {
  const lost = new Map<string, AttemptKey>();
  const forget = (keys: readonly AttemptKey[]): void => {
    for (const { id } of keys) lost.delete(id);
  };
  return {
    workerId,
    claim: async (db, keys) => {
      try {
        const claimed = await claimAttempts(db, workerId, keys);
        forget(claimed);
        return claimed;
      } catch (error) {
        if (mayBeStored(error)) for (const key of keys) lost.set(key.id, key);
        throw error;
      }
    },
    disownLost: async (db) => {
      if (lost.size === 0) return 0;
      const keys = [...lost.values()];
      const disowned = await disownAttempts(db, workerId, keys);
      forget(keys);
      return disowned;
    },
  };
}
