import type { Knex } from "knex";

/** Refused calls, by what they were about: for the timeline of a payment. Keys of what was done are not in it. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create index idempotency_keys_refused on idempotency_keys
      (merchant_id, (failure_details ->> 'id')) where failure_code is not null;
  `);
}
