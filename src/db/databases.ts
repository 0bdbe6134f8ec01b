import knex from "knex";
import type { BindableClient } from "./bind-tenant";
import { type DbOptions, SILENT, connect } from "./connect";
import type { Db } from "./db";
import { SYSTEM_ROLE, TENANT_ROLE } from "./roles";

/** A process's ways into the database: one for each of its roles. */
export interface Databases {
  /** Sees every tenant: for work that is about no single one. Whoever uses it for a tenant's request says why. */
  readonly db: Db;
  /** Sees one tenant and nothing else, whatever is asked for. */
  readonly tenantDb: (merchantId: string) => Db;
  /** The connections that tenants' statements take turns on. Unbound it sees no rows. */
  readonly tenantPool: Db;
  readonly close: () => Promise<void>;
}

export interface DatabasesOptions extends Omit<DbOptions, "role" | "poolMax"> {
  readonly connectionsMax: { readonly system: number; readonly tenants: number };
}

export function openDatabases({ connectionsMax, ...options }: DatabasesOptions): Databases {
  const db = connect({ ...options, role: SYSTEM_ROLE, poolMax: connectionsMax.system });
  const tenantPool = connect({ ...options, role: TENANT_ROLE, poolMax: connectionsMax.tenants });
  return {
    db,
    tenantPool,
    tenantDb: bindDbs(tenantPool),
    close: async () => {
      await Promise.all([db.destroy(), tenantPool.destroy()]);
    },
  };
}

interface Connections {
  acquireConnection(): Promise<BindableClient>;
  releaseConnection(connection: BindableClient): Promise<void>;
}

// Some kilobytes each. One that is made anew costs some 50 µs.
const REMEMBERED_MAX = 1_000;

/** Gives each tenant a Db of its own over the connections of a pool. Those of the latest tenants are kept. */
export function bindDbs(pool: Db): (merchantId: string) => Db {
  const made = new Map<string, Db>();
  return (merchantId) => {
    const known = made.get(merchantId);
    if (known) return known;
    const [oldest] = made.keys();
    if (made.size >= REMEMBERED_MAX && oldest !== undefined) made.delete(oldest);
    const bound = bindDb(pool, merchantId);
    made.set(merchantId, bound);
    return bound;
  };
}

/** Its own Knex, which has no connections: it borrows the pool's, each bound for as long as it is borrowed. */
function bindDb(pool: Db, merchantId: string): Db {
  if (merchantId === "") throw new Error("a tenant has a name");
  const connections = pool.client as Connections;
  const db = knex({ client: "pg", log: SILENT });
  const borrowed: Connections = {
    acquireConnection: async () => {
      const connection = await connections.acquireConnection();
      connection.tenant = merchantId;
      return connection;
    },
    releaseConnection: (connection) => {
      connection.tenant = undefined;
      return connections.releaseConnection(connection);
    },
  };
  Object.assign(db.client as object, borrowed);
  return db;
}
