import type { Knex } from "knex";

/** Up to when everything is under seal, so that a sealer that has come to a stop is noticed. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table seal_state (
      only_one boolean primary key default true check (only_one),
      sealed_up_to timestamptz not null default now()
    );
    insert into seal_state default values;
  `);
}
