import type { Knex } from "knex";

/**
 * Personal data (an intent's customer, description and metadata, a refund's metadata) leaves the events, which can never
 * be changed, for a sealed part beside them. Its key is in the intent's row, which can: without the key nobody can read
 * what is sealed, so erasing a customer is an update of rows, and events, books and positions stay as they are.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table payment_intents
      -- Of this intent alone, random, and destroyed with what it opens; see src/events/personal-data.ts.
      add column personal_key bytea check (length(personal_key) = 32),
      -- What the intent's events copy in place of the clear values. Null: there is nothing personal.
      add column personal bytea,
      add column personal_data_erased_at timestamptz,
      -- Once erased, always erased.
      add constraint payment_intents_erased check (personal_data_erased_at is null
        or (num_nonnulls(customer, description, personal) = 0 and metadata = '{}'));
    alter table refunds
      add column personal bytea,
      add column personal_data_erased_at timestamptz,
      add constraint refunds_erased check (personal_data_erased_at is null
        or (personal is null and metadata = '{}'));
    alter table events add column personal bytea;
    -- What a receiver answered may repeat what it was sent; nothing that it still answers is stored.
    alter table webhook_deliveries add column response_erased boolean;

    -- Erasing is the one update that is no version of the intent, and it happens once.
    create or replace trigger guard_payment_intent before update on payment_intents for each row
      when (new.status <> old.status and not payment_intent_may_move(old.status, new.status)
        or new.amount <> old.amount or new.currency <> old.currency
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
      raise exception 'a payment intent keeps its identity and amount, its version only grows, and what is erased stays so'
        using errcode = 'check_violation';
    end $$;

    create or replace function payment_intent_snapshot(p payment_intents) returns json language sql stable as $$
      select json_build_object(
        'id', p.id,
        'object', 'payment_intent',
        'status', p.status,
        'amount', p.amount,
        'currency', p.currency,
        'captureMethod', p.capture_method,
        'paymentMethod', p.payment_method,
        'amountAuthorized', p.amount_authorized,
        'amountCapturable', case when p.status = 'REQUIRES_CAPTURE' then p.amount_authorized - p.amount_captured - p.amount_capturing else 0 end,
        'amountCaptured', p.amount_captured,
        'amountRefunded', p.amount_refunded,
        'amountRefundable', p.amount_captured - p.amount_refunded - p.amount_refunding,
        'merchantReference', p.merchant_reference,
        'lastPaymentError', p.last_payment_error,
        'nextAction', p.next_action,
        'cancellationReason', p.cancellation_reason,
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at),
        'description', p.description,
        'customer', p.customer,
        'metadata', p.metadata,
        'personalDataErasedAt', iso(p.personal_data_erased_at))
    $$;

    -- What an event holds of an intent: the same, without what is sealed beside it.
    create function payment_intent_record(p payment_intents) returns json language sql stable as $$
      select case when p.personal is null then payment_intent_snapshot(p) else json_build_object(
        'id', p.id,
        'object', 'payment_intent',
        'status', p.status,
        'amount', p.amount,
        'currency', p.currency,
        'captureMethod', p.capture_method,
        'paymentMethod', p.payment_method,
        'amountAuthorized', p.amount_authorized,
        'amountCapturable', case when p.status = 'REQUIRES_CAPTURE' then p.amount_authorized - p.amount_captured - p.amount_capturing else 0 end,
        'amountCaptured', p.amount_captured,
        'amountRefunded', p.amount_refunded,
        'amountRefundable', p.amount_captured - p.amount_refunded - p.amount_refunding,
        'merchantReference', p.merchant_reference,
        'lastPaymentError', p.last_payment_error,
        'nextAction', p.next_action,
        'cancellationReason', p.cancellation_reason,
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at)) end
    $$;

    create or replace function refund_snapshot(r refunds) returns json language sql stable as $$
      select json_build_object(
        'id', r.id,
        'object', 'refund',
        'paymentIntentId', r.payment_intent_id,
        'status', r.status,
        'amount', r.amount,
        'currency', r.currency,
        'reason', r.reason,
        'failureCode', r.failure_code,
        'createdAt', iso(r.created_at),
        'updatedAt', iso(r.updated_at),
        'metadata', r.metadata,
        'personalDataErasedAt', iso(r.personal_data_erased_at))
    $$;

    create function refund_record(r refunds) returns json language sql stable as $$
      select case when r.personal is null then refund_snapshot(r) else json_build_object(
        'id', r.id,
        'object', 'refund',
        'paymentIntentId', r.payment_intent_id,
        'status', r.status,
        'amount', r.amount,
        'currency', r.currency,
        'reason', r.reason,
        'failureCode', r.failure_code,
        'createdAt', iso(r.created_at),
        'updatedAt', iso(r.updated_at)) end
    $$;

    -- History cannot be changed, with one exception: of an intent that is erased, an event from before there was a
    -- sealed part may lose the personal values, and nothing else ("oncepay erase-legacy").
    create function guard_event() returns trigger language plpgsql as $$
    declare
      personal constant text[] := '{description,customer,metadata,personalDataErasedAt}';
    begin
      if old.personal is null and new.personal is null
        and (new.merchant_id, new.id, new.type, new.api_version, new.subject_id, new.created_at)
          = (old.merchant_id, old.id, old.type, old.api_version, old.subject_id, old.created_at)
        and new.sequence is not distinct from old.sequence
        and new.object::jsonb - personal = old.object::jsonb - personal
        and new.object ->> 'description' is null and new.object ->> 'customer' is null
        and coalesce(new.object ->> 'metadata', '{}') = '{}'
        and exists (select from payment_intents pi
          where pi.merchant_id = old.merchant_id and pi.id = old.subject_id
            and pi.personal_data_erased_at is not null)
      then
        return new;
      end if;
      raise exception 'events is append-only' using errcode = 'restrict_violation';
    end $$;
    drop trigger append_only on events;
    create trigger append_only before delete or truncate on events
      for each statement execute function refuse_change();
    create trigger guard_event before update on events for each row execute function guard_event();

    -- What eraseCustomer was asked for, and how far it is. The customer is known for as long as it is looked for.
    create table erasures (
      merchant_id text collate "C" not null references merchants (id),
      id text collate "C" not null,
      customer text,
      -- Keyed, so that nobody without the encryption key can guess whom it stands for: it tells a retry of the request
      -- from another request under the same key.
      customer_mac bytea not null,
      actor text not null,
      requested_at timestamptz not null default now(),
      finished_at timestamptz,
      payment_intents int not null default 0,
      -- Events from before there was a sealed part, which still show the values.
      events_in_clear int not null default 0,
      idempotency_key text collate "C" not null,
      primary key (merchant_id, id),
      constraint erasures_spent_key unique (merchant_id, idempotency_key),
      check ((customer is null) = (finished_at is not null))
    );
    create index erasures_unfinished on erasures (requested_at) where finished_at is null;
    create trigger keep_erasures before delete or truncate on erasures
      for each statement execute function refuse_change();

    -- Which intents an erasure has erased, and of which of them nothing is left to clean up.
    create table erased_payment_intents (
      merchant_id text collate "C" not null,
      erasure_id text collate "C" not null,
      payment_intent_id text collate "C" not null,
      cleaned boolean not null default false,
      primary key (merchant_id, erasure_id, payment_intent_id),
      foreign key (merchant_id, erasure_id) references erasures (merchant_id, id),
      foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id)
    );
    create index erased_payment_intents_uncleaned
      on erased_payment_intents (merchant_id, erasure_id, payment_intent_id) where not cleaned;

    update api_keys set scopes = array_append(scopes, 'customers:erase')
    where kind in ('SECRET', 'OPERATOR') and not 'customers:erase' = any(scopes);

    select expect_busy_merchants();
  `);
}
