import { type Db, type Statement, run } from "../db/db";
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
  e.sequence as "sequence", e.subject_id as "subjectId", e.object as "object"`;

const FIND: Statement = {
  name: "find_events",
  text: `select ${EVENT_COLUMNS} from events e where e.merchant_id = ? and e.id = any(?)`,
};

/** The events with these ids, in no order; those that are not there are missing. */
export async function findEvents(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<Event[]> {
  return run<Event>(db, FIND, [merchantId, ids]);
}

export interface FeedPosition {
  /** The id of the writing transaction, a decimal text: it has 64 bits. */
  readonly xid: string;
  readonly id: string;
}

const FEED_START: FeedPosition = { xid: "0", id: "" };

const feedCursor: CursorFormat<FeedPosition> = {
  write: ({ xid, id }) => `${xid} ${id}`,
  read: (text) => {
    const match = /^(\d{1,19}) (evt_[0-9a-z]{26})$/.exec(text);
    return match?.[1] && match[2] ? { xid: match[1], id: match[2] } : undefined;
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

/*
 * Ids are not commit order: a transaction that began earlier may commit later, and a reader that has passed its
 * place would never see it. Everything below the oldest running transaction is final, so only that is shown, in
 * the order of the writing transactions.
 */
function feedStatement(hasTypes: boolean): Statement {
  return {
    name: hasTypes ? "event_feed_of_types" : "event_feed",
    text: `
      select ${EVENT_COLUMNS}, e.xid::text as "xid" from events e
      where e.merchant_id = ? and (e.xid, e.id) > (?::xid8, ?)
        and e.xid < pg_snapshot_xmin(pg_current_snapshot()) ${hasTypes ? "and e.type = any(?)" : ""}
      order by e.xid, e.id limit ?`,
  };
}

export async function listEvents(
  db: Db,
  merchantId: string,
  page: {
    readonly after?: string | null | undefined;
    readonly first?: number | null | undefined;
    readonly types?: readonly string[] | null | undefined;
  },
): Promise<EventFeedPage> {
  const after = page.after ?? null;
  const limit = pageSize(page.first, "first");
  const position = after === null ? FEED_START : decodeCursor(feedCursor, after, "after");
  const types = page.types ?? [];
  const rows = await run<Event & FeedPosition>(db, feedStatement(types.length > 0), [
    merchantId,
    position.xid,
    position.id,
    ...(types.length > 0 ? [types] : []),
    limit + 1,
  ]);
  const edges = rows
    .slice(0, limit)
    .map((row) => ({ cursor: encodeCursor(feedCursor, row), node: row }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > limit,
      hasPreviousPage: after !== null,
      startCursor: edges[0]?.cursor ?? null,
      // Whoever has read everything goes on from here when there is more.
      endCursor: edges.at(-1)?.cursor ?? after,
    },
  };
}
