import type { Dispatcher } from "undici";
import type { Db } from "../db/db";
import { type SealedPart, openSnapshotText } from "../events/personal-data";
import { failpoint } from "../failpoints";
import type { Log } from "../observability/log";
import { deliveries as deliveriesCounter, tryLabel, webhookTries } from "../observability/metrics";
import { traced } from "../observability/tracing";
import type { SecretBox } from "../security/secrets";
import { boundedRetryAfterMs, retryDelayMs } from "./backoff";
import type { AddressedDelivery, DeliveryKey } from "./delivery";
import type { ClaimedDelivery } from "./delivery-store";
import { disableEndpoint } from "./disable-endpoints";
import { endpointSecrets } from "./endpoint-secrets";
import { type FirstTry, type PlannedDelivery, isPlainSuccess } from "./first-tries";
import type { LaneSettings } from "./lanes";
import type { SubjectLine } from "./lines";
import { type PostResult, postWebhook } from "./post-webhook";
import type { EndpointHours } from "./endpoint-hours";
import type { DeliveryRecord, EndpointChange } from "./record-deliveries";
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
    readonly keepWebhookSuccesses: boolean;
  };
  /** Those that arrive together are made into sets. */
  readonly recordDelivery: (record: DeliveryRecord) => Promise<EndpointChange | undefined>;
  /** What is first in a line in which something has ended. */
  readonly letNextGo: (line: SubjectLine) => Promise<readonly AddressedDelivery[]>;
  readonly endpointHours: Pick<EndpointHours, "count">;
  readonly wakeRelay: () => void;
}

export interface Delivered extends DeliveryKey {
  readonly endpointId: string;
  readonly status: DeliveryRecord["status"];
  /** RETRYING: how long until the next try. */
  readonly dueInMs: number | null;
  readonly durationMs: number;
  /** How its endpoint is from now on. */
  readonly settings: LaneSettings;
  /** It answered after failures: what waits for it can be called up. */
  readonly recovered: boolean;
  /** What may be sent now that it has ended. */
  readonly next: readonly AddressedDelivery[];
}

/** Claimed by this process; it may have no row yet. */
export type Claimed = ClaimedDelivery & Partial<PlannedDelivery>;

/** Posts a delivery that this process has claimed, says so, and records what came of it when it is told to go on. */
export async function deliver(
  sender: WebhookSender,
  delivery: Claimed,
  onPosted: () => Promise<void> | undefined,
): Promise<Delivered> {
  const result = await tracedPost(sender, delivery).finally(onPosted);
  const record = recordOf(sender, delivery, result);
  const { merchantId, id, endpointId } = delivery;
  // Before the outcome is recorded: a crash between the two then repeats the try and hears 410 again.
  if (result.kind === "gone") {
    await disableEndpoint(sender, { merchantId, id: endpointId, reason: "it answered 410 Gone" });
  }
  const change = await keep(sender, delivery.first, record);
  webhookTries.inc({ try: tryLabel(delivery.tries) });
  const { status, dueInMs, durationMs } = record;
  const succeeded = status === "SUCCEEDED";
  sender.endpointHours.count({ merchantId, endpointId, succeeded, durationMs });
  deliveriesCounter.inc({ outcome: status === "DEAD" ? "dead" : result.kind });
  if (!succeeded) logTrouble(sender.log, record, change);
  const fired = failpoint("webhook.after_record");
  if (fired) await fired;
  const settings = settingsAfter(delivery, status, change);
  const recovered = change?.recovered ?? false;
  const next = status === "RETRYING" ? [] : await nextInLine(sender, delivery);
  return { merchantId, id, endpointId, status, dueInMs, durationMs, settings, recovered, next };
}

async function keep(
  sender: WebhookSender,
  first: FirstTry | undefined,
  record: DeliveryRecord,
): Promise<EndpointChange | undefined> {
  const isWritten = first?.offer(isPlainSuccess(record) ? record : undefined) === true;
  await first?.written;
  return isWritten ? undefined : sender.recordDelivery(record);
}

async function nextInLine(
  sender: WebhookSender,
  delivery: ClaimedDelivery,
): Promise<readonly AddressedDelivery[]> {
  const { isOrdered, sequence, merchantId, endpointId, subjectId } = delivery;
  if (!isOrdered || sequence === null) return [];
  try {
    return await sender.letNextGo({ merchantId, endpointId, subjectId });
  } catch (error) {
    // This one has ended, whatever becomes of the next: the sweeper finds it.
    sender.log.warn({ err: error, endpointId }, "the next webhook in a line was not let go");
    return [];
  }
}

