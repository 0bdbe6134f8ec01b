import type { Config } from "./config";
import type { Db } from "./db/db";
import { createTenantViews } from "./db/tenant-views";
import { type BoundedReads, createBoundedReads } from "./limits/bounded-reads";
import { createFairAdmission } from "./limits/fair-admission";
import { type Turns, createTurns } from "./limits/in-turn";
import { type Limits, createLimits } from "./limits/limits";
import { type ReplicaLists, openReplicaLists } from "./limits/replica-lists";
import { poolWaitSeconds } from "./observability/metrics";
import { findIntents } from "./payments/payment-store";
import type { Redis } from "./redis";

// A tenant that is alone gets three quarters of the connections.
const HELD_PER_FREE = 3;
const WAITING_FOR_CONNECTIONS_MAX = 5_000;
const WAITING_FOR_A_PAYMENT_MAX = 500;

/** What tenants share, and none of them can have alone. */
export interface Shared {
  readonly limits: Limits;
  /** Mutations of the same payment, one after the other. */
  readonly turns: Turns;
  /** For lists whose filter has no index. */
  readonly boundedReads: BoundedReads;
  /** For lists that may be a little old, where a standby is configured; workers have none. */
  readonly replicaLists: ReplicaLists | undefined;
  /** One tenant's view of the tenants' connections, which are shared fairly: it sees no other tenant's rows. */
  readonly tenantDb: (merchantId: string) => Db;
  readonly closeShared: () => Promise<void>;
}

export function shareFairly(
  given: {
    readonly config: Config;
    readonly db: Db;
    readonly tenantPool: Db;
    readonly redis: Redis | undefined;
  },
  { name, places }: { readonly name: string; readonly places: number },
): Shared {
  const { config, redis } = given;
  const { lockTimeoutMs } = config;
  const share = {
    places,
    heldPerFree: HELD_PER_FREE,
    patienceMs: lockTimeoutMs,
    waitingMax: WAITING_FOR_CONNECTIONS_MAX,
  };
  const admission = createFairAdmission({
    ...share,
    onWaited: (seconds) => poolWaitSeconds.observe({ pool: "tenants" }, seconds),
  });
  const tenantDb = createTenantViews(given.tenantPool, admission);
  const boundedReads = createBoundedReads({
    databaseUrl: config.databaseUrl,
    applicationName: `oncepay ${name} lists`,
    lockTimeoutMs,
    timeoutMs: config.listTimeoutMs,
  });
  const replicaLists =
    name === "worker"
      ? undefined
      : openReplicaLists({ primary: given.db, name, config, admission: share });
  const limits = createLimits({
    settings: config.limits,
    redis,
    findStatuses: (merchantId, ids) => findIntents(tenantDb(merchantId), merchantId, ids),
  });
  return {
    tenantDb,
    boundedReads,
    replicaLists,
    limits,
    turns: createTurns({ patienceMs: lockTimeoutMs, waitingMax: WAITING_FOR_A_PAYMENT_MAX }),
    closeShared: async () => {
      limits.close();
      await Promise.all([boundedReads.close(), replicaLists?.close()]);
    },
  };
}
