import type { Config } from "./config";
import type { Db } from "./db/db";
import { createTenantViews } from "./db/tenant-views";
import { poolWaitSeconds, replicaReads } from "./observability/metrics";
import { openConfiguredReplica } from "./observability/observed-replica";
import { findIntents } from "./payments/payment-store";
import type { Redis } from "./redis";
import { type BoundedReads, CONNECTIONS, createBoundedReads } from "./limits/bounded-reads";
import { createFairAdmission } from "./limits/fair-admission";
import { type Turns, createTurns } from "./limits/in-turn";
import { type Limits, createLimits } from "./limits/limits";

// A tenant that is alone gets three quarters of the connections.
const HELD_PER_FREE = 3;
const WAITING_FOR_CONNECTIONS_MAX = 5_000;
const WAITING_FOR_A_PAYMENT_MAX = 500;

export interface Shared {
  readonly limits: Limits;
  /** Mutations of the same payment, one after the other. */
  readonly turns: Turns;
  /** For lists whose filter has no index. */
  readonly boundedReads: BoundedReads;
  /** One tenant's view of the tenants' connections, which are shared fairly: it sees no other tenant's rows. */
  readonly tenantDb: (merchantId: string) => Db;
}

/** What keeps one tenant from having everything. */
export function shareFairly(
  given: {
    readonly config: Config;
    readonly db: Db;
    readonly tenantPool: Db;
    readonly redis: Redis | undefined;
  },
  { name, places }: { readonly name: string; readonly places: number },
): Shared {
  const { config, db, tenantPool, redis } = given;
  const applicationName = `oncepay ${name} lists`;
  const patienceMs = config.lockTimeoutMs;
  const admission = createFairAdmission({
    places,
    heldPerFree: HELD_PER_FREE,
    patienceMs,
    waitingMax: WAITING_FOR_CONNECTIONS_MAX,
    onWaited: (seconds) => poolWaitSeconds.observe({ pool: "tenants" }, seconds),
  });
  const tenantDb = createTenantViews(tenantPool, admission);
  return {
    tenantDb,
    turns: createTurns({ patienceMs, waitingMax: WAITING_FOR_A_PAYMENT_MAX }),
    boundedReads: createBoundedReads({
      databaseUrl: config.databaseUrl,
      applicationName,
      lockTimeoutMs: config.lockTimeoutMs,
      timeoutMs: config.listTimeoutMs,
      // A worker serves no lists. One connection more, to ask how far it has come.
      replica:
        name === "worker"
          ? undefined
          : openConfiguredReplica(config, {
              primary: db,
              applicationName,
              poolMax: CONNECTIONS + 1,
            }),
      onRead: (from) => replicaReads.inc({ from }),
    }),
    limits: createLimits({
      settings: config.limits,
      redis,
      findStatuses: (merchantId, ids) => findIntents(tenantDb(merchantId), merchantId, ids),
    }),
  };
}
