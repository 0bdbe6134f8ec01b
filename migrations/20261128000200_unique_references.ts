import type { Knex } from "knex";

/**
 * A payment intent may hold its merchant reference: while it can still take or has taken money, no other intent of the
 * merchant may hold the same one. A merchant is in one mode, so test and live never meet.
 *
 * Partial, so that intents that hold nothing cost nothing; and by status, so that the very update that ends a payment
 * without money releases its reference.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table payment_intents
      add column unique_reference boolean not null default false,
      add constraint payment_intents_hold_a_reference
        check (not unique_reference or merchant_reference is not null) not valid;
    create unique index payment_intents_unique_reference
      on payment_intents (merchant_id, merchant_reference)
      where unique_reference and status not in ('FAILED', 'CANCELED');
  `);
}
