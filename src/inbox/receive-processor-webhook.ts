import type { Db } from "../db/db";
import { failpoint } from "../failpoints";
import { Failure } from "../failures";
import { deduplications, inboxReceived } from "../observability/metrics";
import type { ProcessorWebhook, Processors, WebhookHeaders } from "../processors/processor";
import { storeInboxMessage } from "./inbox-store";

/*
 * Guarantees: what a processor tells us is stored before it is acknowledged, once for each of its event ids. A crash
 * before the acknowledgement makes the processor send it again, and the copy changes nothing.
 */

/** What receiving needs. */
export interface WebhookReceiver {
  readonly db: Db;
  readonly processors: Processors;
  readonly wakeRelay: () => void;
}

export interface ReceivedWebhook {
  readonly processor: string;
  readonly headers: WebhookHeaders;
  /** The bytes as they came: the signature is over them. */
  readonly body: string;
}

/**
 * Has the processor verify it, and stores it. Throws UNAUTHENTICATED for anything not signed by the processor, and
 * NOT_FOUND both for a processor that does not exist and for one that sends no webhooks: nobody learns which processors
 * there are.
 */
export async function receiveProcessorWebhook(
  receiver: WebhookReceiver,
  received: ReceivedWebhook,
): Promise<void> {
  const { processor, headers, body } = received;
  const verifyWebhook = receiver.processors.get(processor)?.verifyWebhook;
  if (!verifyWebhook) throw new Failure("NOT_FOUND", "No such processor is configured here.");
  const message = verified(() => verifyWebhook(body, headers));
  const isNew = await storeInboxMessage(receiver.db, { ...message, processor });
  const fired = failpoint("inbox.after_store");
  if (fired) await fired;
  inboxReceived.inc({ outcome: isNew ? "stored" : "duplicate" });
  if (!isNew) deduplications.inc({ where: "inbox" });
  receiver.wakeRelay();
}

function verified(verify: () => ProcessorWebhook): ProcessorWebhook {
  try {
    return verify();
  } catch (error) {
    inboxReceived.inc({ outcome: "refused" });
    throw new Failure("UNAUTHENTICATED", (error as Error).message);
  }
}
