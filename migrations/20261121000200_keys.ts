import type { Knex } from "knex";

/**
 * What else is kept under a key. The hot mutations write none of it: their result is an event's snapshot, and their
 * rows are not in the index.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table idempotency_keys
      -- The object as it stood, of an operation that announces no event.
      add column result json,
      -- What the answer showed beside the event's object, as it stood then.
      add column beside json,
      -- What is shown once (API keys, a signing secret): AES-256-GCM, see src/security/secrets.ts. Erased when over.
      add column sealed bytea,
      add column sealed_until timestamptz,
      drop constraint idempotency_keys_check,
      add constraint idempotency_keys_hold_one_outcome
        check (num_nonnulls(event_id, result, failure_code) = 1),
      add constraint idempotency_keys_seal_for_a_time
        check ((sealed is null) = (sealed_until is null));

    -- Across merchants, for those who erase.
    create index idempotency_keys_sealed on idempotency_keys (sealed_until) where sealed is not null;
  `);
}
