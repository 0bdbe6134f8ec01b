/** What eraseCustomer was asked for, and how far it is. It never says whom it erased. */
export interface Erasure {
  readonly id: string;
  readonly status: ErasureStatus;
  /** How many payment intents have been erased so far. */
  readonly paymentIntents: number;
  /** Events of them from before events were sealed: they show the values until "oncepay erase-legacy" blanks them. */
  readonly eventsInClear: number;
  readonly requestedAt: string;
  readonly finishedAt: string | null;
}

/**
 * - RUNNING: payments are still to be erased, or what was copied from them is still to be cleaned up.
 * - FINISHED: nothing is left of the customer in any payment that was made before the request.
 */
export const ERASURE_STATUSES = ["RUNNING", "FINISHED"] as const;
export type ErasureStatus = (typeof ERASURE_STATUSES)[number];
