import type { App } from "../src/app";
import { failpoint } from "../src/failpoints";
import type { AttemptKey } from "../src/payments/attempt";
import type { Claimant } from "../src/payments/claimant";
import { type Ran, beginAttempts, runAttempts } from "../src/payments/run-attempt";
import { createRunning } from "../src/under-way";
import type { JobData, Queues } from "./queues";

/** Job run-attempts: sends those that have yet to be sent. One that could not be sent gets a job of its own, later. */
export async function runAttemptsJob(
  app: App,
  queues: Queues,
  options: { readonly claimant: Claimant; readonly data: JobData["run-attempts"] },
): Promise<void> {
  await finish(app, queues, await runAttempts(app, options.claimant, options.data.keys));
}

async function finish(app: App, queues: Queues, ran: readonly Ran[]): Promise<void> {
  const later = ran.flatMap(({ key, dueInMs }) =>
    dueInMs === undefined ? [] : [{ data: { keys: [key] }, delayMs: dueInMs }],
  );
  await queues.add("run-attempts", later);
  await failpoint("charge.before_job_done");
  app.wakeRelay();
}

/** For the relay of the same process: what need not wait is sent without a job. */
export interface ChargesHere {
  /** Claims those that there is room for, and goes on by itself. Returns the others: they are for jobs. */
  begin(keys: readonly AttemptKey[]): Promise<readonly AttemptKey[]>;
  /** Takes no more, and resolves when all are settled. */
  stop(): Promise<void>;
}

// Twice as many as are called at once when both cores are busy; some kilobytes each. What is more has its share of the
// other workers.
const UNDER_WAY_MAX = 512;

/**
 * Guarantees: whoever calls `begin` still has what says that these are to be sent, until they are claimed. From then on
 * they are SENT, by a worker with a lease, as when they come by job.
 */
export function openChargesHere(app: App, queues: Queues, claimant: Claimant): ChargesHere {
  const underWay = createRunning();
  let count = 0;
  let isStopped = false;
  const goOn = async (keys: readonly AttemptKey[], ran: Promise<readonly Ran[]>): Promise<void> => {
    try {
      await finish(app, queues, await ran);
    } catch (error) {
      // The sweeper finds the rows: those that are due again, and those that were sent and not settled.
      app.log.error({ err: error }, "attempts were begun and not finished");
    }
    count -= keys.length;
  };
  const begin = async (keys: readonly AttemptKey[]): Promise<void> => {
    let ran: Promise<readonly Ran[]>;
    try {
      ({ ran } = await beginAttempts(app, claimant, keys));
    } catch (error) {
      count -= keys.length;
      throw error;
    }
    void underWay.follow(goOn(keys, ran));
  };
  return {
    begin: async (keys) => {
      const own = keys.slice(0, isStopped ? 0 : UNDER_WAY_MAX - count);
      if (own.length > 0) {
        count += own.length;
        const begun = begin(own);
        await underWay.follow(begun);
      }
      return keys.slice(own.length);
    },
    stop: async () => {
      isStopped = true;
      await underWay.idle();
    },
  };
}
