import { type DbOptions, connect } from "./connect";
import type { Db } from "./db";
import { createServerWatch } from "./server-watch";
import { SYSTEM_ROLE, TENANT_ROLE } from "./roles";

/** A process's ways into the database: one for each of its roles. */
export interface Databases {
  /** Sees every tenant: for work that is about no single one. Whoever uses it for a tenant's request says why. */
  readonly db: Db;
  /** The connections that tenants' statements take turns on: see tenant-views.ts. Unbound it sees no rows. */
  readonly tenantPool: Db;
  readonly close: () => Promise<void>;
}

export interface DatabasesOptions extends Omit<DbOptions, "role" | "poolMax"> {
  readonly connectionsMax: { readonly system: number; readonly tenants: number };
}

export function openDatabases({ connectionsMax, ...given }: DatabasesOptions): Databases {
  const watch = createServerWatch(given);
  const options = { ...given, watch };
  const db = connect({ ...options, role: SYSTEM_ROLE, poolMax: connectionsMax.system });
  const tenantPool = connect({ ...options, role: TENANT_ROLE, poolMax: connectionsMax.tenants });
  return {
    db,
    tenantPool,
    close: async () => {
      watch.close();
      await Promise.all([db.destroy(), tenantPool.destroy()]);
    },
  };
}
