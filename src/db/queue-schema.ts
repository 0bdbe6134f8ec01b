/** BullMQ's PostgreSQL backend keeps its tables in a schema of their own in the same database. */
export const QUEUE_SCHEMA = "bullmq";

export const QUEUE_NAMES = ["run-attempts", "deliver-webhooks"] as const;
