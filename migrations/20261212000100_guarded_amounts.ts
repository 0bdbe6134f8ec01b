import type { Knex } from "knex";

/**
 * No commit holds more captured or refunded than the intent's row says, in postings or in refunds; and a snapshot of
 * balances stays what it was: balances of past moments, and those of entries, are read from old ones.
 *
 * Whoever moves money raises the intent's row first, under its lock, and then writes the rest: so most of it is asked
 * at once, of all rows of a statement together. What the row says falls when a refund fails or is reversed, and what
 * belongs to it follows: that is asked at the commit.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create trigger append_only before update or delete or truncate on balance_snapshots
      for each statement execute function refuse_change();

    -- Always one row. A table, and not a row, so that Postgres makes it a part of the statement that asks.
    create function booked_amounts(of_merchant text, of_intent text)
    returns table (captured numeric, refunded numeric) language sql stable as $$
      select
        coalesce(sum(p.amount) filter (where j.kind = 'capture' and c.kind = 'MERCHANT_BALANCE'), 0),
        coalesce(sum(case j.kind when 'refund' then p.amount
          when 'refund_reversal' then -p.amount end), 0)
      from journals j
      join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
      join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
      where j.merchant_id = of_merchant and j.payment_intent_id = of_intent
        and j.kind in ('capture', 'refund', 'refund_reversal') and not p.pending
    $$;

    create function reserved_refunds(of_merchant text, of_intent text) returns numeric
    language sql stable as $$
      select coalesce(sum(r.amount), 0) from refunds r
      where r.merchant_id = of_merchant and r.payment_intent_id = of_intent
        and r.status in ('PENDING', 'SUCCEEDED')
    $$;

    create or replace function check_postings() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(hashtext('oncepay.balance_horizon'));
      if exists (select from balance_horizon h join inserted p on p.created_at < h.before) then
        raise exception 'a posting is older than what balances have been summed up to'
          using errcode = 'serialization_failure',
            hint = 'Its transaction took long, or the clock of this server is behind.';
      end if;
      if exists (
        select from inserted p
        left join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
        left join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
          and d.currency = p.currency
        left join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
          and c.currency = p.currency
        where j.id is null or d.id is null or c.id is null
      ) then
        raise exception 'a posting needs its journal, and accounts of its own merchant and currency'
          using errcode = 'foreign_key_violation';
      end if;
      -- Two that post for one intent take turns, whether or not they have locked it: the second sees what the first
      -- has posted, in the statement after this one.
      perform from (
          select distinct j.merchant_id, j.payment_intent_id from inserted p
          join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
          where not p.pending and j.kind in ('capture', 'refund', 'refund_reversal')
        ) t
        join payment_intents pi on pi.merchant_id = t.merchant_id and pi.id = t.payment_intent_id
        for no key update of pi;
      if exists (
        select from (
          select distinct j.merchant_id, j.payment_intent_id from inserted p
          join journals j on j.merchant_id = p.merchant_id and j.id = p.journal_id
          where not p.pending and j.kind in ('capture', 'refund', 'refund_reversal')
        ) t
        left join payment_intents pi on pi.merchant_id = t.merchant_id
          and pi.id = t.payment_intent_id
        cross join lateral booked_amounts(pi.merchant_id, pi.id) b
        where pi.id is null or b.captured > pi.amount_captured or b.refunded > pi.amount_refunded
          or b.refunded > b.captured
      ) then
        raise exception 'more would be booked as captured or refunded than the payment intent says'
          using errcode = 'check_violation';
      end if;
      return null;
    end $$;

    create function check_refunds() returns trigger language plpgsql as $$
    begin
      perform from payment_intents pi
        where pi.merchant_id = new.merchant_id and pi.id = new.payment_intent_id
        for no key update;
      if exists (
        select from payment_intents pi
        where pi.merchant_id = new.merchant_id and pi.id = new.payment_intent_id
          and reserved_refunds(pi.merchant_id, pi.id) > pi.amount_refunding + pi.amount_refunded
      ) then
        raise exception 'more would be refunded than the payment intent says'
          using errcode = 'check_violation';
      end if;
      return null;
    end $$;
    create trigger check_new_refunds after insert on refunds
      for each row execute function check_refunds();
    create trigger check_refunds after update on refunds for each row
      when (new.amount > old.amount or new.payment_intent_id <> old.payment_intent_id
        or (old.status not in ('PENDING', 'SUCCEEDED') and new.status in ('PENDING', 'SUCCEEDED')))
      execute function check_refunds();

    create function keep_what_moved() returns trigger language plpgsql as $$
    begin
      -- As it is at the commit, whatever it was when this was asked for.
      if exists (
        select from payment_intents pi
        cross join lateral booked_amounts(pi.merchant_id, pi.id) b
        where pi.merchant_id = new.merchant_id and pi.id = new.id
          and (b.captured > pi.amount_captured or b.refunded > pi.amount_refunded
            or reserved_refunds(pi.merchant_id, pi.id) > pi.amount_refunding + pi.amount_refunded)
      ) then
        raise exception 'more is captured or refunded than the payment intent would say'
          using errcode = 'check_violation';
      end if;
      return null;
    end $$;
    create constraint trigger keep_what_moved after update on payment_intents
      deferrable initially deferred for each row
      when (new.amount_captured < old.amount_captured or new.amount_refunded < old.amount_refunded
        or new.amount_refunding + new.amount_refunded < old.amount_refunding + old.amount_refunded)
      execute function keep_what_moved();
  `);
}
