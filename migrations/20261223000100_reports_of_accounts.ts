import type { Knex } from "knex";

/** Reports of accounts: a fee may have been given back, and not every step of a dispute says what is kept for it. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table processor_lines drop constraint processor_lines_fee_check;
    alter table processor_lines add constraint processor_lines_fee_check
      check (fee between -9007199254740991 and 9007199254740991) not valid;

    alter table processor_disputes alter column fee drop not null;
  `);
}
