import type { Db } from "../db/db";
import { isLockTimeout } from "../db/errors";
import type { SecretBox } from "../security/secrets";
import { SEALED_COLUMNS, type SealedColumn, keyIdIn } from "./sealed-columns";

/*
 * Guarantees: afterwards every value that could be opened is sealed with the newest key, while everything goes on
 * working. A value is replaced only if it is still the one that was opened, so a concurrent write is never lost; what
 * was written meanwhile with an older key is found in the next pass. Each batch is a commit of its own: after a crash
 * those done are done, and the next run finds the rest by the key id that every value begins with.
 *
 * Cost: one read and one write for every 200 values; rows are locked for the time of that one write.
 */

const BATCH = 200;
const PASSES_MAX = 3;

export interface Keyring {
  readonly secrets: SecretBox;
  /** The ids of the keys, newest first, in hex. */
  readonly keyIds: readonly string[];
}

export interface Resealed {
  readonly resealed: number;
  /** Not opened: damaged, or moved here from another row. */
  readonly unreadable: readonly string[];
}

export type Progress = (column: SealedColumn, resealed: number) => void;

export async function resealSecrets(
  db: Db,
  keyring: Keyring,
  progress: Progress = () => undefined,
): Promise<Resealed> {
  let resealed = 0;
  const unreadable = new Set<string>();
  for (const column of SEALED_COLUMNS) {
    let ofColumn = 0;
    for (let pass = 0; pass < PASSES_MAX; pass += 1) {
      let after: Row | undefined;
      let batch = await nextBatch(db, { column, keyring, after });
      if (batch.length === 0) break;
      while (batch.length > 0) {
        const opened = batch.flatMap((row) => reseal(row, { column, keyring, unreadable }));
        ofColumn += await replace(db, column, opened);
        progress(column, ofColumn);
        after = batch.at(-1);
        batch = await nextBatch(db, { column, keyring, after });
      }
    }
    resealed += ofColumn;
  }
  return { resealed, unreadable: [...unreadable] };
}

interface Row {
  readonly key: Readonly<Record<string, string>>;
  readonly sealed: Buffer;
}

interface Question {
  readonly column: SealedColumn;
  readonly keyring: Keyring;
  readonly after: Row | undefined;
}

/** The next values that an older one of these keys has sealed. */
async function nextBatch(db: Db, { column, keyring, after }: Question): Promise<Row[]> {
  const older = keyring.keyIds.slice(1);
  if (older.length === 0) return [];
  const names = Object.keys(column.key);
  const typed = Object.entries(column.key).map(([, type]) => `?::text::${type}`);
  const fields = names.map((name) => `'${name}', t.${name}::text`);
  const columns = names.map((name) => `t.${name}`).join(", ");
  const beyond = after ? `and (${columns}) > (${typed.join(", ")})` : "";
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select json_build_object(${fields.join(", ")}) as key,
       t.${column.column} as sealed
     from ${column.table} t
     where ${column.where} and ${keyIdIn(column)} = any(?::text[]) ${beyond}
     order by ${columns} limit ${String(BATCH)}`,
    [older, ...(after ? Object.values(after.key) : [])],
  );
  return rows;
}

interface Replacement extends Row {
  readonly resealed: Buffer;
}

function reseal(
  row: Row,
  to: { column: SealedColumn; keyring: Keyring; unreadable: Set<string> },
): Replacement[] {
  const { column, keyring, unreadable } = to;
  const context = column.context(row.key);
  try {
    const resealed = keyring.secrets.seal(keyring.secrets.open(row.sealed, context), context);
    return [{ ...row, resealed }];
  } catch {
    unreadable.add(`${column.table}.${column.column} ${Object.values(row.key).join(" ")}`);
    return [];
  }
}

/** Only what is still as it was read. Rows that somebody holds are left to the next pass. */
async function replace(
  db: Db,
  column: SealedColumn,
  rows: readonly Replacement[],
): Promise<number> {
  if (rows.length === 0) return 0;
  const keys = Object.entries(column.key);
  const arrays = keys.map(() => "?::text[]").join(", ");
  const names = keys.map((_, index) => `k${String(index)}`);
  const same = keys.map(([name, type], index) => `t.${name} = v.k${String(index)}::${type}`);
  try {
    const { rowCount } = await db.raw<{ rowCount: number }>(
      `update ${column.table} t set ${column.column} = v.resealed
       from unnest(${arrays}, ?::bytea[], ?::bytea[]) v (${names.join(", ")}, sealed, resealed)
       where ${same.join(" and ")} and t.${column.column} = v.sealed`,
      [
        ...keys.map(([name]) => rows.map(({ key }) => key[name] ?? "")),
        rows.map(({ sealed }) => sealed),
        rows.map(({ resealed }) => resealed),
      ],
    );
    return rowCount;
  } catch (error) {
    if (isLockTimeout(error)) return 0;
    throw error;
  }
}

export interface SealedCount {
  readonly table: string;
  readonly column: string;
  readonly keyId: string;
  readonly values: number;
}

/** How many values each key has sealed, the keys that are not configured included. */
export async function countSealed(db: Db): Promise<SealedCount[]> {
  const counts: SealedCount[] = [];
  for (const column of SEALED_COLUMNS) {
    const { rows } = await db.raw<{ rows: { keyId: string; values: number }[] }>(
      `select ${keyIdIn(column)} as "keyId", count(*) as values from ${column.table}
       where ${column.where} group by 1 order by 1`,
    );
    for (const row of rows) counts.push({ table: column.table, column: column.column, ...row });
  }
  return counts;
}
