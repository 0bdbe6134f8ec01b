import { Failure } from "./failures";
import { ID_PREFIXES, type IdKind } from "./ids";

/**
 * Keyset pagination: a cursor names the item it stands at by what the list is sorted by, so that a page
 * costs the same wherever it lies, and nothing is skipped or shown twice when items are added.
 * Lists are newest first, that is, in descending order of their keys.
 */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

export interface PageRequest<Key> {
  /** "older" goes down the list from `from`, "newer" up. */
  readonly direction: "older" | "newer";
  readonly limit: number;
  /** The item next to the page, not on it. */
  readonly from: Key | undefined;
}

export interface Edge<Item> {
  readonly cursor: string;
  readonly node: Item;
}

export interface Page<Item> {
  readonly edges: readonly Edge<Item>[];
  readonly pageInfo: {
    readonly hasNextPage: boolean | (() => Promise<boolean>);
    readonly hasPreviousPage: boolean | (() => Promise<boolean>);
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

export const PAGE_SIZE_MAX = 100;
export const PAGE_SIZE_DEFAULT = 20;

/** How a list's keys are written in cursors; what does not match is not a cursor of this list. */
export interface CursorFormat<Key> {
  readonly write: (key: Key) => string;
  readonly read: (text: string) => Key | undefined;
}

function idCursor(prefix: string): CursorFormat<string> {
  const format = new RegExp(`^${prefix}_[0-9a-z]{26}$`);
  return { write: (id) => id, read: (text) => (format.test(text) ? text : undefined) };
}

/** The keys of a list that is sorted by the ids of one kind. */
export function byId(kind: IdKind) {
  const prefix = ID_PREFIXES[kind];
  return {
    format: idCursor(prefix),
    keyOf: ({ id }: { readonly id: string }): string => id,
    /** Where the list begins when no cursor is given: they sort after and before every id. */
    ends: { older: `${prefix}_~`, newer: `${prefix}_` },
  };
}

/** How a statement reads in each direction: which keys lie beyond one, and the nearest of them first. */
export const IN_SQL = {
  older: { beyond: "<", order: "desc" },
  newer: { beyond: ">", order: "asc" },
} as const;

export function encodeCursor<Key>(format: CursorFormat<Key>, key: Key): string {
  return Buffer.from(format.write(key)).toString("base64url");
}

const CURSOR_LENGTH_MAX = 200;

export function decodeCursor<Key>(format: CursorFormat<Key>, cursor: string, field: string): Key {
  const isShort = cursor.length <= CURSOR_LENGTH_MAX;
  const key = isShort ? format.read(Buffer.from(cursor, "base64url").toString()) : undefined;
  if (key === undefined) throw bad(field, "This cursor does not belong to this list.");
  return key;
}

export function pageSize(size: number | null | undefined, field: string): number {
  if (size === null || size === undefined) return PAGE_SIZE_DEFAULT;
  if (!Number.isInteger(size) || size < 1 || size > PAGE_SIZE_MAX) {
    throw bad(field, `A page must have 1 to ${String(PAGE_SIZE_MAX)} items.`);
  }
  return size;
}

/** `first` goes with `after`, and `last` with `before`; together they would mean two pages. */
export function readPageArguments<Key>(
  format: CursorFormat<Key>,
  page: PageArguments,
): PageRequest<Key> {
  const isForward = isGiven(page.first) || isGiven(page.after);
  const isBackward = isGiven(page.last) || isGiven(page.before);
  if (isForward && isBackward) {
    throw bad("first", "Use either first and after, or last and before.");
  }
  const read = (cursor: string | null | undefined, field: string): Key | undefined =>
    isGiven(cursor) ? decodeCursor(format, cursor, field) : undefined;
  if (isBackward) {
    const limit = pageSize(page.last, "last");
    return { direction: "newer", limit, from: read(page.before, "before") };
  }
  return {
    direction: "older",
    limit: pageSize(page.first, "first"),
    from: read(page.after, "after"),
  };
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

export interface PagedList<Item, Key> {
  readonly format: CursorFormat<Key>;
  readonly keyOf: (item: Item) => Key;
  /** Up to `limit` items beyond `from`, nearest to it first. */
  readonly fetch: (request: PageRequest<Key>) => Promise<Item[]>;
}

export async function readPage<Item, Key>(
  list: PagedList<Item, Key>,
  page: PageArguments,
): Promise<Page<Item>> {
  const request = readPageArguments(list.format, page);
  // One more than asked for tells whether there is more.
  const found = await list.fetch({ ...request, limit: request.limit + 1 });
  const hasMore = found.length > request.limit;
  const items = found.slice(0, request.limit);
  const hasBehind = request.from === undefined ? false : () => looksBack(list, request, items[0]);
  if (request.direction === "newer") items.reverse();
  const edges = items.map((node) => ({
    cursor: encodeCursor(list.format, list.keyOf(node)),
    node,
  }));
  const [hasNextPage, hasPreviousPage] =
    request.direction === "older" ? [hasMore, hasBehind] : [hasBehind, hasMore];
  return {
    edges,
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/**
 * Whether there is anything on the side that the page was not read from. A statement of its own, so only when asked.
 */
async function looksBack<Item, Key>(
  list: PagedList<Item, Key>,
  request: PageRequest<Key>,
  nearest: Item | undefined,
): Promise<boolean> {
  const direction = request.direction === "older" ? "newer" : "older";
  const from = nearest === undefined ? request.from : list.keyOf(nearest);
  return (await list.fetch({ direction, limit: 1, from })).length > 0;
}

function bad(field: string, message: string): Failure {
  return new Failure("BAD_USER_INPUT", message, { field });
}
