import type { Knex } from "knex";

/**
 * What processors list is compared account by account: a run belongs to an account, or to the installation's own
 * processor; a break names the account; and an account says when its list is to be asked for next. Who tells is the
 * account, by its id, or the installation's own processor, by its name, as in the inbox.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table reconciliation_runs
      add column merchant_id text collate "C",
      add column processor_account_id text collate "C",
      -- What its lines can tell of, and how long after an outcome at the latest.
      add column lists text[] not null default '{charge,authorize,capture,refund,void}',
      add column lists_within_ms int not null default 300000,
      -- Why its lines could not be read when they were last asked for.
      add column failure text,
      add column failed_at timestamptz,
      add constraint reconciliation_runs_account
        check ((merchant_id is null) = (processor_account_id is null)) not valid,
      add constraint reconciliation_runs_failure
        check ((failure is null) = (failed_at is null)
          and failure in ('CREDENTIALS_REFUSED', 'OTHER_ACCOUNT', 'NOT_CONNECTED', 'NOT_READ')) not valid,
      drop constraint reconciliation_runs_processor_source_statement_key;

    -- safe (index): a row for each hour and each file; there are some thousands
    create unique index reconciliation_runs_once
      on reconciliation_runs (coalesce(processor_account_id, processor), source, statement);
    create index reconciliation_runs_by_teller
      on reconciliation_runs (coalesce(processor_account_id, processor), source, period_to);
    drop index reconciliation_runs_by_period;
    create index reconciliation_runs_by_period on reconciliation_runs (processor, source, period_to)
      where processor_account_id is null;
    drop index reconciliation_runs_keeping_lines;
    create index reconciliation_runs_keeping_lines
      on reconciliation_runs (coalesce(processor_account_id, processor), period_to) where keeps_lines;
    create index reconciliation_runs_failing on reconciliation_runs (processor) where failure is not null;

    -- Theirs of what was prepared, where money that nothing here asked for is undone by it.
    alter table processor_lines add column processor_ref text;

    alter table processor_accounts add column lists_at timestamptz not null default now();
    create index processor_accounts_to_list on processor_accounts (lists_at);

    -- There are no attempts of accounts before this release.
    create index attempts_by_account on attempts (processor_account_id, id) where processor_account_id is not null;

    alter table reconciliation_breaks add column processor_account_id text collate "C";

    create or replace function guard_reconciliation_break() returns trigger language plpgsql as $$
    begin
      if old.status = 'RESOLVED' or (old.status = 'EXPLAINED' and new.status = 'OPEN')
        or (new.merchant_id, new.id, new.kind, new.source, new.subject_id, new.currency, new.detail, new.found_at)
          <> (old.merchant_id, old.id, old.kind, old.source, old.subject_id, old.currency, old.detail, old.found_at)
        or (new.ours, new.theirs, new.proposal, new.payment_intent_id, new.report_id, new.processor,
            new.processor_account_id)
          is distinct from (old.ours, old.theirs, old.proposal, old.payment_intent_id, old.report_id, old.processor,
            old.processor_account_id)
        or (old.reversing is not null and new.reversing is distinct from old.reversing)
      then
        raise exception 'a break is found as it is, and resolved once' using errcode = 'check_violation';
      end if;
      return new;
    end $$;

    create or replace function reconciliation_break_snapshot(b reconciliation_breaks) returns json language sql stable as $$
      select json_build_object(
        'id', b.id,
        'object', 'reconciliation_break',
        'merchantId', b.merchant_id,
        'kind', b.kind,
        'status', b.status,
        'source', b.source,
        'processor', b.processor,
        'processorAccountId', b.processor_account_id,
        'reportId', b.report_id,
        'subjectId', b.subject_id,
        'paymentIntentId', b.payment_intent_id,
        'currency', b.currency,
        'detail', b.detail,
        'ours', b.ours,
        'theirs', b.theirs,
        'proposal', b.proposal,
        'owner', b.owner,
        'explanation', b.explanation,
        'resolution', b.resolution,
        'journalId', b.journal_id,
        'foundAt', iso(b.found_at),
        'explainedAt', iso(b.explained_at),
        'resolvedAt', iso(b.resolved_at))
    $$;
  `);
}
