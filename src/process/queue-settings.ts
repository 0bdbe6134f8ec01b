import { z } from "zod";
import { parseRedis } from "../redis-places";

/** Where the queues are. */
export const QUEUE_SETTINGS = {
  REDIS_URL: z
    .string()
    .refine(
      (text) => parseRedis(text) !== undefined,
      "must be an address such as redis://host:6379, redis+cluster://a:6379,b:6379 or " +
        "redis+sentinel://a:26379,b:26379/mymaster",
    )
    .optional()
    .describe(
      "the Redis for BullMQ's queues and for the API's replay cache; without it the queues are in Postgres",
    ),
  ONCEPAY_QUEUE_PREFIX: z
    .string()
    .regex(/^[\w-]{1,64}$/, "must be 1 to 64 letters, digits, - or _")
    .default("bull")
    .describe(
      "what the queues' names in Redis begin with: installations on one Redis need different ones",
    ),
} as const;

export interface QueueConfig {
  readonly redisUrl: string | undefined;
  readonly queuePrefix: string;
}

export function queueConfig(settings: z.infer<z.ZodObject<typeof QUEUE_SETTINGS>>): QueueConfig {
  return { redisUrl: settings.REDIS_URL, queuePrefix: settings.ONCEPAY_QUEUE_PREFIX };
}
