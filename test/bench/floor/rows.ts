import { Client } from "pg";
import type { RowsPlan } from "./floor-main";

/*
 * The rows that payments have left, to be written once more: into tables with the same columns, indexes and checks, and
 * without triggers, foreign keys and the tenants' wall. What came and went again (the outbox, jobs), and versions of rows
 * that were replaced, are not among them: a payment could do without.
 */

/** As many payments as commit together where 64 clients ask. */
const SET_SIZE = 32;
/** Created, confirmed, settled: somebody was told of each. */
const COMMITS = 3;

export interface RowFloor {
  readonly plan: RowsPlan;
  /** By table. */
  readonly rows: Readonly<Record<string, number>>;
}

interface Table {
  readonly name: string;
  readonly columns: string;
}

const TABLES = `
  select c.relname as name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = ''
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not like 'knex%'
  group by c.relname order by c.relname`;

export async function prepareRows(databaseUrl: string, payments: number): Promise<RowFloor> {
  const sets = Math.ceil(payments / SET_SIZE);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("create schema floor; create schema floor_source");
    const { rows: tables } = await client.query<Table>(TABLES);
    const rows: Record<string, number> = {};
    const statements: string[] = [];
    for (const { name, columns } of tables) {
      const { rowCount } = await client.query(`
        create table floor_source.${name} as
        select t.*, ((row_number() over (order by ctid) - 1) * ${String(sets)} / count(*) over ())::int
          as floor_set
        from public.${name} t`);
      // Of what is there once and not for each payment: merchants, keys, endpoints.
      if ((rowCount ?? 0) < payments / 2) continue;
      rows[name] = rowCount ?? 0;
      await client.query(`create index on floor_source.${name} (floor_set)`);
      await client.query(`create table floor.${name} (like public.${name} including all)`);
      statements.push(`insert into floor.${name} (${columns}) overriding system value
        select ${columns} from floor_source.${name} where floor_set = $1`);
    }
    await client.query("analyze; checkpoint");
    const each = Math.ceil(statements.length / COMMITS);
    const transactions = Array.from({ length: COMMITS }, (_, place) =>
      statements.slice(place * each, (place + 1) * each),
    ).filter((some) => some.length > 0);
    return { plan: { databaseUrl, transactions, sets }, rows };
  } finally {
    await client.end();
  }
}
