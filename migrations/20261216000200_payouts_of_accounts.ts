import type { Knex } from "knex";

/** A payout belongs to a merchant's account, or comes from the installation's own processor. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table payouts add column processor_account_id text collate "C";

    -- safe (index): a payout a day for each merchant, or a few
    create unique index payouts_once
      on payouts (merchant_id, coalesce(processor_account_id, processor), processor_payout_id);
    alter table payouts drop constraint payouts_of_processor;
    create index processor_payouts_by_id on processor_payouts (processor_payout_id);

    create or replace function guard_payout() returns trigger language plpgsql as $$
    begin
      if (old.status = 'IN_TRANSIT' and new.status in ('PAID', 'FAILED') or old.status = 'PAID' and new.status = 'FAILED')
        and new.version = old.version + 1
        and (new.merchant_id, new.id, new.processor, new.processor_payout_id, new.report_id, new.amount, new.currency,
            new.line_count, new.created_at)
          = (old.merchant_id, old.id, old.processor, old.processor_payout_id, old.report_id, old.amount, old.currency,
            old.line_count, old.created_at)
        and new.processor_account_id is not distinct from old.processor_account_id
      then
        return new;
      end if;
      raise exception 'a payout is on its way, paid, or failed, in this order, and all else about it stays'
        using errcode = 'check_violation';
    end $$;
    create or replace function payout_snapshot(p payouts) returns json language sql stable as $$
      select json_build_object(
        'id', p.id,
        'object', 'payout',
        'status', p.status,
        'amount', p.amount,
        'currency', p.currency,
        'lineCount', p.line_count,
        'processor', p.processor,
        'processorAccountId', p.processor_account_id,
        'processorPayoutId', p.processor_payout_id,
        'arrivesAt', iso(p.arrives_at),
        'changedAt', iso(p.changed_at),
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at))
    $$;
  `);
}
