import type { EventEmitter } from "node:events";
import type { BindableClient } from "./bind-tenant";
import type { Db } from "./db";

/*
 * A pool as one tenant sees it: the same connections, each asked for in the tenant's name and bound to the tenant for
 * as long as it is borrowed. Whoever is given a view needs to know nothing about that, and nobody who has one can take
 * a connection past the queue, or see another tenant's rows.
 *
 * Cost: no connection and no round trip.
 */

interface PoolClient extends EventEmitter {
  acquireConnection(): Promise<Borrowed>;
  releaseConnection(connection: Borrowed): Promise<void>;
}

interface Borrowed extends BindableClient {
  /** Gives back the place that it was given on. */
  leavePlace?: (() => void) | undefined;
}

/** Who may have a connection, and when. What is returned gives its place back. */
export interface Admission {
  enter(tenant: string): (() => void) | Promise<() => void>;
}

/** Everybody at once, as far as the pool has connections. */
const OPEN: Admission = { enter: () => () => undefined };

// A view is a few kilobytes; those of tenants that were not heard of for long are made again.
const VIEWS_MAX = 10_000;

/** Gives each tenant its view of a pool whose sessions act as the tenants' role. */
export function createTenantViews(pool: Db, admission: Admission = OPEN): (tenant: string) => Db {
  const views = new Map<string, Db>();
  return (tenant) => {
    const known = views.get(tenant);
    if (known) return known;
    if (views.size >= VIEWS_MAX) views.clear();
    const view = viewOf(pool, admission, tenant);
    views.set(tenant, view);
    return view;
  };
}

function viewOf(db: Db, admission: Admission, tenant: string): Db {
  if (tenant === "") throw new Error("a tenant has a name");
  const pool = db.client as PoolClient;
  // Knex' own way to have a second face of one pool.
  const view = db.withUserParams({}) as Db;
  const client = view.client as PoolClient;
  // Who listens to the pool's statements hears these as well, and each once.
  for (const event of ["query", "query-error", "query-response"]) {
    client.removeAllListeners(event);
    client.on(event, (...about: unknown[]) => pool.emit(event, ...about));
  }
  client.acquireConnection = async () => {
    const entering = admission.enter(tenant);
    const leave = typeof entering === "function" ? entering : await entering;
    try {
      const connection = await pool.acquireConnection();
      connection.tenant = tenant;
      connection.leavePlace = leave;
      return connection;
    } catch (error) {
      leave();
      throw error;
    }
  };
  client.releaseConnection = async (connection) => {
    const { leavePlace } = connection;
    connection.tenant = undefined;
    connection.leavePlace = undefined;
    await pool.releaseConnection(connection);
    leavePlace?.();
  };
  return view;
}
