import type { Knex } from "knex";

/**
 * Of money that moved more than once for one attempt: which movements are taken back, written before the processor is
 * asked, and never otherwise. What was given back may have cost a fee, whose journal is named.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table reconciliation_breaks
      add column reversing text[] check (cardinality(reversing) > 0),
      drop constraint reconciliation_breaks_check3,
      add constraint reconciliation_breaks_journal check (
        resolution is null or resolution = 'REVERSED'
        or (resolution = 'CORRECTED') = (journal_id is not null)),
      add constraint reconciliation_breaks_surplus check (
        (kind = 'DUPLICATE' and resolution = 'REVERSED') <= (reversing is not null));

    create or replace function guard_reconciliation_break() returns trigger language plpgsql as $$
    begin
      if old.status = 'RESOLVED' or (old.status = 'EXPLAINED' and new.status = 'OPEN')
        or (new.merchant_id, new.id, new.kind, new.source, new.subject_id, new.currency, new.detail, new.found_at)
          <> (old.merchant_id, old.id, old.kind, old.source, old.subject_id, old.currency, old.detail, old.found_at)
        or (new.ours, new.theirs, new.proposal, new.payment_intent_id, new.report_id, new.processor)
          is distinct from (old.ours, old.theirs, old.proposal, old.payment_intent_id, old.report_id, old.processor)
        or (old.reversing is not null and new.reversing is distinct from old.reversing)
      then
        raise exception 'a break is found as it is, and resolved once' using errcode = 'check_violation';
      end if;
      return new;
    end $$;
  `);
}
