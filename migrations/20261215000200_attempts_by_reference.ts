import type { Knex } from "knex";

/**
 * A processor may tell of what was prepared by its own name for it, and by nothing else: Stripe's disputes do. There are
 * no attempts of accounts yet, so the index is built over none.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- safe (index): nothing is in it, and the table is read in one pass; it is partitioned, where none is built concurrently
    create index attempts_by_processor_ref on attempts (processor_account_id, processor_ref)
      where processor_account_id is not null and processor_ref is not null`);
}
