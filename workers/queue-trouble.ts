import { isDeadlock } from "../src/db/errors";
import type { Log } from "../src/observability/log";
import { queueErrors } from "../src/observability/metrics";
import type { QueueName } from "./queues";

/**
 * What to do about an error of the queue itself: say so and count it. Nothing is lost, because the rows say what is to
 * be done, and BullMQ asks again.
 *
 * On Postgres some of them are deadlocks: when a job ends, its function also makes due jobs ready, all that there are,
 * locking them in whatever order they come. Postgres ends one of two that wait for each other.
 */
export function queueTrouble(log: Log, queue: QueueName | "any"): (error: Error) => void {
  return (error) => {
    queueErrors.inc({ queue, reason: isDeadlock(error) ? "deadlock" : "other" });
    log.warn({ queue, reason: error.message }, "the queue is in trouble");
  };
}
