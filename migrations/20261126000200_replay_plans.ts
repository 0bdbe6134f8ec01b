import type { Knex } from "knex";

/** Dead letters replayed by the thousand: which ones is written down when the plan is made, and how far it is beside it. */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create table replay_plans (
      merchant_id text collate "C" not null references merchants (id),
      id text collate "C" not null,
      status text not null default 'READY' check (status in ('READY', 'RUNNING', 'PAUSED', 'FINISHED', 'CANCELED')),
      -- Why, in the words of whoever made it.
      reason text not null,
      filter jsonb not null,
      -- The newest of its letters. Null: it has none.
      horizon text collate "C",
      letters int not null check (letters >= 0),
      -- Of them, those whose object has changed again since.
      superseded int not null check (superseded between 0 and letters),
      -- Whether there were more letters than a plan may have.
      has_more boolean not null,
      counts jsonb not null,
      sample_ids text[] not null,
      per_second int check (per_second between 1 and 1000),
      -- The last of its letters that has been seen to; the next slice begins after it.
      position text collate "C" not null default '',
      sent int not null default 0,
      skipped int not null default 0,
      -- Up to when its rate is spent.
      spent_until timestamptz,
      -- How often somebody has changed its course.
      version int not null default 1,
      created_by text not null,
      created_at timestamptz not null default now(),
      started_at timestamptz,
      finished_at timestamptz,
      updated_at timestamptz not null default now(),
      idempotency_key text collate "C" not null,
      primary key (merchant_id, id),
      constraint replay_plans_spent_key unique (merchant_id, idempotency_key),
      check (sent + skipped <= letters),
      check ((status in ('FINISHED', 'CANCELED')) = (finished_at is not null)),
      check (status in ('READY', 'CANCELED') or (per_second is not null and started_at is not null))
    );
    create index replay_plans_running on replay_plans (id) where status = 'RUNNING';
    create trigger keep_replay_plans before delete or truncate on replay_plans
      for each statement execute function refuse_change();

    -- What a plan is about, for good.
    create table replay_plan_letters (
      merchant_id text collate "C" not null,
      plan_id text collate "C" not null,
      delivery_id text collate "C" not null,
      primary key (merchant_id, plan_id, delivery_id)
    );
    create trigger append_only before update or delete or truncate on replay_plan_letters
      for each statement execute function refuse_change();

    select expect_busy_merchants();
  `);
}
