import type { Knex } from "knex";

/** What operators are shown of rows that are set aside: since when, and what the last relay was told. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table outbox
      -- Null: it is not set aside, or was by an earlier release, which did not say.
      add column aside_since timestamptz,
      -- How the last relay that began with it ended. Null: none was suspected of having died of it.
      add column relay_error text check (relay_error in ('RELAY_DIED', 'DATABASE', 'OTHER'));
    update outbox set aside_since = now() where aside_until is not null;

    -- In the order in which they are listed.
    drop index outbox_aside;
    create index outbox_aside on outbox (id) where aside_until is not null;
  `);
}
