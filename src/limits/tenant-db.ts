import type { EventEmitter } from "node:events";
import type { Db } from "../db/db";
import type { FairAdmission } from "./fair-admission";

/*
 * The pool as one tenant sees it: the same connections, each of which is asked for in the tenant's name. Whoever is
 * given it needs to know nothing about that, and nobody who has it can take a connection past the queue.
 */

interface PoolClient extends EventEmitter {
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
}

// A view is a few kilobytes; those of tenants that were not heard of for long are made again.
const VIEWS_MAX = 10_000;

export function createTenantViews(
  dbOf: (tenant: string) => Db,
  admission: Pick<FairAdmission, "enter">,
): (tenant: string) => Db {
  const views = new Map<string, Db>();
  return (tenant) => {
    const known = views.get(tenant);
    if (known) return known;
    if (views.size >= VIEWS_MAX) views.clear();
    const view = viewOf(dbOf(tenant), admission, tenant);
    views.set(tenant, view);
    return view;
  };
}

function viewOf(db: Db, admission: Pick<FairAdmission, "enter">, tenant: string): Db {
  const pool = db.client as PoolClient;
  // Knex' own way to have a second face of one pool.
  const view = db.withUserParams({}) as Db;
  const client = view.client as PoolClient;
  // Who listens to the pool's statements hears these as well, and each once.
  for (const event of ["query", "query-error", "query-response"]) {
    client.removeAllListeners(event);
    client.on(event, (...about: unknown[]) => pool.emit(event, ...about));
  }
  const places = new Map<unknown, () => void>();
  client.acquireConnection = async () => {
    const entering = admission.enter(tenant);
    const leave = typeof entering === "function" ? entering : await entering;
    try {
      const connection = await pool.acquireConnection();
      places.set(connection, leave);
      return connection;
    } catch (error) {
      leave();
      throw error;
    }
  };
  client.releaseConnection = async (connection) => {
    await pool.releaseConnection(connection);
    const leave = places.get(connection);
    places.delete(connection);
    leave?.();
  };
  return view;
}
