import type { Knex } from "knex";

/**
 * Which events told of a dispute, so that a payment's timeline finds their deliveries: events are found by their id, and
 * an index by subject would cost every payment a write. Null in what was recorded before; nothing is to be filled in by
 * reading all events there are.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table disputes
      add column opened_event_id text collate "C",
      add column closed_event_id text collate "C";
  `);
}
