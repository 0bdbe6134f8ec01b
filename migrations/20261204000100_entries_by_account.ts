import type { Knex } from "knex";

/**
 * An account's entries are found by the account: a seldom used one of a busy merchant is listed, and added up, without
 * reading what the others hold. A posting is in both, once for each of its sides.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create index postings_by_debit on postings (debit_account_id, created_at);
    create index postings_by_credit on postings (credit_account_id, created_at);
  `);
}
