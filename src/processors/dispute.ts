/** What banks give as their reasons; an adapter translates its network's many codes into these. */
export const DISPUTE_REASONS = [
  "CREDIT_NOT_PROCESSED",
  "DUPLICATE",
  "FRAUDULENT",
  "GENERAL",
  "PRODUCT_NOT_RECEIVED",
  "PRODUCT_UNACCEPTABLE",
  "SUBSCRIPTION_CANCELED",
  "UNRECOGNIZED",
] as const;
export type DisputeReason = (typeof DISPUTE_REASONS)[number];

export const DISPUTE_STATUSES = ["OPEN", "WON", "LOST"] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

/**
 * A shopper's bank has taken back (part of) what was captured, or decided what becomes of it: WON and LOST are as the
 * merchant sees them. Each piece of news holds the whole dispute, so that whichever arrives first is enough.
 */
export interface DisputeNews {
  readonly kind: "dispute";
  readonly status: DisputeStatus;
  /** Theirs; the same in all news of one dispute. */
  readonly processorDisputeId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** What the processor keeps for its work, whoever wins; minor units. */
  readonly feeMinor: number;
  readonly reason: DisputeReason;
  /** ISO 8601, like the other times; null where the processor says none. */
  readonly evidenceDueBy: string | null;
  readonly openedAt: string;
  /** Null while it is open. */
  readonly closedAt: string | null;
}
