import type { Pool } from "pg";
import type { BookRow, MovementKind } from "./movement";

/** A movement as the admin interface shows it; the shape is part of oncepay's contract. */
export interface WitnessedMovement {
  readonly id: string;
  readonly kind: MovementKind;
  readonly amount: number;
  readonly currency: string;
  readonly reference: string;
  readonly chargeId: string;
  readonly at: string;
}

interface StoredMovement extends Omit<WitnessedMovement, "at"> {
  readonly at: number;
  readonly position: number;
}

// Books can hold millions of rows: they are read page by page, by position.
const PAGE_ROWS = 5_000;

const MILLISECONDS = "round(extract(epoch from at) * 1000)::float8";

const COMMON = `operation_id, operation, reference, charge_id, amount::float8 as amount, currency,
  source, final, ${MILLISECONDS} as at, position::float8 as position`;

// Ordered by the column, not by the output of the same name: that would sort the whole table for
// every page. Amounts are at most 2^53 - 1, which a float8 holds exactly; pg would give bigints as strings.
const PAGES = {
  movement: `select 'movement' as type, id, kind, fee::float8 as fee, fee_currency, ${COMMON}
    from movements where position > $1 order by movements.position limit $2`,
  verdict: `select 'verdict' as type, status, decline, challenge, ${COMMON}
    from verdicts where position > $1 order by verdicts.position limit $2`,
  tombstone: `select 'tombstone' as type, account, reference, ${MILLISECONDS} as at,
    position::float8 as position from tombstones where position > $1
      order by tombstones.position limit $2`,
  dispute: `select 'dispute' as type, id, step, charge_id, reference, amount::float8 as amount,
    currency, fee::float8 as fee, reason,
    round(extract(epoch from due_at) * 1000)::float8 as due_at,
    ${MILLISECONDS} as at, position::float8 as position from disputes where position > $1
      order by disputes.position limit $2`,
};

/** Calls `apply` with every row of the books in the order in which they were written. */
export async function readBooks(pool: Pool, apply: (row: BookRow) => void): Promise<void> {
  const sources = [
    createSource(pool, PAGES.movement),
    createSource(pool, PAGES.verdict),
    createSource(pool, PAGES.tombstone),
    createSource(pool, PAGES.dispute),
  ];
  for (;;) {
    let first: Source | undefined;
    for (const source of sources) {
      if (source.index >= source.page.length) await turnPage(source);
      const row = source.page[source.index];
      if (row === undefined) continue;
      const best = first?.page[first.index];
      if (best === undefined || row.position < best.position) first = source;
    }
    const row = first?.page[first.index];
    if (first === undefined || row === undefined) return;
    apply(row);
    first.index += 1;
  }
}

interface Source {
  readonly pool: Pool;
  readonly sql: string;
  page: BookRow[];
  index: number;
  after: number;
  ended: boolean;
}

function createSource(pool: Pool, sql: string): Source {
  return { pool, sql, page: [], index: 0, after: 0, ended: false };
}

async function turnPage(source: Source): Promise<void> {
  if (source.ended) return;
  const result = await source.pool.query<BookRow>(source.sql, [source.after, PAGE_ROWS]);
  source.page = result.rows;
  source.index = 0;
  source.after = result.rows.at(-1)?.position ?? source.after;
  source.ended = result.rows.length < PAGE_ROWS;
}

/** Every movement in order, in pages; with a reference, only those under it. */
export async function* readMovements(
  pool: Pool,
  reference: string | undefined,
): AsyncGenerator<WitnessedMovement[]> {
  const filter = reference === undefined ? "" : "and reference = $3";
  const sql = `select id, kind, amount::float8 as amount, currency, reference,
      charge_id as "chargeId", ${MILLISECONDS} as at, position::float8 as position
    from movements where position > $1 ${filter} order by movements.position limit $2`;
  let after = 0;
  for (;;) {
    const values = reference === undefined ? [after, PAGE_ROWS] : [after, PAGE_ROWS, reference];
    const result = await pool.query<StoredMovement>(sql, values);
    after = result.rows.at(-1)?.position ?? after;
    yield result.rows.map(({ position: _position, at, ...movement }) => ({
      ...movement,
      at: new Date(at).toISOString(),
    }));
    if (result.rows.length < PAGE_ROWS) return;
  }
}
