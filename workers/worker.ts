import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { App } from "../src/app";
import type { Db } from "../src/db/db";
import { continueErasures } from "../src/erasure/continue-erasures";
import { applyProcessorWebhooks } from "../src/inbox/apply-processor-webhooks";
import { listAccountEvents } from "../src/inbox/list-account-events";
import { findOldest } from "../src/events/outbox";
import { dropLease, renewLease } from "../src/payments/worker-leases";
import { createClaimant } from "../src/payments/claimant";
import { proveBooks } from "../src/reconciliation/prove-books";
import { challengeEndpoints } from "../src/webhooks/challenge-endpoints";
import { sealMerchants } from "../src/seals/seal-merchants";
import { runReplayPlans } from "../src/webhooks/run-replay-plans";
import { createAnnouncer } from "../src/live/announce-changes";
import { type DeliveriesHere, openDeliveryJobs } from "./deliver-webhooks";
import { openOutboxSession } from "./outbox-session";
import { type Loop, startLoop } from "./loop";
import { maintainOnce } from "./maintain";
import type { Here } from "./publish-messages";
import { type JobWorker, type Queues, openQueues } from "./queues";
import { queueTrouble } from "./queue-trouble";
import { RELAY_LIMIT, newRelay, relayAhead, relayOnce, sayWhatIsAside } from "./relay-outbox";
import { reconcileOnce } from "./reconcile";
import { type ChargesHere, openChargesHere, runAttemptsJob } from "./run-attempts";
import { newMemory, sweepOnce } from "./sweep";

export const ROLES = ["relay", "charges", "webhooks", "sweeper"] as const;
export type Role = (typeof ROLES)[number];

// The relay is woken after commits; the poll is for a wake-up that was lost.
const RELAY_POLL_MS = 200;
// After a batch it stays away for a millisecond for each row, and no wake shortens that: under load the next batch is
// larger, and jobs are fewer, each of which costs the queue several statements. After one row it is back at once.
const RELAY_LINGER_MAX_MS = 30;
// While a backlog is relayed at a rate: often enough to be even, and each time costs several statements.
const RELAY_BACKLOG_MS = 50;
// How soon another relay takes over when the active one has died, and when it is alive but does nothing.
const STANDBY_MS = 250;
const STUCK_MS = 5_000;
const INBOX_POLL_MS = 100;
const INBOX_LIMIT = 200;
const EVENT_LISTS_POLL_MS = 5_000;
const EVENT_LISTS_AT_ONCE = 20;
const MAINTAIN_MS = 60_000;
const ERASE_MS = 1_000;
const PLANS_MS = 1_000;
const BOOKS_MS = 2_000;
const BREAKS_MS = 5_000;
// As often as the horizon moves on. What there is from before the first seal is sealed in small slices.
const SEAL_MS = 60_000;
const SEAL_BACKLOG_MS = 100;
const SEALS_AT_ONCE = 20;
const CHALLENGES_MS = 1_000;
// A slice of a plan that is running is as large as its rate gives in this time.
const PLAN_RUNNING_MS = 200;

// Times 64 or 125 ids a job: hundreds of calls in flight in one process, and a bound on the memory they take.
const CHARGE_JOBS = 16;
const DELIVERY_JOBS = 6;

const CLOSE_MS = 20_000;

interface Part {
  stop(): Promise<void>;
  readonly isAtWork?: () => boolean;
}

export interface RunningWorker {
  readonly workerId: string;
  /** Whether its relay is the one at work. */
  readonly relays: () => boolean;
  /** Takes no new work, finishes what is under way, and releases what it held. */
  stop(): Promise<void>;
}

/** Starts the roles asked for in this process, all of them over one app. */
export async function startWorker(app: App, roles: readonly Role[]): Promise<RunningWorker> {
  const workerId = randomUUID();
  const queues = openQueues(app.config, queueTrouble(app.log, "any"));
  const parts: Part[] = [];
  // Workers settle, and somebody may be watching.
  app.announce = createAnnouncer(app.db).changed;
  const charges = roles.includes("charges") && (await startCharges(app, queues, workerId));
  const webhooks = roles.includes("webhooks") && startWebhooks(app, queues);
  const here = {
    ...(charges && { charges: charges.here }),
    ...(webhooks && { deliveries: webhooks.here }),
  };
  if (roles.includes("relay")) parts.push(startRelay(app, queues, here));
  if (charges) parts.push(charges);
  if (webhooks) parts.push(webhooks);
  if (roles.includes("sweeper")) parts.push(...startSweeper(app, queues));
  return {
    workerId,
    relays: () => parts.some((part) => part.isAtWork?.() === true),
    stop: async () => {
      // BullMQ waits for its backend while it closes, which may be away: the rows are safe without that.
      const stopped = Promise.all(parts.map((part) => part.stop())).then(() => queues.close());
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([stopped, late]);
      clearTimeout(timer);
    },
  };
}

