import type { App } from "../src/app";
import { failpoint } from "../src/failpoints";
import type { Claimant } from "../src/payments/claimant";
import { runAttempts } from "../src/payments/run-attempt";
import type { JobData, Queues } from "./queues";

/** Job run-attempts: sends those that have yet to be sent. One that could not be sent gets a job of its own, later. */
export async function runAttemptsJob(
  app: App,
  queues: Queues,
  options: { readonly claimant: Claimant; readonly data: JobData["run-attempts"] },
): Promise<void> {
  const settled = await runAttempts(app, options.claimant, options.data.keys);
  const later = settled.flatMap(({ key, dueInMs }) =>
    dueInMs === undefined ? [] : [{ data: { keys: [key] }, delayMs: dueInMs }],
  );
  await queues.add("run-attempts", later);
  await failpoint("charge.before_job_done");
  app.wakeRelay();
}
