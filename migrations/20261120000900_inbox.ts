import type { Knex } from "knex";

export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- What processors tell us on their own accord: stored before it is acknowledged, once for each of their event ids,
    -- applied by a worker. PARKED: it refers to something not known (yet).
    create table inbox (
      processor text not null,
      event_id text collate "C" not null,
      type text not null,
      reference text collate "C" not null,
      outcome jsonb not null,
      status text not null default 'RECEIVED' check (status in ('RECEIVED', 'PARKED', 'APPLIED', 'GIVEN_UP')),
      effect text,
      tries int not null default 0,
      next_at timestamptz default now(),
      received_at timestamptz not null default now(),
      applied_at timestamptz,
      primary key (processor, event_id),
      check ((status in ('RECEIVED', 'PARKED')) = (next_at is not null))
    );
    create index inbox_due on inbox (next_at) where next_at is not null;
  `);
}
