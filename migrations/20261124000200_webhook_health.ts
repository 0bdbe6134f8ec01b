import type { Knex } from "knex";

/**
 * What an endpoint can take, and how it is: both are read with every claim, and written only when it fails or has
 * failed, so that a healthy endpoint's row is never written by its deliveries.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table webhook_endpoints
      -- Of its own; null: as the installation has it.
      add column rate_limit int check (rate_limit between 1 and 10000),
      add column timeout_ms int check (timeout_ms between 100 and 15000),
      add column concurrency int check (concurrency between 1 and 256),
      -- Up to when its rate is spent.
      add column rate_spent_until timestamptz,
      -- How many tries have failed since one succeeded; from when to when they did. Null: none.
      add column failures int not null default 0,
      add column failing_since timestamptz,
      add column failed_at timestamptz,
      -- OPEN: nothing is sent until then. HALF_OPEN: one delivery is out to see whether it is back, with so much time.
      add column breaker text not null default 'CLOSED' check (breaker in ('CLOSED', 'OPEN', 'HALF_OPEN')),
      add column paused_until timestamptz,
      -- It answered again, and what waited for it has yet to be called up.
      add column recovered_at timestamptz,
      -- How many warnings were given since it fails.
      add column warnings int not null default 0,
      add constraint webhook_endpoints_breaker check ((breaker = 'CLOSED') = (paused_until is null)),
      add constraint webhook_endpoints_failing
        check ((failures > 0) = (failing_since is not null) and (failures > 0) = (failed_at is not null));
    create index webhook_endpoints_failing_since on webhook_endpoints (failing_since) where failing_since is not null;
    create index webhook_endpoints_recovered on webhook_endpoints (recovered_at) where recovered_at is not null;

    alter table webhook_deliveries
      -- Tries made before their time, to find out whether the receiver is back or because it is: they use up none of
      -- the schedule.
      add column tries_early int not null default 0,
      -- When the receiver wants it at the earliest.
      add column not_before timestamptz;
    -- Held: what waits for its endpoint, and not for a time, is due at 'infinity'. It is found here; and so is what
    -- waits for its next try, when the endpoint is back. What is planned, posted and delivered is in neither.
    create index webhook_deliveries_held on webhook_deliveries (merchant_id, endpoint_id, id) where next_at = 'infinity';
    create index webhook_deliveries_retrying on webhook_deliveries (merchant_id, endpoint_id, id) where status = 'RETRYING';
  `);
}
