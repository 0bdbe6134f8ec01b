import type { Knex } from "knex";

/** What a comparison needs of earlier ones, and of outcomes that became known late. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- Of a list: whether its lines are still there. What was sent before a list began may be in one of those before it.
    alter table reconciliation_runs add column keeps_lines boolean not null default false;
    create index reconciliation_runs_keeping_lines
      on reconciliation_runs (processor, period_to) where keeps_lines;
    create index reconciliation_runs_by_period on reconciliation_runs (processor, source, period_to);

    -- Few: outcomes that became known more than two days after they were asked for.
    create index attempts_settled_late
      on attempts (settled_at) where settled_at - created_at > interval '48 hours';

    create index journals_corrections
      on journals (merchant_id, corrects_journal_id) where corrects_journal_id is not null;
  `);
}
