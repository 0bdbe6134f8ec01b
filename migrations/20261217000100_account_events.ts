import type { Knex } from "knex";

/**
 * How far the events of an account have been listed, which makes up for webhooks that never came. A row of before says
 * nothing yet: its account is listed from the beginning, as far back as the processor keeps events.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- Null: from when the account was connected.
    alter table processor_accounts add column events_from timestamptz;
    -- The window under way, and where its next page begins.
    alter table processor_accounts add column events_to timestamptz;
    alter table processor_accounts add column events_after text collate "C";
    alter table processor_accounts add column events_due_at timestamptz not null default now();
    -- safe (index): there are as many rows as merchants have accounts, and nothing on a payment's way writes one.
    create index processor_accounts_events_due on processor_accounts (events_due_at);
  `);
}
