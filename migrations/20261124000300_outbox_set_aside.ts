import type { Knex } from "knex";

/** An outbox row that relays die over is set aside, so that it does not keep all others from being relayed. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table outbox
      -- How many relays began with it, in a small set or alone, and did not finish. Written only when that is suspected.
      add column relay_deaths int not null default 0,
      -- Not before this moment; infinity: not before a person says so.
      add column aside_until timestamptz,
      add constraint outbox_set_aside check (aside_until is null or relay_deaths > 1);
    create index outbox_aside on outbox (aside_until) where aside_until is not null;
  `);
}
