import type { Db } from "../db/db";
import { isDatabaseAway, isRetryable } from "../db/errors";
import { openReplica } from "../db/replica";
import { createBoundedReads } from "./bounded-reads";
import { type FairAdmissionOptions, createFairAdmission } from "./fair-admission";

/*
 * Lists that may be a little old, read from a standby where there is one that is new enough (src/db/replica.ts).
 *
 * Guarantees: whatever the standby does not answer, the primary is asked for: it is too old, it is gone, or it ended the
 * statement because of what it had to replay. Its connections are shared among tenants as the primary's are.
 */

export interface ReplicaLists {
  /** Undefined: the primary is to be asked. */
  read<Result>(
    merchantId: string,
    list: ReplicaList<Result>,
  ): Promise<{ readonly result: Result } | undefined>;
  readonly isFresh: () => boolean;
  /** How long ago the standby was as new as the primary, as far as is known. */
  readonly ageSeconds: () => number;
  close(): Promise<void>;
}

interface ReplicaList<Result> {
  readonly isUnindexed: boolean;
  readonly field: string;
  readonly work: (db: Db) => Promise<Result>;
}

export interface ReplicaListsOptions {
  readonly primary: Db;
  readonly name: string;
  /** How tenants share its connections, and how many there are. */
  readonly admission: FairAdmissionOptions;
  readonly config: {
    readonly replicaUrl: string | undefined;
    readonly replicaLagMaxMs: number;
    readonly lockTimeoutMs: number;
    readonly listTimeoutMs: number;
  };
}

/** Undefined where none is configured. */
export function openReplicaLists(options: ReplicaListsOptions): ReplicaLists | undefined {
  const { config, primary, name, admission } = options;
  const { replicaUrl: url, lockTimeoutMs } = config;
  if (url === undefined) return undefined;
  const replica = openReplica({
    url,
    primary,
    applicationName: `oncepay ${name} replica`,
    poolMax: admission.places,
    boundMs: config.replicaLagMaxMs,
    admission: createFairAdmission(admission),
  });
  const bounded = createBoundedReads({
    databaseUrl: url,
    applicationName: `oncepay ${name} replica lists`,
    lockTimeoutMs,
    timeoutMs: config.listTimeoutMs,
  });
  return {
    isFresh: replica.isFresh,
    ageSeconds: replica.ageSeconds,
    read: async (merchantId, { isUnindexed, field, work }) => {
      const view = replica.fresh(merchantId);
      if (!view) return undefined;
      try {
        const result = isUnindexed
          ? await bounded.read(merchantId, { field, work })
          : await work(view);
        return { result };
      } catch (error) {
        const isAway = isDatabaseAway(error);
        // Otherwise each list would wait for a connection until the bound has passed.
        if (isAway) replica.doubt();
        // What it has to replay comes before what is read there: such a statement ends with 40001 or 40P01.
        if (isAway || isRetryable(error)) return undefined;
        throw error;
      }
    },
    close: async () => {
      await Promise.all([replica.close(), bounded.close()]);
    },
  };
}
