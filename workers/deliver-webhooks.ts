import type { App } from "../src/app";
import { deliverWebhooks } from "../src/webhooks/deliver-webhook";
import type { JobData, Queues } from "./queues";

/** Job deliver-webhooks: posts those that are due. A failed one gets a job of its own, delayed by its backoff. */
export async function deliverWebhooksJob(
  app: App,
  queues: Queues,
  data: JobData["deliver-webhooks"],
): Promise<void> {
  const delivered = await deliverWebhooks(app, data.keys);
  const later = delivered.flatMap(({ merchantId, id, dueInMs }) =>
    dueInMs === null ? [] : [{ data: { keys: [{ merchantId, id }] }, delayMs: dueInMs }],
  );
  await queues.add("deliver-webhooks", later);
}
