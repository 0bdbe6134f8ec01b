import { type Db, type Statement, run } from "../db/db";
import { idFloor, idTime } from "../ids";
import { SEALED_PART, type SealedPart, joinPersonalKey, openSnapshot } from "./personal-data";
import { type CursorFormat, type Edge, decodeCursor, encodeCursor, pageSize } from "../pagination";

/** Reads of events. They are written by the statements that make them true. */

export interface Event {
  readonly id: string;
  readonly type: string;
  readonly apiVersion: string;
  readonly createdAt: string;
  /** The object that it is about, whose `sequence` it carries. */
  readonly subjectId: string;
  /** The version of that object; null for what has no versions. */
  readonly sequence: number | null;
  /** The snapshot of the object when it happened. */
  readonly object: unknown;
}

export const EVENT_COLUMNS = `
  e.id as "id", e.type as "type", e.api_version as "apiVersion", iso(e.created_at) as "createdAt",
  e.sequence as "sequence", e.object as "object", ${SEALED_PART}`;

export type StoredEvent = Event & SealedPart;

/** As it is shown: the keys stay here. */
export function openEvent(stored: StoredEvent): Event {
  const { personal, personalKey, personalDataErasedAt, ...event } = stored;
  const part = { subjectId: event.subjectId, personal, personalKey, personalDataErasedAt };
  return { ...event, object: openSnapshot(event.object, part) };
}

const FIND: Statement = {
  name: "find_events",
  text: `
    select ${EVENT_COLUMNS} from events e ${joinPersonalKey()}
    where e.merchant_id = ? and e.id = any(?)`,
};

/** The events with these ids, in no particular order; those that do not exist are left out. */
export async function findEvents(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<Event[]> {
  return (await run<StoredEvent>(db, FIND, [merchantId, ids])).map(openEvent);
}

/** A place in a merchant's feed, and the event that stood there when the cursor was given. */
interface FeedPosition {
  readonly position: number;
  readonly id: string;
}

const FEED_START: FeedPosition = { position: 0, id: "" };

// Cursors from when positions were transaction ids look the same, and are understood: see goOnFrom.
const feedCursor: CursorFormat<FeedPosition> = {
  write: ({ position, id }) => `${String(position)} ${id}`,
  read: (text) => {
    const match = /^(\d{1,15}) (evt_[0-9a-hjkmnp-tv-z]{26})$/.exec(text);
    return match?.[1] && match[2] ? { position: Number(match[1]), id: match[2] } : undefined;
  },
};

export interface EventFeedPage {
  readonly edges: readonly Edge<Event>[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

type FeedRow = StoredEvent & { readonly position: number };

/*
 * Reads from a position onwards, including the event at that position, so that the answer itself says whether the
 * cursor's event is still there. The events of the page are looked up one by one.
 */
function feedStatement(hasTypes: boolean): Statement {
  return {
    name: hasTypes ? "event_feed_of_types" : "event_feed",
    text: `
      select f.position as "position", ${EVENT_COLUMNS}
      from (
        select f.merchant_id, f.position, f.event_id from event_feed f
        where f.merchant_id = ? and f.position >= ?
          ${hasTypes ? "and (f.position = ? or f.type = any(?))" : ""}
        order by f.position limit ?
      ) f
      join events e on e.merchant_id = f.merchant_id and e.id = f.event_id ${joinPersonalKey()}
      order by f.position`,
  };
}

/**
 * An event appears in the feed when it has been relayed. One statement; two from a moment on, or where the cursor is
 * from another history.
 */
export async function listEvents(
  db: Db,
  merchantId: string,
  page: {
    readonly after?: string | null | undefined;
    readonly first?: number | null | undefined;
    readonly types?: readonly string[] | null | undefined;
    /** ISO 8601: where to begin when there is no cursor. */
    readonly since?: string | null | undefined;
  },
): Promise<EventFeedPage> {
  const after = page.after ?? null;
  const limit = pageSize(page.first, "first");
  const asked = after === null ? FEED_START : decodeCursor(feedCursor, after, "after");
  const types = page.types ?? [];
  const readFrom = async (position: number): Promise<FeedRow[]> =>
    run<FeedRow>(db, feedStatement(types.length > 0), [
      merchantId,
      position,
      ...(types.length > 0 ? [position, types] : []),
      // The cursor's own event, the page, and one more that tells whether there is more.
      limit + 2,
    ]);
  const since = after === null ? page.since : null;
  const start = since && (await findPosition(db, merchantId, idFloor("event", Date.parse(since))));
  const { position, found } = start
    ? { position: start, found: await readFrom(start) }
    : await goOnFrom(db, { merchantId, asked, readFrom });
  const rows = found.filter((row) => row.position > position);
  const edges = rows
    .slice(0, limit)
    .map((row) => ({ cursor: encodeCursor(feedCursor, row), node: openEvent(row) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > limit,
      hasPreviousPage: after !== null,
      startCursor: edges[0]?.cursor ?? null,
      // A reader who has read everything continues from here when there is more.
      endCursor: edges.at(-1)?.cursor ?? after,
    },
  };
}

// More than the clocks of the processes that make ids can differ, and longer than a transaction takes.
const DISORDER_MAX_MS = 3_600_000;

/*
 * A cursor may be newer than the database: it was restored to an earlier moment, or a replica was promoted that lacked
 * the last commits. Then its position belongs to no event, or to another one. What its holder has not read was created
 * after the cursor's event, apart from slight disorder among ids; so the page begins where events are an hour older
 * than that. It repeats events, as any feed may after a restore, but never skips one.
 */
async function goOnFrom(
  db: Db,
  feed: {
    readonly merchantId: string;
    readonly asked: FeedPosition;
    readonly readFrom: (position: number) => Promise<FeedRow[]>;
  },
): Promise<{ position: number; found: FeedRow[] }> {
  const { position, id } = feed.asked;
  const found = await feed.readFrom(position);
  const isAsItWas = found[0]?.position === position && found[0].id === id;
  if (isAsItWas || position === FEED_START.position) return { position, found };
  const before = idFloor("event", Math.max(0, idTime(id) - DISORDER_MAX_MS));
  const safe = await findPosition(db, feed.merchantId, before);
  return { position: safe, found: await feed.readFrom(safe) };
}

/*
 * Where the feed passes an id. Ids in a feed grow, but for a little disorder, so the place is found by bisection: as
 * many index probes as the number of events has binary digits, however old the cursor is, and no index by event.
 */
const FIND_POSITION: Statement = {
  name: "find_feed_position",
  text: `
    with recursive asked as materialized (
      select ?::text as merchant_id, ?::text as id
    ), search (low, high) as (
      select 0::bigint, coalesce((
        select f.position from event_feed f where f.merchant_id = q.merchant_id
        order by f.position desc limit 1), 0)
      from asked q
      union all
      select case when f.event_id < q.id then s.middle else s.low end,
        case when f.event_id < q.id then s.high else s.middle - 1 end
      from (select low, high, (low + high + 1) / 2 as middle from search where low < high) s
      cross join asked q
      cross join lateral (
        select f.event_id from event_feed f
        where f.merchant_id = q.merchant_id and f.position >= s.middle
        order by f.position limit 1) f
    )
    select low as "position" from search where low = high`,
};

/** The last position whose event is older than the id; 0 when none is. */
async function findPosition(db: Db, merchantId: string, id: string): Promise<number> {
  const [row] = await run<{ position: number }>(db, FIND_POSITION, [merchantId, id]);
  return row?.position ?? 0;
}
