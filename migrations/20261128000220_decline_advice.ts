import type { Knex } from "knex";

/** What the card networks call a decline, and what can be done about it, beside the decline codes that were there. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table attempts
      add column advice_code text,
      add column network_decline_code text;
  `);
}
