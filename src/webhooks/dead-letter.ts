import { onlyGiven } from "../db/filters";

/**
 * A dead letter is a delivery that has no tries left. It waits until a person replays or discards it; once it has been
 * replayed it is still DEAD, because that is what happened, and names the delivery that repeats it.
 */

/** Why the last try failed, as the migrations' webhook_failure_cause() reads it from what is stored of it. */
export const DEAD_LETTER_CAUSES = [
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
export type DeadLetterCause = (typeof DEAD_LETTER_CAUSES)[number];

export type ReplayState = "NOT_REPLAYED" | "REPLAYED" | "ANY";

/** What a delivery says about its end. */
export interface DeliveryEnd {
  /** Null unless it is DEAD. */
  readonly cause: DeadLetterCause | null;
  /** The delivery that repeats it, the latest if there are several. */
  readonly replayedAs: string | null;
  readonly discardReason: string | null;
}

export const CAUSE = "webhook_failure_cause(d.status_code, d.error)";

export const END_COLUMNS = `
  case when d.status = 'DEAD' then ${CAUSE} end as "cause", d.replayed_as as "replayedAs",
  d.discard_reason as "discardReason"`;

/** Which letters: those that match everything given. */
export interface LetterFilter {
  readonly endpointId?: string | null | undefined;
  readonly eventId?: string | null | undefined;
  readonly types?: readonly string[] | null | undefined;
  readonly causes?: readonly DeadLetterCause[] | null | undefined;
  /** ISO 8601: the last try failed at this moment or later. */
  readonly diedAfter?: string | null | undefined;
  /** ISO 8601: earlier than this moment. */
  readonly diedBefore?: string | null | undefined;
}

/** For statements that call the delivery d. */
export function lettersLike(filter: LetterFilter): ReturnType<typeof onlyGiven> {
  return onlyGiven([
    { name: "endpoint", text: "d.endpoint_id = ?", value: filter.endpointId },
    { name: "event", text: "d.event_id = ?", value: filter.eventId },
    {
      name: "types",
      text: `exists (
        select from events t
        where t.merchant_id = d.merchant_id and t.id = d.event_id and t.type = any(?))`,
      value: someOf(filter.types),
    },
    { name: "causes", text: `${CAUSE} = any(?)`, value: someOf(filter.causes) },
    { name: "after", text: "d.updated_at >= ?", value: filter.diedAfter },
    { name: "before", text: "d.updated_at < ?", value: filter.diedBefore },
  ]);
}

/** An empty list asks for nothing in particular, as everywhere. */
function someOf(list: readonly string[] | null | undefined): readonly string[] | null {
  return list && list.length > 0 ? list : null;
}
