import type { Knex } from "knex";

/**
 * Reconciliation: what differs between the intents, the ledger and the processor's books, and what became of each
 * difference; how far the books have been proven; and what a processor's list or settlement file says, line by line.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- A correction names the journal that it corrects; nothing is ever changed.
    alter table journals add column corrects_journal_id text collate "C";

    create table reconciliation_runs (
      id text collate "C" primary key,
      source text not null check (source in ('PROCESSOR_LIST', 'SETTLEMENT_FILE')),
      processor text not null,
      -- What the processor calls it; of a list, its window.
      statement text not null,
      period_from timestamptz not null,
      period_to timestamptz not null,
      status text not null default 'LOADING' check (status in ('LOADING', 'COMPARING', 'MISSING', 'COMPLETED')),
      -- How far it has come in the step that it is in: a byte of the file, or the last reference or attempt.
      position text not null default '',
      lines bigint not null default 0,
      compared bigint not null default 0,
      matched bigint not null default 0,
      breaks_found bigint not null default 0,
      breaks_closed bigint not null default 0,
      started_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      finished_at timestamptz,
      unique (processor, source, statement),
      check ((status = 'COMPLETED') = (finished_at is not null)),
      check (period_from < period_to)
    );

    -- Those of settlement files are kept: each is one end of the trail that the ledger is the other end of.
    create table processor_lines (
      run_id text collate "C" not null references reconciliation_runs (id),
      movement_id text collate "C" not null,
      kind text not null check (kind in ('authorize', 'capture', 'refund', 'void', 'reverse')),
      amount bigint not null check (amount between 1 and 9007199254740991),
      currency text not null,
      fee bigint not null check (fee between 0 and 9007199254740991),
      reference text collate "C" not null,
      charge_id text not null,
      moved_at timestamptz not null,
      -- How often the same line came again.
      repeated int not null default 0,
      primary key (run_id, movement_id)
    );
    create index processor_lines_by_reference on processor_lines (run_id, reference);

    create table reconciliation_breaks (
      merchant_id text collate "C" not null references merchants (id),
      id text collate "C" not null,
      kind text not null check (kind in ('MISSING_HERE', 'MISSING_THERE', 'AMOUNT', 'CURRENCY', 'FEE', 'STATE',
        'DUPLICATE', 'TIMING', 'IMBALANCE', 'UNCLEARED')),
      status text not null default 'OPEN' check (status in ('OPEN', 'EXPLAINED', 'RESOLVED')),
      source text not null check (source in ('LEDGER', 'PROCESSOR_LIST', 'SETTLEMENT_FILE')),
      processor text,
      report_id text collate "C",
      -- What it is about: an attempt, an intent, an account, or a reference that only the processor knows.
      subject_id text collate "C" not null,
      payment_intent_id text collate "C",
      currency text not null,
      detail text not null,
      ours jsonb,
      theirs jsonb,
      proposal jsonb,
      owner text,
      explanation text,
      resolution text check (resolution in ('CLOSED_ITSELF', 'CORRECTED', 'DISMISSED', 'REVERSED')),
      journal_id text collate "C",
      -- When somebody or something must look at it next; null: nobody but a person.
      next_at timestamptz,
      found_at timestamptz not null default now(),
      explained_at timestamptz,
      resolved_at timestamptz,
      primary key (id, merchant_id),
      -- A difference is found once, however often it is looked at; once it is resolved, the same one is not found again.
      constraint reconciliation_breaks_once unique (merchant_id, subject_id, kind, detail),
      check ((status = 'RESOLVED') = (resolved_at is not null)),
      check ((status = 'RESOLVED') = (resolution is not null)),
      check ((status = 'EXPLAINED') <= (explanation is not null)),
      check ((resolution = 'CORRECTED') = (journal_id is not null) or resolution is null)
    );
    create index reconciliation_breaks_by_status
      on reconciliation_breaks (merchant_id, status, id);
    create index reconciliation_breaks_open
      on reconciliation_breaks (kind, found_at) where status <> 'RESOLVED';
    create index reconciliation_breaks_due
      on reconciliation_breaks (next_at) where next_at is not null;
    create index reconciliation_breaks_open_by_subject
      on reconciliation_breaks (subject_id) where status <> 'RESOLVED';

    create function guard_reconciliation_break() returns trigger language plpgsql as $$
    begin
      if old.status = 'RESOLVED' or (old.status = 'EXPLAINED' and new.status = 'OPEN')
        or (new.merchant_id, new.id, new.kind, new.source, new.subject_id, new.currency, new.detail, new.found_at)
          <> (old.merchant_id, old.id, old.kind, old.source, old.subject_id, old.currency, old.detail, old.found_at)
        or (new.ours, new.theirs, new.proposal, new.payment_intent_id, new.report_id, new.processor)
          is distinct from (old.ours, old.theirs, old.proposal, old.payment_intent_id, old.report_id, old.processor)
      then
        raise exception 'a break is found as it is, and resolved once' using errcode = 'check_violation';
      end if;
      return new;
    end $$;
    create trigger guard_reconciliation_break before update on reconciliation_breaks
      for each row execute function guard_reconciliation_break();
    create trigger keep_reconciliation_breaks before delete or truncate on reconciliation_breaks
      for each statement execute function refuse_change();

    create function reconciliation_break_snapshot(b reconciliation_breaks) returns json language sql stable as $$
      select json_build_object(
        'id', b.id,
        'object', 'reconciliation_break',
        'merchantId', b.merchant_id,
        'kind', b.kind,
        'status', b.status,
        'source', b.source,
        'processor', b.processor,
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

    -- How far each merchant's books have been proven: what lies before is not read again.
    create table audit_marks (
      merchant_id text collate "C" primary key references merchants (id),
      posted_before timestamptz not null default '-infinity',
      feed_position bigint not null default 0
    );

    -- The sums of what lies before the mark, counted from the postings, whatever snapshots say.
    create table ledger_proofs (
      merchant_id text collate "C" not null,
      account_id text collate "C" not null,
      kind text not null,
      currency text not null,
      debits numeric not null default 0,
      credits numeric not null default 0,
      -- Since when a clearing account holds something; null while it is empty, and for every other account.
      open_since timestamptz,
      primary key (merchant_id, account_id),
      foreign key (merchant_id, account_id) references ledger_accounts (merchant_id, id)
    );
    create index ledger_proofs_open on ledger_proofs (open_since) where open_since is not null;

    create table audit_state (
      only_one boolean primary key default true check (only_one),
      -- The last merchant that the pass under way has come to; empty between passes.
      at_merchant text collate "C" not null default '',
      pass_started_at timestamptz,
      pass_found bigint not null default 0,
      last_pass_at timestamptz,
      last_clean_pass_at timestamptz,
      -- Of each currency by how much debits and credits differ; empty when none does.
      differences jsonb not null default '{}'
    );
    insert into audit_state default values;
  `);
}
