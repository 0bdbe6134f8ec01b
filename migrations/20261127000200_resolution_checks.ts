import type { Knex } from "knex";

/**
 * What an operator said about an attempt whose outcome was unknown, until the processor has said it, too: it goes on
 * being asked.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table resolution_checks (
      merchant_id text collate "C" not null,
      attempt_id text collate "C" not null,
      resolution text not null check (resolution in ('SUCCEEDED', 'FAILED')),
      lookups int not null default 0,
      -- When the processor is asked next. Null: it has answered, or cannot be asked.
      next_at timestamptz,
      conclusion text check (conclusion in ('CONFIRMED', 'CONTRADICTED')),
      concluded_at timestamptz,
      created_at timestamptz not null default now(),
      primary key (merchant_id, attempt_id),
      foreign key (merchant_id, attempt_id) references attempts (merchant_id, id),
      check ((conclusion is null) = (concluded_at is null)),
      check (conclusion is null or next_at is null)
    );
    create index resolution_checks_due on resolution_checks (next_at) where next_at is not null;
  `);
}
