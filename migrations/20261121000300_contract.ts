import type { Knex } from "knex";

/**
 * Room for what will have events and journals beside payments (endpoints, payouts, disputes), without a column more
 * in what the hot statements write: two columns get the name of what they mean, and two may be null.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- The object whose sequence an event carries: a payment intent today. What has no versions has no sequence.
    alter table events rename column payment_intent_id to subject_id;
    alter table events alter column subject_id set not null;
    alter table events alter column sequence drop not null;

    -- What caused the journal; its id's prefix tells of which kind it is. It is never null, so that the unique index
    -- (merchant_id, source_id, kind) books each fact once, whatever it is a fact about.
    alter table journals rename column attempt_id to source_id;
    alter table journals rename constraint journals_merchant_id_attempt_id_kind_key
      to journals_merchant_id_source_id_kind_key;
    alter table journals alter column payment_intent_id drop not null;

    -- A refund that had succeeded and came back is not one that never happened.
    alter table refunds drop constraint refunds_status_check;
    alter table refunds add constraint refunds_status_check
      check (status in ('PENDING', 'SUCCEEDED', 'FAILED', 'REVERSED'));
  `);
}
