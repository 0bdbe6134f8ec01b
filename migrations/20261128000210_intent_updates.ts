import type { Knex } from "knex";

/**
 * Intents may be changed before they are confirmed. The amount is what a processor is asked for, so it changes only
 * while nothing was asked for, or all that was has been refused.
 *
 * Each update keeps its key for ever, and the customer that it took the intent from: what the intent's events said of
 * that customer is still there, sealed, and has to be found when the customer is erased.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    create or replace trigger guard_payment_intent before update on payment_intents for each row
      when (new.status <> old.status and not payment_intent_may_move(old.status, new.status)
        or new.amount <> old.amount and (new.status <> old.status
          or old.status not in ('REQUIRES_PAYMENT_METHOD', 'REQUIRES_CONFIRMATION'))
        or new.currency <> old.currency
        or new.id <> old.id or new.merchant_id <> old.merchant_id or new.idempotency_key <> old.idempotency_key
        or case when new.personal_data_erased_at is distinct from old.personal_data_erased_at
            then old.personal_data_erased_at is not null or new.version <> old.version or new.status <> old.status
            else new.version <= old.version end)
      execute function guard_payment_intent();
    create or replace function guard_payment_intent() returns trigger language plpgsql as $$
    begin
      if new.status <> old.status and not payment_intent_may_move(old.status, new.status) then
        raise exception 'illegal transition of a payment intent: % to %', old.status, new.status using errcode = 'check_violation';
      end if;
      raise exception 'a payment intent keeps its identity, and its amount once it is confirmed; its version only grows, and what is erased stays so'
        using errcode = 'check_violation';
    end $$;

    create table payment_intent_updates (
      merchant_id text collate "C" not null,
      idempotency_key text collate "C" not null,
      payment_intent_id text collate "C" not null,
      -- Of what was asked for, which outlives the key's record.
      fingerprint bytea not null,
      former_customer text,
      created_at timestamptz not null default now(),
      constraint payment_intent_updates_spent_key primary key (merchant_id, idempotency_key),
      foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id)
    );
    create index payment_intent_updates_by_intent
      on payment_intent_updates (merchant_id, payment_intent_id);
    create index payment_intent_updates_of_customer
      on payment_intent_updates (merchant_id, former_customer, payment_intent_id)
      where former_customer is not null;
    create trigger keep_payment_intent_updates before delete or truncate on payment_intent_updates
      for each statement execute function refuse_change();
    -- An erasure takes the customer, and nothing else changes.
    create trigger guard_payment_intent_update before update on payment_intent_updates for each row
      when (new.former_customer is not null
        or (new.merchant_id, new.idempotency_key, new.payment_intent_id, new.fingerprint, new.created_at)
          <> (old.merchant_id, old.idempotency_key, old.payment_intent_id, old.fingerprint, old.created_at))
      execute function refuse_change();

    select expect_busy_merchants();
  `);
}
