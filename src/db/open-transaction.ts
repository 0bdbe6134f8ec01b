import type { Knex } from "knex";
import type { Db, Tx } from "./db";

/*
 * A transaction of one connection, without Knex' own, which makes a whole Knex for each: a dozen of functions that V8 puts
 * into the old generation (see silence.ts), with all that they know, some 20 KB for each cancellation.
 *
 * Guarantees: what is asked of it goes to its connection, and once it is over, nowhere. Whoever listens to the pool's
 * statements hears these. A connection that could not be rolled back leaves the pool.
 */

interface Connection {
  /** Knex' word for one that may not be used again, and why. */
  __knex__disposed?: unknown;
}

interface Client {
  /** Of a transaction, by whomever. */
  readonly transacting?: boolean;
  acquireConnection(): Promise<Connection>;
  releaseConnection(connection: Connection): Promise<void>;
  raw(text: string, bindings?: readonly unknown[]): Knex.Raw;
  queryBuilder(): Knex.QueryBuilder;
}

/**
 * Runs work between BEGIN and COMMIT; a throw rolls back, and is what is thrown. Within a transaction of Knex' own it is
 * between savepoints, and ours have none.
 */
export async function inTransaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = db.client as Client;
  if (client.transacting) return db.transaction(work);
  const connection = await client.acquireConnection();
  let isOver = false;
  const own = Object.assign(Object.create(client) as Client, {
    transacting: true,
    acquireConnection: () =>
      isOver ? Promise.reject(new Error("the transaction is over")) : Promise.resolve(connection),
    releaseConnection: () => Promise.resolve(),
  });
  try {
    await own.raw("BEGIN;");
    const result = await orRollBack(own, connection, work);
    await own.raw("COMMIT;");
    return result;
  } finally {
    isOver = true;
    await client.releaseConnection(connection);
  }
}

async function orRollBack<T>(
  client: Client,
  connection: Connection,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  try {
    return await work(txOf(client));
  } catch (error) {
    try {
      await client.raw("ROLLBACK");
    } catch (failed) {
      connection.__knex__disposed = failed;
    }
    throw error;
  }
}

function txOf(client: Client): Tx {
  const from = (table: string): Knex.QueryBuilder => client.queryBuilder().from(table);
  return Object.assign(from, {
    client,
    raw: (text: string, bindings?: readonly unknown[]) => client.raw(text, bindings),
    transaction: () => {
      throw new Error("a transaction has none within it");
    },
  }) as unknown as Tx;
}
