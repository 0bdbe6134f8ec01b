import type { PostgresConnectionOptions } from "bullmq";
import { Pool, type PoolConfig } from "pg";
import { PrimaryClient } from "../src/db/primary-client";
import { QUEUE_SCHEMA } from "../src/db/queue-schema";
import { SYSTEM_ROLE } from "../src/db/roles";

// A connection whose other end has lost power is silent for ever; none of the queue's statements takes this long.
const SILENT_MS = 10_000;

export interface QueuePool {
  readonly connection: PostgresConnectionOptions;
  end(): Promise<void>;
}

/**
 * BullMQ's connections to Postgres, made by us, so that they go where all others go; in its default schema.
 *
 * What the queue commits is made again from rows where it is lost, so it waits for no standby: one that is away does not
 * hold up the queue.
 */
export function openQueuePool(databaseUrl: string, max: number): QueuePool {
  const wanted = {
    Client: PrimaryClient,
    connectionString: databaseUrl,
    max,
    keepAlive: true,
    application_name: "oncepay queue",
    options: `-c role=${SYSTEM_ROLE} -c search_path=${QUEUE_SCHEMA} -c synchronous_commit=local`,
    query_timeout: SILENT_MS,
    connectionTimeoutMillis: SILENT_MS,
  };
  // pg's types know neither a class with a constructor of its own, nor BullMQ's a pool of pg's.
  const pool = new Pool(wanted as unknown as PoolConfig);
  return {
    connection: pool as unknown as PostgresConnectionOptions,
    end: () => pool.end(),
  };
}

/** What is closed of BullMQ's queues and workers. */
export interface Closing {
  close(): Promise<void>;
  disconnect(): Promise<void>;
}

/** BullMQ does not end a pool that it was given. */
export function endingPool<Made extends Closing>(made: Made, pool: QueuePool): Made {
  const disconnect = made.disconnect.bind(made);
  made.disconnect = async () => {
    await disconnect().catch(() => undefined);
    await pool.end();
  };
  return made;
}
