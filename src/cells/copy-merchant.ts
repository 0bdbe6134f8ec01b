import type { Db, Tx } from "../db/db";
import { RIGHTS } from "../db/wall/rights";

/*
 * The rows of a merchant, from one cell's database to another's, as they are: nothing is made anew, and nothing is decided.
 *
 * Guarantees: what is read is of one moment (the caller's transaction is repeatable read). What is written was guarded
 * when it was first written, so the triggers and foreign keys that would ask for another order, or for the time of day,
 * are passed over in this transaction alone; in return every table is compared on both sides, by the number of its rows
 * and a hash of all of them, before the caller commits.
 *
 * Cost: two statements for every 500 rows, and one on each side for each table to compare it, which reads the rows again.
 */

const ROWS = 500;

export interface Part {
  readonly table: string;
  /** Which of its rows are the merchant's: `$1`. */
  readonly where: string;
}

/** What belongs to no tenant in the wall's list, or is not copied as it is. */
const OTHERWISE: Readonly<Record<string, string | null>> = {
  // What has not been relayed is waited for.
  outbox: null,
  // One of its own on each side.
  merchant_holds: null,
  resolution_checks: "merchant_id = $1",
  // Of accounts; what an installation's own processor tells names no merchant.
  inbox: "processor in (select id from processor_accounts where merchant_id = $1)",
  // One that is under way is begun anew.
  reconciliation_runs: "merchant_id = $1 and status = 'COMPLETED'",
  // Those that its seals are signed with; the other cell may have them from another merchant.
  signing_keys: "id in (select key_id from seals where merchant_id = $1)",
};

/*
 * Not copied: what the continuous audit has added up (audit_marks, ledger_proofs, clearing_items), which is added up
 * again from the postings, and the lines of processors' lists.
 */
export const PARTS: readonly Part[] = Object.entries(RIGHTS).flatMap(([table, { tenantIn }]) => {
  const where = table in OTHERWISE ? OTHERWISE[table] : tenantIn && `${tenantIn} = $1`;
  return where ? [{ table, where }] : [];
});

/** Columns of which the other side has other ones would be lost without a word. */
export const COLUMNS = `
  select string_agg(c.table_name || '.' || c.column_name || ' ' || c.data_type, E'\\n'
    order by c.table_name, c.ordinal_position) as "columns"
  from information_schema.columns c
  where c.table_schema = current_schema() and c.table_name = any(?)`;

/** Both are at one moment, and write what they mean in one way. */
export async function prepare(tx: Tx): Promise<void> {
  await tx.raw("set local timezone = 'UTC'");
  await tx.raw("set local extra_float_digits = 1");
  await tx.raw("set local statement_timeout = 0");
  await tx.raw("set local idle_in_transaction_session_timeout = 0");
}

export async function copyPart(
  { source, target }: { readonly source: Tx; readonly target: Tx },
  { table, where }: Part,
  merchantId: string,
): Promise<void> {
  const select = `select row_to_json(t)::text as row from ${table} t where ${where}`;
  await source.raw(`declare moving no scroll cursor for ${bound(select)}`, [merchantId]);
  for (;;) {
    const { rows } = await source.raw<{ rows: { row: string }[] }>(`fetch ${String(ROWS)} moving`);
    if (rows.length === 0) break;
    await target.raw(
      `insert into ${table} overriding system value
      select * from json_populate_recordset(null::${table}, ?::json) on conflict do nothing`,
      [`[${rows.map(({ row }) => row).join(",")}]`],
    );
  }
  await source.raw("close moving");
}

/** Knex's placeholder; every condition names the merchant once. */
function bound(sql: string): string {
  return sql.replace("$1", "?");
}

export interface Sum {
  readonly table: string;
  readonly rows: string;
  readonly hash: string;
}

/** The same rows in any order have the same sum; each is hashed as it is written, to the letter. */
export async function sumOf(db: Db, { table, where }: Part, merchantId: string): Promise<Sum> {
  const { rows } = await db.raw<{ rows: Omit<Sum, "table">[] }>(
    bound(`select count(*)::text as "rows",
      coalesce(sum(('x' || substr(md5(row_to_json(t)::text), 1, 15))::bit(60)::bigint), 0)::text
        as "hash"
    from ${table} t where ${where}`),
    [merchantId],
  );
  return { table, rows: "0", hash: "0", ...rows[0] };
}
