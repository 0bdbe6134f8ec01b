import type { Client } from "pg";
import { MIGRATIONS } from "../../migrations/index";

export type Whose =
  | { readonly owner: "nobody" | "oncepay" }
  | { readonly owner: "others"; readonly tables: readonly string[] };

const TABLES = `
  select c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
  order by c.relname limit 5`;

/**
 * Whether a database is empty, oncepay's, or somebody else's. It is asked before the first migration: otherwise an
 * address with a typing error would fill a shop's own database with our tables.
 */
export async function whoseDatabase(client: Client): Promise<Whose> {
  const { rows } = await client.query<{ name: string }>(TABLES);
  if (rows.length === 0) return { owner: "nobody" };
  if (await hasOurMigrations(client)) return { owner: "oncepay" };
  return { owner: "others", tables: rows.map(({ name }) => name) };
}

async function hasOurMigrations(client: Client): Promise<boolean> {
  const found = await client.query(
    "select from pg_class where oid = to_regclass('knex_migrations')",
  );
  if (found.rowCount === 0) return false;
  const ours = await client.query("select from knex_migrations where name = any ($1) limit 1", [
    Object.keys(MIGRATIONS),
  ]);
  return ours.rowCount === 1;
}
