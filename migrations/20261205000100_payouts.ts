import type { Knex } from "knex";

/**
 * Payouts: what a processor has paid to a merchant's bank account, and the lines that it consists of; and what its
 * settlement files say of payouts, as they say it.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table reconciliation_runs drop constraint reconciliation_runs_status_check,
      add constraint reconciliation_runs_status_check
        check (status in ('LOADING', 'COMPARING', 'MISSING', 'PAYOUTS', 'COMPLETED'));

    -- As a file has them. One payout of an acquirer may be for many merchants.
    create table processor_payouts (
      run_id text collate "C" not null references reconciliation_runs (id),
      processor_payout_id text collate "C" not null,
      status text not null check (status in ('IN_TRANSIT', 'PAID', 'FAILED')),
      amount bigint not null check (amount between -9007199254740991 and 9007199254740991),
      currency text not null,
      line_count int not null check (line_count >= 0),
      arrives_at timestamptz not null,
      changed_at timestamptz not null,
      -- How often the same payout came again.
      repeated int not null default 0,
      primary key (run_id, processor_payout_id)
    );
    create table processor_payout_lines (
      run_id text collate "C" not null references reconciliation_runs (id),
      processor_payout_id text collate "C" not null,
      line int not null check (line > 0),
      kind text not null check (kind in ('CHARGE', 'REFUND', 'FEE', 'DISPUTE', 'ADJUSTMENT')),
      amount bigint not null check (amount between -9007199254740991 and 9007199254740991 and amount <> 0),
      reference text collate "C" not null,
      movement_id text collate "C" not null,
      primary key (run_id, processor_payout_id, line)
    );

    create table payouts (
      merchant_id text collate "C" not null references merchants (id),
      id text collate "C" not null,
      processor text not null,
      processor_payout_id text collate "C" not null,
      -- Of the settlement file that told of it first.
      report_id text collate "C" not null,
      status text not null check (status in ('IN_TRANSIT', 'PAID', 'FAILED')),
      -- Below zero where the merchant owes the processor more than it is owed.
      amount bigint not null check (amount between -9007199254740991 and 9007199254740991),
      currency text not null,
      line_count int not null check (line_count > 0),
      arrives_at timestamptz not null,
      -- Since when the processor has had it in its status.
      changed_at timestamptz not null,
      version int not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (merchant_id, id),
      -- However many files tell of it, and however often one is read.
      constraint payouts_of_processor unique (merchant_id, processor, processor_payout_id)
    );
    create index payouts_by_processor on payouts (processor, processor_payout_id);
    create index payouts_by_time on payouts (processor, changed_at);

    create table payout_lines (
      merchant_id text collate "C" not null,
      payout_id text collate "C" not null,
      line int not null check (line > 0),
      kind text not null check (kind in ('CHARGE', 'REFUND', 'FEE', 'DISPUTE', 'ADJUSTMENT')),
      -- By how much it changes what is paid out.
      amount bigint not null check (amount between -9007199254740991 and 9007199254740991 and amount <> 0),
      -- The attempt that moved it; of a dispute and its fee, the charge that is disputed.
      attempt_id text collate "C" not null,
      payment_intent_id text collate "C" not null,
      -- The processor's name for the movement or the step of the dispute.
      movement_id text collate "C" not null,
      primary key (merchant_id, payout_id, line)
    );
    create index payout_lines_by_attempt on payout_lines (merchant_id, attempt_id);

    -- A payout and its lines are written by one statement, at whose end they must agree. No line comes later: it would
    -- be one too many.
    create function check_payout_lines() returns trigger language plpgsql as $$
    begin
      if exists (
        select from inserted i
        left join payouts p on p.merchant_id = i.merchant_id and p.id = i.payout_id
        where p.id is null)
        or exists (
          select from payouts p
          cross join lateral (
            select count(*) as lines, sum(l.amount) as amount from payout_lines l
            where l.merchant_id = p.merchant_id and l.payout_id = p.id
          ) s
          where (p.merchant_id, p.id) in (select i.merchant_id, i.payout_id from inserted i)
            and (s.lines <> p.line_count or s.amount <> p.amount))
      then
        raise exception 'a payout is the sum of its lines' using errcode = 'check_violation';
      end if;
      return null;
    end $$;
    create function check_payouts() returns trigger language plpgsql as $$
    begin
      if exists (
        select from inserted p
        cross join lateral (
          select count(*) as lines, sum(l.amount) as amount from payout_lines l
          where l.merchant_id = p.merchant_id and l.payout_id = p.id
        ) s
        where s.lines <> p.line_count or s.amount is distinct from p.amount)
      then
        raise exception 'a payout is the sum of its lines' using errcode = 'check_violation';
      end if;
      return null;
    end $$;
    create trigger check_payouts after insert on payouts referencing new table as inserted
      for each statement execute function check_payouts();
    create trigger check_payout_lines after insert on payout_lines referencing new table as inserted
      for each statement execute function check_payout_lines();

    create function guard_payout() returns trigger language plpgsql as $$
    begin
      if (old.status = 'IN_TRANSIT' and new.status in ('PAID', 'FAILED') or old.status = 'PAID' and new.status = 'FAILED')
        and new.version = old.version + 1
        and (new.merchant_id, new.id, new.processor, new.processor_payout_id, new.report_id, new.amount, new.currency,
            new.line_count, new.created_at)
          = (old.merchant_id, old.id, old.processor, old.processor_payout_id, old.report_id, old.amount, old.currency,
            old.line_count, old.created_at)
      then
        return new;
      end if;
      raise exception 'a payout is on its way, paid, or failed, in this order, and all else about it stays'
        using errcode = 'check_violation';
    end $$;
    create trigger guard_payout before update on payouts for each row execute function guard_payout();
    create trigger keep_payouts before delete or truncate on payouts for each statement execute function refuse_change();
    create trigger append_only before update or delete or truncate on payout_lines
      for each statement execute function refuse_change();

    create function payout_snapshot(p payouts) returns json language sql stable as $$
      select json_build_object(
        'id', p.id,
        'object', 'payout',
        'status', p.status,
        'amount', p.amount,
        'currency', p.currency,
        'lineCount', p.line_count,
        'processor', p.processor,
        'processorPayoutId', p.processor_payout_id,
        'arrivesAt', iso(p.arrives_at),
        'changedAt', iso(p.changed_at),
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at))
    $$;

    select expect_busy_merchants();
  `);
}
