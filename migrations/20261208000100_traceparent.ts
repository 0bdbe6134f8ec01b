import type { Knex } from "knex";

/**
 * Where a trace goes on that began in another process: in the rows that are taken up later. Null where nothing is
 * traced, and in all that there is already.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  for (const table of ["outbox", "attempts", "webhook_deliveries"]) {
    // Not validated: no row can have one yet, and a large table is not read for that.
    await tx.raw(`
      alter table ${table} add column traceparent text;
      alter table ${table} add constraint ${table}_traceparent_check
        check (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$') not valid;
    `);
  }
}
