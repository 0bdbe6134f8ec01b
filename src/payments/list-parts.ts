import { type Db, type Statement, run } from "../db/db";
import { EVENT_COLUMNS, type Event, type StoredEvent, openEvent } from "../events/event-store";
import { joinPersonalKey } from "../events/personal-data";
import {
  type CursorFormat,
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";
import type { IdKind } from "../ids";
import type { Attempt } from "./attempt";
import { ATTEMPT_COLUMNS } from "./attempt-store";
import type { Dispute } from "./dispute";
import type { Capture, Refund } from "./payment-intent";

/**
 * What belongs to payment intents, in pages, newest first. One statement reads the pages of as many intents as are
 * listed together, when the same page of each is asked for.
 */
export interface TransitionRecord {
  readonly version: number;
  readonly from: string | null;
  readonly to: string;
  readonly at: string;
  readonly actor: string;
  readonly cause: string;
  readonly amount: number | null;
  readonly terminal: boolean;
  readonly eventId: string;
}

export interface Parts {
  readonly attempts: Attempt;
  readonly captures: Capture;
  readonly refunds: Refund;
  readonly disputes: Dispute;
  readonly transitions: TransitionRecord;
  readonly events: Event;
}

export type PartKind = keyof Parts;
export type PartKey = string | number;
type Direction = PageRequest<PartKey>["direction"];

interface PartList<Part> {
  readonly format: CursorFormat<PartKey>;
  readonly keyOf: (part: Part) => PartKey;
  /** Where a list begins when no cursor is given: beyond every key. */
  readonly ends: Readonly<Record<Direction, PartKey>>;
  /** One intent's page. The parameters are the merchant, the key next to the page, and how many. */
  readonly select: (direction: Direction) => string;
  /** What a row shows, where it is not the part itself. */
  readonly read?: (row: Part) => Part;
}

const VERSION_MAX = 2_147_483_647;

const versionCursor: CursorFormat<PartKey> = {
  write: String,
  read: (text) => {
    const version = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : VERSION_MAX + 1;
    return version <= VERSION_MAX ? version : undefined;
  },
};

/** Its format takes the keys of every part, so that all lists are of one type. */
function byPartId(kind: IdKind) {
  const list = byId(kind);
  return { ...list, format: list.format as CursorFormat<PartKey> };
}

const byVersion = { format: versionCursor, ends: { older: VERSION_MAX, newer: 0 } };

/** The rows of a table that belong to the intent `p`, in pages by a key. */
function rowsOf(table: string, columns: string, key: string): (direction: Direction) => string {
  return (direction) => {
    const { beyond, order } = IN_SQL[direction];
    return `
      select ${columns} from ${table}
      where merchant_id = ? and payment_intent_id = p.id and ${key} ${beyond} ?
      order by ${key} ${order} limit ?`;
  };
}

const TRANSITION_COLUMNS = `
  t.version as "version", t.from_status as "from", t.to_status as "to", iso(t.at) as "at",
  t.actor as "actor", t.cause as "cause", t.amount as "amount", t.terminal as "terminal",
  t.event_id as "eventId"`;

const eventIds = rowsOf("transitions t", "t.merchant_id, t.event_id, t.version", "t.version");

const LISTS: { readonly [Kind in PartKind]: PartList<Parts[Kind]> } = {
  attempts: { ...byPartId("attempt"), select: rowsOf("attempts a", ATTEMPT_COLUMNS, "a.id") },
  captures: {
    ...byPartId("capture"),
    select: rowsOf("captures c", `capture_snapshot(c) as "snapshot"`, "c.id"),
  },
  refunds: {
    ...byPartId("refund"),
    select: rowsOf("refunds r", `refund_snapshot(r) as "snapshot"`, "r.id"),
  },
  disputes: {
    ...byPartId("dispute"),
    select: rowsOf("disputes d", `dispute_snapshot(d) as "snapshot"`, "d.id"),
  },
  transitions: {
    ...byVersion,
    keyOf: ({ version }) => version,
    select: rowsOf("transitions t", TRANSITION_COLUMNS, "t.version"),
  },
  // Events have no index on their subject, which would cost one more write for each event: they are found through
  // transitions.
  events: {
    ...byVersion,
    keyOf: ({ sequence }) => sequence ?? 0,
    read: (row) => openEvent(row as StoredEvent),
    select: (direction) => `
      select ${EVENT_COLUMNS} from (${eventIds(direction)}) t
      join events e on e.merchant_id = t.merchant_id and e.id = t.event_id ${joinPersonalKey()}
      order by t.version ${IN_SQL[direction].order}`,
  },
};

function statement(kind: PartKind, direction: Direction): Statement {
  return {
    name: `list_${kind}_of_intents_${direction}`,
    text: `
      select p.id as "partOf", part.*
      from unnest(?::text[]) as p (id)
      cross join lateral (
        ${LISTS[kind].select(direction)}
      ) part`,
  };
}

/** Of each of these intents, up to `limit` parts beyond `from`, nearest to it first. */
export async function findParts<Kind extends PartKind>(
  db: Db,
  kind: Kind,
  of: {
    readonly merchantId: string;
    readonly paymentIntentIds: readonly string[];
    readonly request: PageRequest<PartKey>;
  },
): Promise<Parts[Kind][][]> {
  const { direction, from, limit } = of.request;
  type Row = { readonly partOf: string; readonly snapshot?: Parts[Kind] } & Parts[Kind];
  const rows = await run<Row>(db, statement(kind, direction), [
    of.paymentIntentIds,
    of.merchantId,
    from ?? LISTS[kind].ends[direction],
    limit,
  ]);
  const found = new Map<string, Parts[Kind][]>(of.paymentIntentIds.map((id) => [id, []]));
  const { read = (part: Parts[Kind]) => part } = LISTS[kind] as PartList<Parts[Kind]>;
  for (const row of rows) found.get(row.partOf)?.push(row.snapshot ?? read(row));
  return of.paymentIntentIds.map((id) => found.get(id) ?? []);
}

/** A page of one intent's parts; `fetch` may put the requests of several intents together. */
export function readParts<Kind extends PartKind>(
  kind: Kind,
  page: PageArguments,
  fetch: (request: PageRequest<PartKey>) => Promise<Parts[Kind][]>,
): Promise<Page<Parts[Kind]>> {
  const { format, keyOf } = LISTS[kind] as PartList<Parts[Kind]>;
  return readPage({ format, keyOf, fetch }, page);
}