/** Each try is a span of its own, in the trace of what the event is about. */
function tracedPost(sender: WebhookSender, delivery: ClaimedDelivery): Promise<PostResult> {
  const attributes = {
    "oncepay.delivery.id": delivery.id,
    "oncepay.event.id": delivery.eventId,
    "oncepay.endpoint.id": delivery.endpointId,
    "oncepay.try": delivery.tries,
  };
  return traced(
    { name: "POST webhook", kind: "client", parent: delivery.traceparent, attributes },
    (span) => post(sender, delivery, span?.traceparent),
    ({ kind, statusCode, errorClass }) => ({
      attributes: {
        "oncepay.outcome": kind,
        ...(statusCode !== undefined && { "http.response.status_code": statusCode }),
      },
      failed: errorClass,
    }),
  );
}

async function post(
  sender: WebhookSender,
  delivery: ClaimedDelivery,
  traceparent: string | undefined,
): Promise<PostResult> {
  const signed = sign(sender, delivery);
  const fired = failpoint("webhook.before_post");
  if (fired) await fired;
  const { webhookTimeoutMs } = sender.config;
  const result: PostResult = signed
    ? await postWebhook(sender.webhookAgent, {
        url: delivery.url,
        body: signed.body,
        headers: traceparent === undefined ? signed.headers : { ...signed.headers, traceparent },
        timeoutMs: Math.min(webhookTimeoutMs, delivery.timeoutMs ?? webhookTimeoutMs),
      })
    : {
        kind: "unreachable",
        error: "it could not be signed",
        errorClass: "SIGNING",
        durationMs: 0,
      };
  const firedAfter = failpoint("webhook.after_post");
  if (firedAfter) await firedAfter;
  return result;
}

function settingsAfter(
  { concurrency, rateLimit, failures }: ClaimedDelivery,
  status: DeliveryRecord["status"],
  change: EndpointChange | undefined,
): LaneSettings {
  const failed = status === "SUCCEEDED" ? 0 : (change?.failures ?? failures + 1);
  return { concurrency, rateLimit, failures: failed };
}

function logTrouble(log: Log, record: DeliveryRecord, change: EndpointChange | undefined): void {
  const { merchantId, id: deliveryId, endpointId, tries, error: reason } = record;
  const about = { merchantId, endpointId };
  if (record.status === "DEAD") {
    log.warn({ ...about, deliveryId, count: tries, reason }, "a webhook delivery is a dead letter");
  }
  if (change?.opened === true) {
    const { failures: count } = change;
    log.warn({ ...about, count, reason }, "a webhook endpoint keeps failing and is paused");
  }
}

interface Signed {
  readonly body: string;
  readonly headers: ReturnType<typeof signWebhook>;
}

/**
 * A secret or a body that cannot be opened (its key is missing, say) is a failure of this delivery, which is tried again
 * and ends as a dead letter like any other. If it were thrown, it would fail the rest of its job with it, and recur for
 * ever.
 */
function sign(sender: WebhookSender, delivery: ClaimedDelivery): Signed | undefined {
  try {
    const body = webhookBody(delivery);
    const headers = signWebhook({
      id: delivery.eventId,
      timestampSeconds: Math.floor(Date.now() / 1_000),
      body,
      secrets: endpointSecrets(sender.secrets, delivery),
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

/** A delivery that succeeded at once says all there is to say itself; its try is kept only where that is wanted. */
function recordOf(
  { config }: WebhookSender,
  delivery: ClaimedDelivery,
  result: PostResult,
): DeliveryRecord {
  const { merchantId, id, endpointId, tries, triesEarly } = delivery;
  const isDelivered = result.kind === "delivered";
  const outcome = {
    merchantId,
    id,
    endpointId,
    tries,
    statusCode: result.statusCode ?? null,
    errorClass: result.errorClass ?? null,
    error: result.error ?? null,
    responseBody: result.responseBody ?? null,
    durationMs: Math.round(result.durationMs),
    notBeforeMs:
      result.retryAfterMs === undefined ? null : boundedRetryAfterMs(result.retryAfterMs),
    isKept: !isDelivered || tries > 1 || config.keepWebhookSuccesses,
    wasWell: delivery.failures === 0,
  };
  if (isDelivered) return { ...outcome, status: "SUCCEEDED", dueInMs: null };
  const dueInMs =
    result.kind === "gone"
      ? undefined
      : retryDelayMs({
          tries: tries - triesEarly,
          retryAfterMs: result.retryAfterMs,
          scheduleMs: config.webhookScheduleMs,
        });
  return dueInMs === undefined
    ? { ...outcome, status: "DEAD", dueInMs: null }
    : { ...outcome, status: "RETRYING", dueInMs };
}
