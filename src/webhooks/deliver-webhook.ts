import type { Dispatcher } from "undici";
import type { Db } from "../db/db";
import { type SealedPart, openSnapshotText } from "../events/personal-data";
import { failpoint } from "../failpoints";
import type { Log } from "../observability/log";
import { deliveries as deliveriesCounter } from "../observability/metrics";
import type { SecretBox } from "../security/secrets";
import { retryDelayMs } from "./backoff";
import type { DeliveryKey } from "./delivery";
import {
  type ClaimedDelivery,
  type DeliveryRecord,
  claimDeliveries,
  disableEndpoint,
} from "./delivery-store";
import { type PostResult, postWebhook } from "./post-webhook";
import { signWebhook } from "./sign";

/*
 * Guarantees: a delivery that is due is posted at least once and its outcome recorded. A crash after the POST and
 * before the record means that it is posted again, with the same webhook-id and the same bytes: receivers deduplicate.
 */

/** What delivering needs. */
export interface WebhookSender {
  readonly db: Db;
  readonly log: Log;
  readonly secrets: Pick<SecretBox, "open">;
  readonly webhookAgent: Dispatcher;
  readonly config: {
    readonly webhookTimeoutMs: number;
    readonly webhookScheduleMs: readonly number[];
  };
  /** Those that arrive together are made into sets. */
  readonly recordDelivery: (record: DeliveryRecord) => Promise<void>;
}

export interface Delivered extends DeliveryKey {
  readonly status: DeliveryRecord["status"];
  /** RETRYING: how long until the next try. */
  readonly dueInMs: number | null;
}

/**
 * How long a worker may take for one try before another worker may begin it, as a multiple of the receiver's timeout.
 */
const LEASE_TIMEOUTS = 2;

/** Claims those of these deliveries that are due, posts them all at once, and records what came of each. */
export async function deliverWebhooks(
  sender: WebhookSender,
  keys: readonly DeliveryKey[],
): Promise<Delivered[]> {
  const leaseMs = LEASE_TIMEOUTS * sender.config.webhookTimeoutMs;
  const claimed = await claimDeliveries(sender.db, keys, leaseMs);
  const fired = failpoint("webhook.after_claim");
  if (fired) await fired;
  return Promise.all(claimed.map((delivery) => deliver(sender, delivery)));
}

async function deliver(sender: WebhookSender, delivery: ClaimedDelivery): Promise<Delivered> {
  const signed = sign(sender, delivery);
  const fired = failpoint("webhook.before_post");
  if (fired) await fired;
  const result: PostResult = signed
    ? await postWebhook(sender.webhookAgent, {
        url: delivery.url,
        ...signed,
        timeoutMs: sender.config.webhookTimeoutMs,
      })
    : { kind: "unreachable", error: "it could not be signed", durationMs: 0 };
  const firedAfter = failpoint("webhook.after_post");
  if (firedAfter) await firedAfter;
  const record = recordOf(sender, delivery, result);
  // Before the outcome is recorded: a crash between the two then repeats the try and hears 410 again.
  if (result.kind === "gone") {
    const { merchantId, endpointId } = delivery;
    await disableEndpoint(sender.db, {
      merchantId,
      id: endpointId,
      reason: "it answered 410 Gone",
    });
  }
  await sender.recordDelivery(record);
  deliveriesCounter.inc({ outcome: record.status === "DEAD" ? "dead" : result.kind });
  const firedLast = failpoint("webhook.after_record");
  if (firedLast) await firedLast;
  const { merchantId, id } = delivery;
  return { merchantId, id, status: record.status, dueInMs: record.dueInMs };
}

interface Signed {
  readonly body: string;
  readonly headers: ReturnType<typeof signWebhook>;
}

/**
 * A secret or a body that cannot be opened (its key is missing, say) is a failure of this delivery, which is tried again and ends
 * as a dead letter like any other. If it were thrown, it would fail the rest of its job with it, and recur for ever.
 */
function sign(sender: WebhookSender, delivery: ClaimedDelivery): Signed | undefined {
  try {
    const body = webhookBody(delivery);
    const headers = signWebhook({
      id: delivery.eventId,
      timestampSeconds: Math.floor(Date.now() / 1_000),
      body,
      secrets: endpointSecrets(sender, delivery),
    });
    return { body, headers };
  } catch (error) {
    sender.log.error({ err: error, deliveryId: delivery.id }, "a webhook could not be signed");
    return undefined;
  }
}

/**
 * The bytes of an event's webhook: the same for every try, every endpoint and every replay, until the personal data in
 * it is erased. From then on it is the same event without them, in bytes that are again the same every time.
 */
export function webhookBody(
  event: Pick<
    ClaimedDelivery,
    "eventId" | "type" | "apiVersion" | "createdAt" | "sequence" | "object" | keyof SealedPart
  >,
): string {
  const head = JSON.stringify({
    id: event.eventId,
    type: event.type,
    apiVersion: event.apiVersion,
    timestamp: event.createdAt,
    createdAt: event.createdAt,
    subjectId: event.subjectId,
    sequence: event.sequence,
  });
  // The object's text goes in as the event stored it: parsed and printed again, it might differ.
  const object = openSnapshotText(event.object, event);
  return `${head.slice(0, -1)},"data":{"object":${object}}}`;
}

// Opening a sealed secret costs as much as signing with it; an endpoint's secret is opened once for each time it was
// sealed.
const opened = new Map<string, string>();
const OPENED_MAX = 10_000;

/** The secret, and while it is rotated the one before: a receiver may have either. */
function endpointSecrets(
  sender: Pick<WebhookSender, "secrets">,
  { secret, oldSecret, endpointId }: ClaimedDelivery,
): string[] {
  const both = oldSecret === null ? [secret] : [secret, oldSecret];
  return both.map((sealed) => openSecret(sender, sealed, endpointId));
}

function openSecret(
  { secrets }: Pick<WebhookSender, "secrets">,
  sealed: Buffer,
  endpointId: string,
): string {
  const name = sealed.toString("base64");
  const known = opened.get(name);
  if (known !== undefined) return known;
  const secret = secrets.open(sealed, endpointId);
  if (opened.size >= OPENED_MAX) opened.clear();
  opened.set(name, secret);
  return secret;
}

function recordOf(
  sender: WebhookSender,
  delivery: ClaimedDelivery,
  result: PostResult,
): DeliveryRecord {
  const outcome = {
    merchantId: delivery.merchantId,
    id: delivery.id,
    endpointId: delivery.endpointId,
    tries: delivery.tries,
    statusCode: result.statusCode ?? null,
    error: result.error ?? null,
    responseBody: result.responseBody ?? null,
    durationMs: Math.round(result.durationMs),
  };
  if (result.kind === "delivered") return { ...outcome, status: "SUCCEEDED", dueInMs: null };
  const dueInMs =
    result.kind === "gone"
      ? undefined
      : retryDelayMs({
          tries: delivery.tries,
          retryAfterMs: result.retryAfterMs,
          scheduleMs: sender.config.webhookScheduleMs,
        });
  return dueInMs === undefined
    ? { ...outcome, status: "DEAD", dueInMs: null }
    : { ...outcome, status: "RETRYING", dueInMs };
}
