import type { Knex } from "knex";

/** Reads take a Db, and so accept a Tx too; writes that belong to a transaction take a Tx only. */
export type Db = Knex;
export type Tx = Knex.Transaction;

/**
 * A named statement: prepared once per connection, so that Postgres does not parse and plan it again for every call.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs one named statement. Every call of a name must have the same text. */
export async function run<Row>(
  db: Db,
  statement: Statement,
  bindings: readonly unknown[],
): Promise<Row[]> {
  const result = (await db
    .raw(statement.text, bindings as Knex.RawBinding[])
    .options({ name: statement.name })) as { rows: Row[] };
  return result.rows;
}
