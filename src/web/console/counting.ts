import { ask } from "./api";
import { type Counted, type Query, readCounted, useReading } from "./query";
import { usePlace } from "./place";
import type { DeadLetterFilter } from "../../sdk/inputs";
import type { Results } from "./results";

/** What waits for somebody, counted by reading it. */

export type CountedLetter = Results["letterCounts"]["deadLetters"]["edges"][number]["node"];
export type CountedUnknown = Results["unknownCounts"]["unknownAttempts"]["edges"][number]["node"];
type CountedBreak = Results["breakCounts"]["reconciliationBreaks"]["edges"][number]["node"];

/** Of breaks: what still waits for somebody. */
export const UNRESOLVED = ["OPEN", "EXPLAINED"] as const;

// Reading a thousand rows is ten requests: nobody needs that every few seconds.
const COUNTED_EVERY_MS = 30_000;

export function useLetterCounts(filter: DeadLetterFilter): Query<Counted<CountedLetter>> {
  const { acting: merchant } = usePlace();
  return useReading(
    (by, signal) =>
      readCounted(async (after) => {
        const page = await ask("letterCounts", { filter, after }, { merchant, by, signal });
        return page.deadLetters;
      }),
    { about: JSON.stringify(["letters", merchant, filter]), everyMs: COUNTED_EVERY_MS },
  );
}

export function useUnknownCounts(): Query<Counted<CountedUnknown>> {
  const { acting: merchant } = usePlace();
  return useReading(
    (by, signal) =>
      readCounted(async (after) => {
        const page = await ask("unknownCounts", { after }, { merchant, by, signal });
        return page.unknownAttempts;
      }),
    { about: JSON.stringify(["unknown", merchant]), everyMs: COUNTED_EVERY_MS },
  );
}

/** What is not resolved. */
export function useBreakCounts(): Query<Counted<CountedBreak>> {
  const { acting: merchant } = usePlace();
  return useReading(
    (by, signal) =>
      readCounted(async (after) => {
        const filter = { statuses: UNRESOLVED };
        const page = await ask("breakCounts", { filter, after }, { merchant, by, signal });
        return page.reconciliationBreaks;
      }),
    { about: JSON.stringify(["breaks", merchant]), everyMs: COUNTED_EVERY_MS },
  );
}

const MINUTE_MS = 60_000;
const MINUTES = 30;

export interface EventRate {
  /** One for each minute, the oldest first. */
  readonly perMinute: readonly number[];
  /** The feed is read forwards: with too many events, the newest minutes have not been counted. */
  readonly countedUntil: number | undefined;
}

/** How many events there were in each of the last minutes. */
export function useEventRate(): Query<EventRate> {
  const { acting: merchant } = usePlace();
  return useReading(
    async (by, signal) => {
      const startMs = (Math.floor(Date.now() / MINUTE_MS) - MINUTES + 1) * MINUTE_MS;
      const since = new Date(startMs).toISOString();
      const { items, hasMore } = await readCounted(async (after) => {
        const from = after === undefined ? { since } : { after };
        const page = await ask("eventCounts", from, { merchant, by, signal });
        return page.events;
      });
      const perMinute = new Array<number>(MINUTES).fill(0);
      for (const { createdAt } of items) {
        const minute = Math.floor((Date.parse(createdAt) - startMs) / MINUTE_MS);
        perMinute[minute] = (perMinute[minute] ?? 0) + 1;
      }
      const last = items.at(-1);
      return { perMinute, countedUntil: hasMore && last ? Date.parse(last.createdAt) : undefined };
    },
    { about: JSON.stringify(["events", merchant]), everyMs: COUNTED_EVERY_MS },
  );
}

/** The largest group first. */
export function grouped<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
): readonly (readonly [name: string, items: readonly Item[]])[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}
