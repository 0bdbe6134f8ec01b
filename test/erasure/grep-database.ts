import type { Db } from "../../src/db/db";

interface Column {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly type: string;
}

// Every column of every table that holds rows, in whatever schema: whoever adds one has it searched.
const COLUMNS = `
  select n.nspname as schema, c.relname as "table", a.attname as column, t.typname as type
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
    and n.nspname not like 'pg_toast%'
    and (t.typcategory in ('S', 'A') or t.typname in ('json', 'jsonb', 'bytea', 'xml'))`;

/** Bytes are looked into as they are, as base64 and as hex; everything else as text. */
function spellings(needle: string): Buffer[] {
  const bytes = Buffer.from(needle);
  const escaped = JSON.stringify(needle).slice(1, -1);
  return [bytes, Buffer.from(escaped), Buffer.from(bytes.toString("hex"))];
}

/** Where in the database any of these is still written, as table.column. */
export async function grepDatabase(db: Db, needles: readonly string[]): Promise<string[]> {
  const { rows: columns } = await db.raw<{ rows: Column[] }>(COLUMNS);
  const found = new Set<string>();
  for (const { schema, table, column, type } of columns) {
    const value = type === "bytea" ? "??" : "convert_to(??::text, 'UTF8')";
    const { rows } = await db.raw<{ rows: { bytes: Buffer }[] }>(
      `select ${value} as bytes from ??.?? where ?? is not null`,
      [column, schema, table, column],
    );
    const isThere = rows.some(({ bytes }) => holds(bytes, needles));
    if (isThere) found.add(`${table.replace(/_(default|\d{4}_\d{2})$/, "")}.${column}`);
  }
  return [...found].sort();
}

function holds(bytes: Buffer, needles: readonly string[]): boolean {
  const decoded = [bytes, ...decodedParts(bytes.toString("latin1"))];
  return needles.some((needle) =>
    spellings(needle).some((spelling) => decoded.some((part) => part.includes(spelling))),
  );
}

function decodedParts(text: string): Buffer[] {
  return (text.match(/[A-Za-z0-9+/]{16,}={0,2}/g) ?? []).map((part) => Buffer.from(part, "base64"));
}
