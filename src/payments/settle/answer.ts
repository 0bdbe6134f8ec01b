import type { LookupOutcome, SendOutcome } from "../../processors/processor";
import type { Change } from "../change";

/** An answer about an attempt, from whoever heard it: the call itself, a look-up, a webhook, an operator. */
export interface Answer {
  readonly merchantId: string;
  readonly attemptId: string;
  readonly paymentIntentId: string;
  readonly outcome: SendOutcome | LookupOutcome;
  /** Who heard it: worker, lookup, webhook, or an operator's key. */
  readonly source: string;
  /** An operator's words. */
  readonly reason?: string;
  /** Of the trace in which it was heard; otherwise it is a part of the attempt's own. */
  readonly traceparent?: string | null | undefined;
}

export type AnswerEffect =
  "applied" | "duplicate" | "waiting" | "requeued" | "replaced" | "contradiction";

export interface Consequence {
  readonly effect: AnswerEffect;
  /** For requeued: how long until it is due again. */
  readonly dueInMs?: number;
  /** Written in this order, each with its own version of the intent. */
  readonly changes: readonly Change[];
}

/** What settling goes by. */
export interface SettlePolicy extends LookupPolicy {
  /** How long before it expires an authorisation is said to. */
  readonly authorizationExpiringMs: number;
  /** How long a shopper may take to authenticate, if the processor allows as much. */
  readonly authenticationMaxMs: number;
  /** How many cards may be tried on one intent. */
  readonly attemptsPerIntentMax: number;
}

export interface LookupPolicy {
  /**
   * When an UNKNOWN attempt is looked up: the waits between look-ups. The first counts from the sending, and the last
   * repeats.
   */
  readonly lookupScheduleMs: readonly number[];
}
