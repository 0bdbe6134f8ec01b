import { onlyGiven } from "../db/filters";
import type { ErrorClass } from "./delivery";

/**
 * A dead letter is a delivery that has no tries left. It waits until a person replays or discards it; once it has been
 * replayed it is still DEAD, because that is what happened, and names the delivery that repeats it.
 */

export type ReplayState = "NOT_REPLAYED" | "REPLAYED" | "ANY";

export const CAUSE = "coalesce(d.error_class, 'OTHER')";

export const END_COLUMNS = `
  case when d.status = 'DEAD' then ${CAUSE} end as "cause", d.replayed_as as "replayedAs",
  d.discard_reason as "discardReason"`;

/** Which letters: those that match everything given. */
export interface LetterFilter {
  readonly endpointId?: string | null | undefined;
  readonly eventId?: string | null | undefined;
  readonly types?: readonly string[] | null | undefined;
  readonly causes?: readonly ErrorClass[] | null | undefined;
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
