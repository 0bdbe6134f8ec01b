import type { Knex } from "knex";

/** What the replay cache asks about erasures, once a second. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- When nothing was left of the customer in the database. What processes remember is forgotten some seconds later,
    -- and the erasure is finished then.
    alter table erasures add column cleaned_at timestamptz;

    create index erasures_finished on erasures (finished_at);
    create index erasures_in_clear on erasures (finished_at) where events_in_clear > 0;
  `);
}
