import { type FailureDetails, type StoredFailure, wrongState } from "../failures";

/**
 * A delivery is one event on its way to one endpoint. Its statuses:
 *
 * - SCHEDULED: planned, not tried yet.
 * - IN_FLIGHT: a worker is posting it, or died while posting; in that case its lease runs out and it is tried again.
 * - RETRYING: the last try failed; another is due.
 * - SUCCEEDED: the receiver answered 2xx.
 * - PAUSED: held back because its endpoint is disabled.
 * - DEAD: no tries are left. It stays so until a person replays or discards it.
 * - DISCARDED: a person decided that it will not be delivered.
 */
export const DELIVERY_STATUSES = [
  "SCHEDULED",
  "IN_FLIGHT",
  "SUCCEEDED",
  "RETRYING",
  "PAUSED",
  "DEAD",
  "DISCARDED",
] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What a person may do with a delivery, by its status: the only place that says so. */
const ALLOWED: Readonly<Record<DeliveryStatus, readonly DeliveryAction[]>> = {
  SCHEDULED: ["DISCARD"],
  // It may be delivered already.
  IN_FLIGHT: [],
  // One still in progress would be delivered twice for nothing.
  RETRYING: ["RETRY", "DISCARD"],
  PAUSED: ["DISCARD"],
  SUCCEEDED: ["REPLAY"],
  DEAD: ["REPLAY", "DISCARD"],
  DISCARDED: ["REPLAY"],
};
export type DeliveryAction = "RETRY" | "REPLAY" | "DISCARD";

const IT_IS: Readonly<Record<DeliveryStatus, string>> = {
  SCHEDULED: "Its first try is due.",
  IN_FLIGHT: "It is being posted at this moment.",
  RETRYING: "It is tried again by itself.",
  PAUSED: "It waits for its endpoint to be enabled.",
  SUCCEEDED: "It has been delivered.",
  DEAD: "No tries are left: it can be replayed, as a new delivery.",
  DISCARDED: "It was discarded: it can be replayed, as a new delivery.",
};

export function mayBe(action: DeliveryAction, status: DeliveryStatus): boolean {
  return ALLOWED[status].includes(action);
}

export function refuseDelivery(
  { id, status }: Pick<WebhookDelivery, "id" | "status">,
  more: FailureDetails & { readonly because?: string } = {},
): StoredFailure {
  const because = IT_IS[status];
  return wrongState({
    id,
    because,
    currentState: status,
    allowedActions: ALLOWED[status],
    ...more,
  });
}

/** Why a try failed, for whoever counts or filters them; the words beside it are for people. */
export const ERROR_CLASSES = [
  "GONE",
  "REDIRECT",
  "CLIENT_ERROR",
  "SERVER_ERROR",
  "TIMEOUT",
  "CONNECTION",
  "DNS",
  "TLS",
  "BLOCKED",
  "PROTOCOL",
  "SIGNING",
  "OTHER",
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** One try of a delivery. Kept when it failed, or came after one that did; all of them where the installation says so. */
export interface DeliveryAttempt {
  readonly number: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly statusCode: number | null;
  /** Null: it was delivered. */
  readonly errorClass: ErrorClass | null;
  readonly error: string | null;
  readonly responseBody: string | null;
}

export interface WebhookDelivery {
  readonly id: string;
  /** Null in what was stored before deliveries said it. */
  readonly merchantId: string | null;
  readonly eventId: string;
  readonly endpointId: string;
  readonly status: DeliveryStatus;
  readonly tries: number;
  /** Null when nothing is due, and while it waits for its endpoint and not for a time. */
  readonly nextAt: string | null;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly responseBody: string | null;
  readonly durationMs: number | null;
  readonly replayOf: string | null;
  /** Why its last try failed. Null unless it is DEAD. */
  readonly cause: ErrorClass | null;
  /** The delivery that repeats it, the latest if there are several. */
  readonly replayedAs: string | null;
  readonly discardReason: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** PENDING: it has yet to echo a challenge. DELETED: it is shown by what deleted it, and nowhere else. */
export type EndpointStatus = "PENDING" | "ENABLED" | "DISABLED" | "DELETED";

/** How an endpoint wants to be sent to. Null: as the installation has it. */
export interface Pace {
  readonly ratePerSecond: number | null;
  readonly timeoutMs: number | null;
  /** In each worker. */
  readonly concurrency: number | null;
}

export const NO_PACE: Pace = { ratePerSecond: null, timeoutMs: null, concurrency: null };

export interface WebhookEndpoint extends Pace {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  /** Empty: every type. */
  readonly eventTypes: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether it gets the events of a subject in strict order. Null in what was stored before there was such a thing. */
  readonly ordered: boolean | null;
  /** The version of the shapes that it gets its events in. */
  readonly apiVersion: string;
  readonly status: EndpointStatus;
  readonly disabledReason: string | null;
  readonly disabledAt: string | null;
  /** When its URL echoed a challenge; null: this one was never asked to, or has not yet. */
  readonly verifiedAt: string | null;
  /** PENDING: why it did not, the last time. */
  readonly verificationError: string | null;
  /** What may be shown of its secret; null: it was made before that was kept. */
  readonly secretHint: string | null;
  /** While a secret is rotated: of the one before, which still signs, and until when. */
  readonly previousSecretHint: string | null;
  readonly previousSecretExpiresAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface DeliveryKey {
  readonly merchantId: string;
  readonly id: string;
}

/** As jobs carry it: an endpoint has its own share of a worker, so it is known before the delivery is read. */
export interface AddressedDelivery extends DeliveryKey {
  readonly endpointId: string;
}

export interface EndpointKey {
  readonly merchantId: string;
  readonly id: string;
}
