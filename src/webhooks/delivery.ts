import type { DeliveryEnd } from "./dead-letter";

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

export interface WebhookDelivery extends DeliveryEnd {
  readonly id: string;
  readonly eventId: string;
  readonly endpointId: string;
  readonly status: DeliveryStatus;
  readonly tries: number;
  readonly nextAt: string | null;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly responseBody: string | null;
  readonly durationMs: number | null;
  readonly replayOf: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  /** Empty: every type. */
  readonly eventTypes: readonly string[];
  readonly status: "ENABLED" | "DISABLED";
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface DeliveryKey {
  readonly merchantId: string;
  readonly id: string;
}
