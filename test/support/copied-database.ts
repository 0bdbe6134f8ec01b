import type { Db } from "../../src/db/db";

/**
 * A logical copy of a database: every row of every table as text, and where the sequences stand. That is what is in a
 * dump of pg_dump, which does not come with the embedded server; the tables themselves are made by the migrations.
 */
export interface DatabaseCopy {
  readonly tables: readonly { readonly name: string; readonly rows: readonly string[] }[];
  readonly sequences: readonly { readonly name: string; readonly value: string | null }[];
}

const TABLES = `
  select c.relname as "name",
    (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as "columns"
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  order by c.relname`;

interface Table {
  readonly name: string;
  readonly columns: string;
}

async function tablesOf(db: Db): Promise<Table[]> {
  return (await db.raw<{ rows: Table[] }>(TABLES)).rows;
}

export async function copyOut(db: Db): Promise<DatabaseCopy> {
  return db.transaction(
    async (tx) => {
      const tables: DatabaseCopy["tables"][number][] = [];
      for (const { name, columns } of await tablesOf(tx)) {
        const { rows } = await tx.raw<{ rows: { row: string }[] }>(
          `select (row(${columns}))::text as row from ${name}`,
        );
        tables.push({ name, rows: rows.map(({ row }) => row) });
      }
      const { rows: sequences } = await tx.raw<{ rows: DatabaseCopy["sequences"][number][] }>(
        `select sequencename as name, last_value::text as value from pg_sequences
         where schemaname = 'public'`,
      );
      return { tables, sequences };
    },
    { isolationLevel: "repeatable read", readOnly: true },
  );
}

/** Into a database that the same migrations have made, instead of all that is in it. Constraints are checked, triggers are off. */
export async function copyIn(db: Db, copy: DatabaseCopy): Promise<void> {
  const columnsOf = new Map((await tablesOf(db)).map(({ name, columns }) => [name, columns]));
  await db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx.raw(`truncate ${[...columnsOf.keys()].join(", ")}`);
    for (const { name, rows } of copy.tables) {
      const columns = columnsOf.get(name) ?? "";
      const typed = columns.split(", ").map((column) => `(r).${column}`);
      await tx.raw(
        `insert into ${name} (${columns}) overriding system value
         select ${typed.join(", ")} from (select t::${name} as r from unnest(?::text[]) t offset 0) s`,
        [[...rows]],
      );
    }
    for (const { name, value } of copy.sequences) {
      if (value !== null) await tx.raw("select setval(?::regclass, ?)", [name, value]);
    }
  });
}
