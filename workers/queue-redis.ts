import type { ConnectionOptions } from "bullmq";
import type { RedisOptions } from "ioredis";
import { connectRedis, parseRedis } from "../src/redis-places";

export interface QueueRedis {
  readonly connection: ConnectionOptions;
  readonly prefix: string;
  end(): Promise<void>;
}

const RETRY_MAX_MS = 5_000;

/**
 * BullMQ's connection to Redis, for one queue or one worker of it.
 *
 * In a cluster all keys of a queue have to lie in one slot, so its prefix is in braces: a queue has the throughput of one
 * node, and what the others give is that they go on when one is lost. Whatever is lost with a node, the sweeper makes again
 * from rows.
 */
export function openQueueRedis(
  { queuePrefix }: { readonly queuePrefix: string },
  url: string,
  /** Null, for a worker: it waits for Redis to come back, for as long as it takes. */
  { name, timeoutMs }: { readonly name: string; readonly timeoutMs: number | null },
): QueueRedis {
  let isOver = false;
  const options: RedisOptions = {
    ...(timeoutMs === null
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 1, connectTimeout: timeoutMs, commandTimeout: timeoutMs }),
    // Null ends it: otherwise a connection closed while Redis was away would try to connect for ever.
    retryStrategy: (tries) => (isOver ? null : Math.min(tries * 250, RETRY_MAX_MS)),
  };
  const places = parseRedis(url);
  if (places?.kind !== "cluster") {
    return {
      connection: { ...options, ...places?.options } as ConnectionOptions,
      prefix: queuePrefix,
      end: () => {
        isOver = true;
        return Promise.resolve();
      },
    };
  }
  const cluster = connectRedis(url, options);
  // BullMQ reports them, too.
  cluster.on("error", () => undefined);
  return {
    connection: cluster,
    prefix: `{${queuePrefix}-${name}}`,
    end: () => {
      isOver = true;
      cluster.disconnect();
      return Promise.resolve();
    },
  };
}
