import type { App } from "../app";
import { failpoint } from "../failpoints";
import { Failure } from "../failures";
import { deduplications, inboxReceived } from "../observability/metrics";
import { verifySandboxWebhook } from "../processors/sandbox/verify-webhook";
import { storeInboxMessage } from "./inbox-store";

/*
 * Guarantees: what a processor tells us is stored before it is acknowledged, once for each of its event ids. A crash
 * before the acknowledgement makes the processor send it again, and the copy changes nothing.
 */

const TOLERANCE_MS = 5 * 60_000;

export interface ReceivedWebhook {
  readonly processor: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The bytes as they came: the signature is over them. */
  readonly body: string;
}

/** Verifies and stores. Throws UNAUTHENTICATED for whatever is not signed by the processor. */
export async function receiveWebhook(app: App, received: ReceivedWebhook): Promise<void> {
  const { processor, headers, body } = received;
  const secret = app.config.sandboxWebhookSecret;
  if (processor !== "sandbox" || secret === undefined) {
    throw new Failure("NOT_FOUND", "No such processor is configured here.");
  }
  const message = verified(() =>
    verifySandboxWebhook({
      secret,
      header: headers["sandbox-signature"]?.toString(),
      body,
      nowMs: Date.now(),
      toleranceMs: TOLERANCE_MS,
    }),
  );
  const isNew = await storeInboxMessage(app.db, { processor, ...message });
  const fired = failpoint("inbox.after_store");
  if (fired) await fired;
  inboxReceived.inc({ outcome: isNew ? "stored" : "duplicate" });
  if (!isNew) deduplications.inc({ where: "inbox" });
  app.wakeRelay();
}

function verified<Message>(verify: () => Message): Message {
  try {
    return verify();
  } catch (error) {
    inboxReceived.inc({ outcome: "refused" });
    throw new Failure("UNAUTHENTICATED", (error as Error).message);
  }
}
