import { type Db, type Statement, run } from "../db/db";
import { type CursorFormat, type Edge, encodeCursor } from "../pagination";
import { TIMELINE_SOURCES } from "./timeline-sources";
import { type TimelineKind, summaryOf } from "./timeline-summary";

/*
 * What has happened to a payment and why, oldest first, from everywhere that it is recorded: one list over what callers
 * asked for, what was tried at a processor, what others reported of it, what was disputed, what changed, what was posted,
 * which webhooks were sent, and what operators did.
 *
 * Cost: one statement for as many intents as are listed together. Of each it reads all that there is, by indexes, and
 * shows a page of it: tens of rows for a usual payment.
 *
 * What is recorded with an earlier time than what a page has shown, because its transaction took longer, is not on the
 * next page: the list is for looking back.
 */

export interface TimelineEntry {
  readonly at: string;
  readonly kind: TimelineKind;
  readonly summary: string;
  /** What it is about: an event, an attempt, a dispute, a journal, a delivery, or the intent itself. */
  readonly subjectId: string;
  readonly actor: string | null;
}

/** What the caller may also read elsewhere. */
export interface Sees {
  readonly ledger: boolean;
  readonly webhooks: boolean;
  readonly auditLog: boolean;
}

/** Microseconds since 1970, then what tells apart what happened in one commit. */
export interface TimelinePosition {
  readonly us: number;
  readonly rank: number;
  readonly key: string;
}

export const TIMELINE_START: TimelinePosition = { us: 0, rank: 0, key: "" };

export const timelineCursor: CursorFormat<TimelinePosition> = {
  write: ({ us, rank, key }) => `${String(us)} ${String(rank)} ${key}`,
  read: (text) => {
    const [, us, rank, key] = /^(\d{1,16}) (\d) ([\w .-]{0,120})$/.exec(text) ?? [];
    const position = { us: Number(us), rank: Number(rank), key: key ?? "" };
    return key !== undefined && Number.isSafeInteger(position.us) ? position : undefined;
  },
};

export interface TimelineRequest {
  readonly after: TimelinePosition;
  readonly limit: number;
  readonly sees: Sees;
}

interface Row extends TimelinePosition {
  readonly timelineOf: string;
  readonly at: string;
  readonly kind: TimelineKind;
  readonly subjectId: string;
  readonly actor: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

const READ: Statement = {
  name: "timelines_of_intents",
  text: `
    with asked as materialized (
      select ?::text as merchant_id, ?::bigint as us, ?::int as rank, ?::text collate "C" as key,
        ?::int as most, ?::boolean as sees_ledger, ?::boolean as sees_webhooks,
        ?::boolean as sees_audit_log
    )
    select p.id as "timelineOf", e.us as "us", e.rank as "rank", e.key as "key",
      iso(e.at) as "at", e.kind as "kind", e.subject_id as "subjectId", e.actor as "actor",
      e.data as "data"
    from asked q
    cross join unnest(?::text[]) as p (id)
    cross join lateral (
      select * from (
        select s.*, (extract(epoch from s.at) * 1000000)::bigint as us from (
          ${TIMELINE_SOURCES.join("\n          union all\n          ")}
        ) s
      ) s
      where (s.us, s.rank, s.key) > (q.us, q.rank, q.key)
      order by s.us, s.rank, s.key limit q.most
    ) e
    order by p.id, e.us, e.rank, e.key`,
};

export type TimelineEdge = Edge<TimelineEntry>;

/** Of each of these intents, the entries after a position, oldest first. */
export async function readTimelines(
  db: Db,
  merchantId: string,
  of: { readonly ids: readonly string[]; readonly request: TimelineRequest },
): Promise<TimelineEdge[][]> {
  const { after, limit, sees } = of.request;
  const rows = await run<Row>(db, READ, [
    merchantId,
    after.us,
    after.rank,
    after.key,
    limit,
    sees.ledger,
    sees.webhooks,
    sees.auditLog,
    of.ids,
  ]);
  const found = new Map<string, TimelineEdge[]>(of.ids.map((id) => [id, []]));
  for (const row of rows) found.get(row.timelineOf)?.push(edgeOf(row));
  return of.ids.map((id) => found.get(id) ?? []);
}

function edgeOf({ us, rank, key, at, kind, subjectId, actor, data }: Row): TimelineEdge {
  return {
    cursor: encodeCursor(timelineCursor, { us, rank, key }),
    node: { at, kind, subjectId, actor, summary: summaryOf(kind, data) },
  };
}
