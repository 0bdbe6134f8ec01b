import type { Knex } from "knex";

/**
 * What a call was about that was refused, for the timeline of a payment. In a column of its own, because behind the
 * wall between tenants no index over what is inside the details would be used. Keys of what was done are not in the
 * index, and those that were refused before are not found by it.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table idempotency_keys add column refused_id text collate "C";
    create index idempotency_keys_refused on idempotency_keys (merchant_id, refused_id)
      where refused_id is not null;
  `);
}
