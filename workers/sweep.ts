import type { App } from "../src/app";
import { failpoint } from "../src/failpoints";
import { attemptsDoubted, attemptsOrphaned, jobsRemade } from "../src/observability/metrics";
import { findUnsentAttempts } from "../src/payments/attempt-store";
import { checkResolutions } from "../src/payments/check-resolutions";
import { expireAuthorizations } from "../src/payments/expire-authorizations";
import { lookUpAttempts } from "../src/payments/look-up-attempts";
import { type Doubts, doubtQueued } from "../src/payments/settle/doubt-queued";
import { orphanAttempts } from "../src/payments/settle/orphan-attempts";
import { findOverdueDeliveries } from "../src/webhooks/delivery-store";
import { type Walk, newWalk, walkAlongLines } from "../src/webhooks/lines";
import { findEndpointsWithHeld } from "../src/webhooks/held-store";
import { followEndpoints } from "../src/webhooks/follow-endpoint";
import { type QueueName, type Queues, chunk } from "./queues";

const LIMIT = 500;

// How long a job takes to reach a worker when all is well, several times over. What has been due for longer has lost
// its job, or its job is far back in the queue: so while a queue has jobs waiting, only what has been due for much
// longer counts.
const OVERDUE_MS = 5_000;
const OVERDUE_IN_LINE_MS = 60_000;

// While the new job waits in a long queue its rows stay overdue. Its id holds the half minute, so that they get one
// more job in that time and not one at every sweep.
const REMADE_EVERY_MS = 30_000;

// A worker that has held an attempt for so much longer than a call may take has lost it, or never knew that it has
// it: the answer to its claim may have been lost. One that is merely slow still settles it, as a duplicate.
const HELD_MARGIN_MS = 10_000;

export interface Swept {
  readonly orphaned: number;
  readonly lookedUp: number;
  readonly requeued: number;
}

/**
 * Rescues what processes and queues forgot: attempts whose worker died, outcomes that are still unknown, and rows that
 * are due and have no job. Truth is in the rows, so this works from nothing but them.
 */
export async function sweepOnce(app: App, queues: Queues, memory = newMemory()): Promise<Swept> {
  await failpoint("sweeper.before");
  await doubt(app, memory.doubts);
  const orphaned = await orphanAttempts(app.db, {
    firstLookupMs: app.config.lookupScheduleMs[0] ?? 0,
    heldMaxMs: app.config.processorTimeoutMs + HELD_MARGIN_MS,
    limit: LIMIT,
  });
  attemptsOrphaned.inc(orphaned.length);
  if (orphaned.length > 0) app.log.warn({ count: orphaned.length }, "a worker died with attempts");
  // Before the look-ups, which wait for processors, so that nobody is told late; and if it fails, they are done.
  const holds = await expireAuthorizations(app.db, LIMIT).catch((error: unknown): [] => {
    app.log.error(
      { err: error },
      "holds that are due were not seen to; the next sweep tries again",
    );
    return [];
  });
  for (const changed of holds) app.announce(changed);
  const lookedUp = await lookUpAttempts(app, LIMIT);
  const checked = await checkResolutions(app, LIMIT);
  const followed = await followEndpoints(app.db, { limit: LIMIT });
  const requeued = await requeue(app, queues);
  await callUpHeld(app, queues);
  await letGo(app, queues, memory.walk);
  if (holds.length + lookedUp.length + checked + followed > 0) app.wakeRelay();
  await failpoint("sweeper.after");
  return { orphaned: orphaned.length, lookedUp: lookedUp.length, requeued };
}

/** What a sweeper remembers from one sweep to the next; nothing is lost with it. */
export interface SweepMemory {
  readonly walk: Walk;
  readonly doubts: Doubts;
}

export function newMemory(): SweepMemory {
  return { walk: newWalk(), doubts: {} };
}

async function doubt(app: App, doubts: Doubts): Promise<void> {
  const firstLookupMs = app.config.lookupScheduleMs[0] ?? 0;
  const doubted = await doubtQueued(app.db, doubts, { firstLookupMs, limit: LIMIT });
  attemptsDoubted.inc(doubted.length);
  if (doubted.length === 0) return;
  const count = doubted.length;
  app.log.error({ count }, "the database was promoted or restored; what was queued is looked up");
}

async function requeue(app: App, queues: Queues): Promise<number> {
  const overdue = async (name: QueueName): Promise<{ overdueMs: number; limit: number }> => {
    const inLine = (await queues.waitingJobs(name)) > 0;
    return { overdueMs: inLine ? OVERDUE_IN_LINE_MS : OVERDUE_MS, limit: LIMIT };
  };
  // Read before anything is started below: a promise that rejects before anybody awaits it ends the process.
  const attemptsOverdue = await overdue("run-attempts");
  const deliveriesOverdue = await overdue("deliver-webhooks");
  const [attempts, deliveries] = await Promise.all([
    findUnsentAttempts(app.db, attemptsOverdue),
    findOverdueDeliveries(app.db, deliveriesOverdue),
  ]);
  await queues.add("run-attempts", remade("run-attempts", attempts));
  await queues.add("deliver-webhooks", remade("deliver-webhooks", deliveries));
  jobsRemade.inc({ what: "attempt" }, attempts.length);
  jobsRemade.inc({ what: "delivery" }, deliveries.length);
  const count = attempts.length + deliveries.length;
  if (count > 0) app.log.warn({ count }, "rows were due and had no job; they have one now");
  return count;
}

/** What is first in a line and still stands there. They are due: should they get no job now, they get one as overdue. */
async function letGo(app: App, queues: Queues, walk: Walk): Promise<void> {
  const gone = await walkAlongLines(app.db, walk);
  const jobs = chunk("deliver-webhooks", gone).map((keys) => ({ data: { keys } }));
  await queues.add("deliver-webhooks", jobs);
}

const ENDPOINTS_A_JOB = 50;

/**
 * Jobs for endpoints that have deliveries held and can take some. A worker that is at it takes no notice; one that is
 * not may be the only one that is left.
 */
async function callUpHeld(app: App, queues: Queues): Promise<void> {
  const endpoints = await findEndpointsWithHeld(app.db, LIMIT);
  const jobs = [];
  for (let start = 0; start < endpoints.length; start += ENDPOINTS_A_JOB) {
    const some = endpoints.slice(start, start + ENDPOINTS_A_JOB);
    const jobId = `call-up-${some[0]?.id ?? ""}-${String(some.length)}`;
    jobs.push({ data: { keys: [], endpoints: some }, jobId });
  }
  await queues.add("deliver-webhooks", jobs);
}

function remade<Key extends { readonly id: string }>(
  name: QueueName,
  keys: readonly Key[],
): { data: { keys: Key[] }; jobId: string }[] {
  const period = String(Math.floor(Date.now() / REMADE_EVERY_MS));
  return chunk(name, keys).map((some) => ({
    data: { keys: some },
    jobId: `sweep-${some[0]?.id ?? ""}-${String(some.length)}-${period}`,
  }));
}
