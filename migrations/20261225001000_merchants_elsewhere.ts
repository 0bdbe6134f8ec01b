import type { Knex } from "knex";

/**
 * What a cell has of a merchant who is in another one: what is left of those who moved, and what has been copied of those
 * who are on their way. Both are held, and nobody is answered from either.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table merchant_holds
      add column moved_to text collate "C",
      add column comes_from text collate "C";
  `);
}
