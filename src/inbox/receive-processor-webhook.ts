import type { Db } from "../db/db";
import { failpoint } from "../failpoints";
import { Failure } from "../failures";
import { deduplications, inboxReceived } from "../observability/metrics";
import { isId } from "../ids";
import { connectSealed, findAccountOfWebhook } from "../processor-accounts/sealed-account";
import type { ProcessorKinds } from "../processors/kind";
import type {
  Processor,
  ProcessorWebhook,
  Processors,
  WebhookHeaders,
} from "../processors/processor";
import type { SecretBox } from "../security/secrets";
import { type InboxMessage, storeInboxMessage } from "./inbox-store";
import { faultOfNews, soundNews } from "./sound-news";

/*
 * Guarantees: what a processor tells us is stored before it is acknowledged, once for each of its event ids: of an
 * account, for each of the account's. Whatever is signed with an account's secret is the account's, and changes nothing
 * of another's. A crash before the acknowledgement makes the processor send it again, and the copy changes nothing. Of
 * one webhook with several events each is stored by itself: what was stored before a crash is a copy the next time.
 *
 * Cost: an insert for each event; of an account one read, so that a secret that was replaced is accepted no more, and
 * the opening of its secrets.
 */

/** What receiving needs. */
export interface WebhookReceiver {
  readonly db: Db;
  readonly processors: Processors;
  readonly processorKinds: ProcessorKinds;
  readonly secrets: SecretBox;
  readonly config: { readonly processorTimeoutMs: number };
  readonly wakeRelay: () => void;
}

export interface ReceivedWebhook {
  readonly processor: string;
  /** Undefined: the installation's own. */
  readonly accountId?: string | undefined;
  readonly headers: WebhookHeaders;
  /** The bytes as they came: the signature is over them. */
  readonly body: string;
}

/**
 * Has the processor verify it, and stores it; returns what the processor is to read as the receipt. Throws UNAUTHENTICATED for anything not signed by the processor,
 * BAD_USER_INPUT for what it signed and can be neither true nor stored, and NOT_FOUND both for a processor or an account
 * that does not exist and for one that sends no webhooks: nobody learns which there are.
 */
export async function receiveProcessorWebhook(
  receiver: WebhookReceiver,
  received: ReceivedWebhook,
): Promise<string | undefined> {
  const { processor, accountId, headers, body } = received;
  const sender = await senderOf(receiver, received);
  const verifyWebhook = sender?.verifyWebhook;
  if (!verifyWebhook) throw new Failure("NOT_FOUND", "No such processor is configured here.");
  // All of them are read before one is stored: what is refused changes nothing.
  const messages = refusing(() => verified(() => verifyWebhook(body, headers)).map(checked));
  for (const message of messages) {
    await store(receiver.db, { ...message, source: accountId ?? processor });
  }
  receiver.wakeRelay();
  return sender.webhookReceipt;
}

async function store(db: Db, message: InboxMessage): Promise<void> {
  const isNew = await storeInboxMessage(db, message);
  const fired = failpoint("inbox.after_store");
  if (fired) await fired;
  inboxReceived.inc({ outcome: isNew ? "stored" : "duplicate" });
  if (!isNew) deduplications.inc({ where: "inbox" });
}

async function senderOf(
  { db, processors, processorKinds, secrets, config }: WebhookReceiver,
  { processor, accountId }: ReceivedWebhook,
): Promise<Pick<Processor, "verifyWebhook" | "webhookReceipt"> | undefined> {
  if (accountId === undefined) return processors.get(processor);
  const kind = processorKinds.get(processor);
  if (!kind || !isId("processorAccount", accountId)) return undefined;
  const account = await findAccountOfWebhook(db, { processor, id: accountId });
  if (!account) return undefined;
  // It calls nobody, so there is nothing to wait for when it is closed.
  const connected = connectSealed({ kind, secrets }, account, config.processorTimeoutMs);
  await connected.close();
  return connected;
}

type Told = readonly ProcessorWebhook[];

function refusing(read: () => Told): Told {
  try {
    return read();
  } catch (error) {
    inboxReceived.inc({ outcome: "refused" });
    throw error;
  }
}

function verified(verify: () => Told): Told {
  try {
    return verify();
  } catch (error) {
    if (error instanceof Failure) throw error;
    // An adapter's own words may repeat what was sent.
    throw new Failure("UNAUTHENTICATED", "The webhook could not be verified.");
  }
}

/** What a signature proves is who sent it, not that it makes sense. */
function checked(webhook: ProcessorWebhook): ProcessorWebhook {
  const fault = faultOfNews(webhook);
  if (fault !== undefined) throw new Failure("BAD_USER_INPUT", fault);
  return soundNews(webhook);
}
