import type { Knex } from "knex";

/**
 * The reason for a refund in the merchant's own words, which may be about a person: sealed in events and erased with
 * the metadata. And an index of the refunds that are under way, for where the merchant's balance decides.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table refunds
      add column note text check (length(note) <= 500),
      add constraint refunds_note_erased check (personal_data_erased_at is null or note is null);
    create index refunds_pending on refunds (merchant_id, currency) where status = 'PENDING';

    create or replace function refund_snapshot(r refunds) returns json language sql stable as $$
      select json_build_object(
        'id', r.id,
        'object', 'refund',
        'paymentIntentId', r.payment_intent_id,
        'status', r.status,
        'amount', r.amount,
        'currency', r.currency,
        'reason', r.reason,
        'failureCode', r.failure_code,
        'createdAt', iso(r.created_at),
        'updatedAt', iso(r.updated_at),
        'metadata', r.metadata,
        'note', r.note,
        'personalDataErasedAt', iso(r.personal_data_erased_at))
    $$;
  `);
}
