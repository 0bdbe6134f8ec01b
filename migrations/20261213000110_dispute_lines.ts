import type { Knex } from "knex";

/** Disputes as a processor's lists and settlement files have them: a line for each step, which says the whole dispute. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table processor_disputes (
      run_id text collate "C" not null references reconciliation_runs (id),
      -- Theirs, of the step.
      movement_id text collate "C" not null,
      processor_dispute_id text collate "C" not null,
      status text not null check (status in ('OPEN', 'WON', 'LOST')),
      -- Ours: the charge that is disputed.
      reference text collate "C" not null,
      reason text not null,
      amount bigint not null check (amount between 1 and 9007199254740991),
      currency text not null,
      fee bigint not null check (fee between 0 and 9007199254740991),
      evidence_due_by timestamptz,
      opened_at timestamptz not null,
      closed_at timestamptz,
      -- What is known here has been looked at.
      compared boolean not null default false,
      primary key (run_id, movement_id),
      check ((status = 'OPEN') = (closed_at is null))
    );
    create index processor_disputes_to_compare
      on processor_disputes (run_id, movement_id) where not compared;
  `);
}