function startRelay(app: App, queues: Queues, here: Here): Part {
  const session = openOutboxSession(app.config.databaseUrl, app.log, () => {
    wake();
  });
  const isStuck = watchOutbox(app.db);
  const relay = newRelay(app.config.relayRate, here);
  let isAtWork = false;
  const loop = startLoop("relay", app.log, async () => {
    if (!(await session.isRelay())) {
      isAtWork = false;
      if (await isStuck()) await session.depose();
      return STANDBY_MS;
    }
    if (!isAtWork) await sayWhatIsAside(app);
    // The relay before this one may have died of what is read first.
    if (!isAtWork) relay.isWary = true;
    isAtWork = true;
    const relayed = await relayOnce(app, queues, relay);
    if (relay.backlog) return RELAY_BACKLOG_MS;
    if (relayed === 0) return RELAY_POLL_MS;
    if (relayed < RELAY_LIMIT) await pause(Math.min(relayed, RELAY_LINGER_MAX_MS));
    return 0;
  });
  const ahead = startLoop("relay ahead", app.log, async () => {
    if (isAtWork) await relayAhead(app, queues, relay);
    return RELAY_POLL_MS;
  });
  const wake = (): void => {
    // What has piled up goes at its own pace.
    if (relay.backlog) ahead.wake();
    else loop.wake();
  };
  app.wakeRelay = wake;
  return {
    isAtWork: () => isAtWork,
    stop: async () => {
      await Promise.all([loop.stop(), ahead.stop()]);
      await session.stop();
    },
  };
}

/** Whether the outbox has had the same first row for too long, as seen by a standby relay. */
function watchOutbox(db: Db): () => Promise<boolean> {
  let oldest: number | undefined;
  let sinceMs = 0;
  return async () => {
    const found = await findOldest(db);
    const nowMs = performance.now();
    const isStuck = found !== undefined && found === oldest && nowMs - sinceMs > STUCK_MS;
    if (found !== oldest || isStuck) sinceMs = nowMs;
    oldest = found;
    return isStuck;
  };
}

async function startCharges(
  app: App,
  queues: Queues,
  workerId: string,
): Promise<Part & { readonly here: ChargesHere }> {
  const leaseMs = app.config.workerLeaseMs;
  const claimant = createClaimant(workerId);
  await renewLease(app.db, workerId, leaseMs);
  const heartbeat = startLoop("heartbeat", app.log, async () => {
    await renewLease(app.db, workerId, leaseMs);
    const disowned = await claimant.disownLost(app.db);
    if (disowned > 0)
      app.log.warn({ count: disowned }, "claims whose answer was lost are given back");
    return leaseMs / 3;
  });
  const worker = queues.work(
    "run-attempts",
    { concurrency: CHARGE_JOBS, onError: queueTrouble(app.log, "run-attempts") },
    (data) => runAttemptsJob(app, queues, { claimant, data }),
  );
  runJobs(app, worker);
  const here = openChargesHere(app, queues, claimant);
  return {
    here,
    stop: async () => {
      await Promise.all([worker.close(), here.stop()]);
      await heartbeat.stop();
      await dropLease(app.db, workerId);
    },
  };
}

function startWebhooks(app: App, queues: Queues): Part & { readonly here: DeliveriesHere } {
  const jobs = openDeliveryJobs(app, queues);
  const worker = queues.work(
    "deliver-webhooks",
    { concurrency: DELIVERY_JOBS, onError: queueTrouble(app.log, "deliver-webhooks") },
    (data) => jobs.take(data),
  );
  runJobs(app, worker);
  return {
    here: jobs.here,
    stop: async () => {
      await worker.close();
      await jobs.stop();
    },
  };
}

function runJobs(app: App, worker: JobWorker): void {
  worker.run().catch((error: unknown) => {
    app.log.error({ err: error }, "the queue worker ended");
  });
}

function startSweeper(app: App, queues: Queues): Loop[] {
  const memory = newMemory();
  return [
    startLoop("sweeper", app.log, async () => {
      await sweepOnce(app, queues, memory);
      return app.config.sweepMs;
    }),
    startLoop("inbox", app.log, async () =>
      (await applyProcessorWebhooks(app, INBOX_LIMIT)) > 0 ? 0 : INBOX_POLL_MS,
    ),
    startLoop("event lists", app.log, async () =>
      (await listAccountEvents(app, EVENT_LISTS_AT_ONCE)) > 0 ? 0 : EVENT_LISTS_POLL_MS,
    ),
    startLoop("erasures", app.log, async () => {
      await continueErasures(app);
      return ERASE_MS;
    }),
    startLoop("replay plans", app.log, async () => {
      const { running, sent } = await runReplayPlans(app);
      if (sent > 0) app.wakeRelay();
      return running > 0 ? PLAN_RUNNING_MS : PLANS_MS;
    }),
    startLoop("books", app.log, async () => {
      const { more, found } = await proveBooks(app);
      if (found > 0) app.wakeRelay();
      return more ? 0 : BOOKS_MS;
    }),
    startLoop("breaks", app.log, async () => {
      await reconcileOnce(app);
      return BREAKS_MS;
    }),
    startLoop("challenges", app.log, async () => {
      await challengeEndpoints(app);
      return CHALLENGES_MS;
    }),
    startLoop("seals", app.log, async () => {
      const { hasMore } = await sealMerchants(app, { limit: SEALS_AT_ONCE });
      return hasMore ? SEAL_BACKLOG_MS : SEAL_MS;
    }),
    startLoop("maintenance", app.log, async () => {
      await maintainOnce(app);
      return MAINTAIN_MS;
    }),
  ];
}
