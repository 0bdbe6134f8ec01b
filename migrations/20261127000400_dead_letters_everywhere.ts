import type { Knex } from "knex";

/** The letters that wait for a person, of all merchants, for those who run the installation. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create index webhook_deliveries_unanswered_anywhere on webhook_deliveries (id)
      where status = 'DEAD' and replayed_as is null;
  `);
}
