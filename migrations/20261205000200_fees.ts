import type { Knex } from "knex";

/** Fees in a currency of their own, and fees that are told later than the approval. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- The fee is null until the processor has told it; its currency is null where it is that of the amount.
    alter table attempts add column fee_currency text,
      add constraint attempts_fee_currency check (fee_currency is null or fee is not null);
    alter table processor_lines add column fee_currency text;
  `);
}
