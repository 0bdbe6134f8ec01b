import { hash } from "node:crypto";
import type { App } from "../src/app";
import { failpoint } from "../src/failpoints";
import { relayed } from "../src/observability/metrics";
import { type Message, markRelayed, readMessages } from "../src/events/outbox";
import { planDeliveries } from "../src/webhooks/delivery-store";
import { type Queues, chunk } from "./queues";

export const RELAY_LIMIT = 500;

/**
 * Reads a batch of the outbox, turns it into jobs, and deletes it: in this order, so that nothing is lost.
 * For one relay at a time. Returns how many rows there were.
 */
export async function relayOnce(app: App, queues: Queues): Promise<number> {
  const messages = await readMessages(app.db, RELAY_LIMIT);
  if (messages.length === 0) return 0;
  await failpoint("relay.after_claim");
  const [deliveries] = await Promise.all([
    planDeliveries(app.db, messages.filter(isForAll)),
    queues.add(
      "run-attempts",
      chunk("run-attempts", messages.filter(hasAttempt).map(attemptKey)).map((keys) => ({
        data: { keys },
        jobId: jobIdOf(keys),
      })),
    ),
  ]);
  await queues.add(
    "deliver-webhooks",
    chunk("deliver-webhooks", [...deliveries, ...messages.flatMap(replayKey)]).map((keys) => ({
      data: { keys },
      jobId: jobIdOf(keys),
    })),
  );
  await failpoint("relay.after_publish");
  await markRelayed(app.db, messages);
  relayed.inc(messages.length);
  await failpoint("relay.after_mark");
  return messages.length;
}

/**
 * Adding a job that already exists does nothing, so a batch that is relayed again creates its jobs once. But rows may
 * have been added, so that it is divided differently: a job is the same only if it carries exactly the same keys.
 */
function jobIdOf(keys: readonly { readonly id: string }[]): string {
  const ids = keys.map(({ id }) => id).join(" ");
  return `relay-${hash("sha256", ids, "hex").slice(0, 40)}`;
}

/** An event that comes with a delivery of its own, a test, is for that endpoint alone. */
function isForAll(message: Message): message is Message & { eventId: string } {
  return message.eventId !== null && message.deliveryId === null;
}

function replayKey({ merchantId, deliveryId }: Message): { merchantId: string; id: string }[] {
  return deliveryId === null ? [] : [{ merchantId, id: deliveryId }];
}

function hasAttempt(message: Message): message is Message & { attemptId: string } {
  return message.attemptId !== null;
}

function attemptKey(message: Message & { attemptId: string }): { merchantId: string; id: string } {
  return { merchantId: message.merchantId, id: message.attemptId };
}
