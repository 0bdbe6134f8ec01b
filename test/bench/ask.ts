import type { Db } from "../../src/db/db";

/** A plain question to the database. */
export async function ask<Row>(
  db: Db,
  text: string,
  bindings: readonly (string | number)[] = [],
): Promise<Row[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(text, bindings);
  return rows;
}
