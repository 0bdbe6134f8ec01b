import type { Knex } from "knex";
import { newId } from "../src/ids";

/**
 * What attempts of unknown outcome may have moved is held in suspense. From here on the database refuses to commit
 * anything else, and what is unknown already is held as well, so that it holds from the first moment.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  // In the order of those who settle, so that none of them and this wait for each other; statuses stay as they are until
  // this has committed.
  await tx.raw(`
    lock table payment_intents in exclusive mode;
    lock table attempts in share row exclusive mode;

    create function check_suspense() returns trigger language plpgsql as $$
    declare
      source text;
      state record;
    begin
      if tg_table_name = 'attempts' then source := new.id; else source := new.source_id; end if;
      select b.held, case
          when a.status <> 'UNKNOWN' then 0
          when a.operation in ('charge', 'capture') then a.amount
          when a.operation = 'refund' then -a.amount
          else 0 end as may_have_moved
      into state
      from attempts a
      cross join lateral (
        select coalesce(sum(case when c.kind = 'SUSPENSE' then p.amount else -p.amount end), 0)
          as held
        from journals j
        join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
        join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
        where j.merchant_id = a.merchant_id and j.payment_intent_id = a.payment_intent_id
          and j.source_id = a.id and j.kind in ('suspense_hold', 'suspense_void')
      ) b
      where a.merchant_id = new.merchant_id and a.id = source;
      if state is null or state.held <> state.may_have_moved then
        raise exception 'suspense holds % of %, which may have moved %', state.held, source,
          state.may_have_moved using errcode = 'check_violation';
      end if;
      return null;
    end $$;

    -- Asked at the commit, and only where an attempt becomes unknown, or is it no longer.
    create constraint trigger check_suspense after update of status on attempts
      deferrable initially deferred for each row
      when ((old.status = 'UNKNOWN') <> (new.status = 'UNKNOWN'))
      execute function check_suspense();
    create constraint trigger check_suspense after insert on journals
      deferrable initially deferred for each row
      when (new.kind in ('suspense_hold', 'suspense_void'))
      execute function check_suspense();

    -- An attempt may become unknown more than once.
    alter table journals drop constraint journals_merchant_id_source_id_kind_key;
    create unique index journals_booked_once on journals (merchant_id, source_id, kind)
      where kind not in ('suspense_hold', 'suspense_void');
  `);
  await holdWhatIsUnknown(tx);
}

interface Unknown {
  readonly merchant_id: string;
  readonly id: string;
  readonly currency: string;
}

async function holdWhatIsUnknown(tx: Knex.Transaction): Promise<void> {
  const { rows } = await tx.raw<{ rows: Unknown[] }>(`
    select merchant_id, id, currency from attempts
    where unknown_since is not null and settled_at is null and status = 'UNKNOWN'
      and operation in ('charge', 'capture', 'refund')`);
  if (rows.length === 0) return;
  const named = rows.map((row) => ({
    ...row,
    journal: newId("journal"),
    receivable: newId("ledgerAccount"),
    suspense: newId("ledgerAccount"),
  }));
  const given = "jsonb_to_recordset(?) as u (merchant_id text, id text, currency text";
  const json = JSON.stringify(named);
  await tx.raw(
    `insert into ledger_accounts (merchant_id, id, kind, currency)
     select u.merchant_id, k.id, k.kind, u.currency
     from ${given}, receivable text, suspense text)
     cross join lateral (values ('PROCESSOR_RECEIVABLE', u.receivable), ('SUSPENSE', u.suspense))
       as k (kind, id)
     on conflict (merchant_id, kind, currency) do nothing`,
    [json],
  );
  await tx.raw(
    `insert into journals (merchant_id, id, kind, payment_intent_id, source_id)
     select a.merchant_id, u.journal, 'suspense_hold', a.payment_intent_id, a.id
     from ${given}, journal text)
     join attempts a on a.merchant_id = u.merchant_id and a.id = u.id`,
    [json],
  );
  await tx.raw(
    `insert into postings (merchant_id, journal_id, line, debit_account_id, credit_account_id,
       amount, currency, pending)
     select a.merchant_id, u.journal, 1,
       case a.operation when 'refund' then s.id else r.id end,
       case a.operation when 'refund' then r.id else s.id end, a.amount, a.currency, true
     from ${given}, journal text)
     join attempts a on a.merchant_id = u.merchant_id and a.id = u.id
     join ledger_accounts r on r.merchant_id = a.merchant_id and r.currency = a.currency
       and r.kind = 'PROCESSOR_RECEIVABLE'
     join ledger_accounts s on s.merchant_id = a.merchant_id and s.currency = a.currency
       and s.kind = 'SUSPENSE'`,
    [json],
  );
}
