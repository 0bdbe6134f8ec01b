import type { App } from "../src/app";
import { failpoint } from "../src/failpoints";
import { findUnsentAttempts, orphanAttempts } from "../src/payments/attempt-store";
import { resolveAttempts } from "../src/payments/resolve-attempt";
import { findOverdueDeliveries } from "../src/webhooks/delivery-store";
import { type Queues, chunk } from "./queues";

const LIMIT = 500;

// How long a job takes to reach a worker when all is well, several times over. What is due for longer gets a new job.
const OVERDUE_MS = 5_000;

// While the new job waits in a long queue its rows stay overdue. Its id holds the half minute, so that they get one
// more job in that time and not one at every sweep.
const REMADE_EVERY_MS = 30_000;

// A worker that has held an attempt for so much longer than a call may take has lost it.
const HELD_MARGIN_MS = 75_000;

export interface Swept {
  readonly orphaned: number;
  readonly resolved: number;
  readonly requeued: number;
}

/**
 * Rescues what processes and queues forgot: attempts whose worker died, outcomes that are still unknown, and rows that
 * are due and have no job. Truth is in the rows, so this works from nothing but them.
 */
export async function sweepOnce(app: App, queues: Queues): Promise<Swept> {
  await failpoint("sweeper.before");
  const orphaned = await orphanAttempts(app.db, {
    firstLookupMs: app.config.lookupScheduleMs[0] ?? 0,
    heldMaxMs: app.config.processorTimeoutMs + HELD_MARGIN_MS,
    limit: LIMIT,
  });
  if (orphaned.length > 0) app.log.warn({ count: orphaned.length }, "a worker died with attempts");
  const resolved = await resolveAttempts(app, LIMIT);
  const requeued = await requeue(app, queues);
  if (resolved.length > 0) app.wakeRelay();
  await failpoint("sweeper.after");
  return { orphaned: orphaned.length, resolved: resolved.length, requeued };
}

async function requeue(app: App, queues: Queues): Promise<number> {
  const overdue = { overdueMs: OVERDUE_MS, limit: LIMIT };
  const [attempts, deliveries] = await Promise.all([
    findUnsentAttempts(app.db, overdue),
    findOverdueDeliveries(app.db, overdue),
  ]);
  const period = String(Math.floor(Date.now() / REMADE_EVERY_MS));
  const jobs = <Key extends { readonly id: string }>(keys: readonly Key[], sizeMax: number) =>
    chunk(keys, sizeMax).map((some) => ({
      data: { keys: some },
      jobId: `sweep-${some[0]?.id ?? ""}-${String(some.length)}-${period}`,
    }));
  await queues.add("run-attempts", jobs(attempts, 25));
  await queues.add("deliver-webhooks", jobs(deliveries, 50));
  const count = attempts.length + deliveries.length;
  if (count > 0) app.log.warn({ count }, "rows that were due had no job");
  return count;
}
