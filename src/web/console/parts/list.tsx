import type { ComponentChildren, JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { pathOf, Link } from "../address";
import type { Query } from "../query";
import { usePlace } from "../place";
import { Empty, Found } from "./notes";
import { type Column, type Named, type Selection, Table } from "./table";

/** One page of a list, by cursor, with the cursor in the address; what is new waits until it is asked for. */

export interface Connection<Row> {
  readonly edges: readonly { readonly node: Row }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

const PAGE_SIZE = 50;

export interface PageVariables {
  readonly first?: number;
  readonly after?: string;
  readonly last?: number;
  readonly before?: string;
}

export function pageIn(filters: URLSearchParams): PageVariables {
  const before = filters.get("before");
  if (before !== null) return { last: PAGE_SIZE, before };
  const after = filters.get("after");
  return after === null ? { first: PAGE_SIZE } : { first: PAGE_SIZE, after };
}

export function List<Row extends Named, Answer>({
  query,
  pick,
  caption,
  columns,
  empty,
  selection,
}: {
  query: Query<Answer>;
  pick: (answer: Answer) => Connection<Row> | null | undefined;
  caption: string;
  columns: readonly Column<Row>[];
  empty: ComponentChildren;
  selection?: Selection;
}): JSX.Element {
  return (
    <Found query={query}>
      {(answer) => {
        const connection = pick(answer);
        if (!connection) return null;
        const all = connection.edges.map(({ node }) => node);
        return (
          <>
            <Rows
              all={all}
              caption={caption}
              columns={columns}
              empty={empty}
              selection={selection}
            />
            <Pages connection={connection} />
          </>
        );
      }}
    </Found>
  );
}

interface RowsProps<Row> {
  readonly all: readonly Row[];
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly empty: ComponentChildren;
  readonly selection: Selection | undefined;
}

function Rows<Row extends Named>({ all, empty, ...table }: RowsProps<Row>): JSX.Element {
  const { filters } = usePlace();
  const seen = useRef<{ readonly about: string; readonly ids: ReadonlySet<string> }>(undefined);
  const [, showAgain] = useState(0);
  const isFirstPage = !filters.has("after") && !filters.has("before");
  const about = location.pathname + location.search;
  const known = seen.current?.about === about ? seen.current.ids : undefined;
  if (!known || known.size === 0) seen.current = { about, ids: idsOf(all) };
  // A row that appears above would move the others under somebody's finger.
  const fresh = isFirstPage && known ? freshIn(all, known) : 0;
  const rows = all.slice(fresh);
  const show = (): void => {
    seen.current = { about, ids: idsOf(all) };
    showAgain((before) => before + 1);
  };
  return (
    <>
      {fresh > 0 && (
        <button type="button" class="fresh" onClick={show}>
          Show {fresh} new
        </button>
      )}
      {rows.length === 0 ? <Empty>{empty}</Empty> : <Table {...table} rows={rows} />}
    </>
  );
}

/** How many are above the first that has been shown before. */
function freshIn(rows: readonly Named[], known: ReadonlySet<string>): number {
  return Math.max(
    0,
    rows.findIndex(({ id }) => known.has(id)),
  );
}

function idsOf(rows: readonly Named[]): ReadonlySet<string> {
  return new Set(rows.map(({ id }) => id));
}

function Pages({ connection }: { connection: Connection<unknown> }): JSX.Element | null {
  const { filters } = usePlace();
  const { hasNextPage, hasPreviousPage, startCursor, endCursor } = connection.pageInfo;
  if (!hasNextPage && !hasPreviousPage) return null;
  const others = [...filters].filter(([name]) => name !== "after" && name !== "before");
  const path = location.pathname.replace(/^\/console\/?/, "");
  const to = (cursor: Record<string, string | null>): string =>
    pathOf(null, path, { ...Object.fromEntries(others), ...cursor });
  return (
    <nav class="pages" aria-label="Pages of the list">
      {hasPreviousPage && (
        <>
          <Link to={to({})}>Newest</Link>
          <Link to={to({ before: startCursor })}>Newer</Link>
        </>
      )}
      {hasNextPage && <Link to={to({ after: endCursor })}>Older</Link>}
    </nav>
  );
}
