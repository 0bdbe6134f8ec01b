import type { Knex } from "knex";

/**
 * Disputes: what a shopper's bank takes back from the merchant, until it is decided, or for good. How much of an intent
 * is disputed is in the intent's own row, where the lock that refunds take guards it too.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table payment_intents
      -- In disputes that are open or lost. A refund that is in flight when a dispute is opened is settled as it is, so
      -- refunds and disputes together may for a while be more than what was captured.
      add column amount_disputed bigint not null default 0,
      add constraint payment_intents_disputed check (amount_disputed between 0 and amount_captured);

    create table disputes (
      merchant_id text collate "C" not null,
      id text collate "C" not null,
      payment_intent_id text collate "C" not null,
      -- The charge, or the authorisation that was captured: its id is the reference at the processor.
      attempt_id text collate "C" not null,
      processor text not null,
      processor_dispute_id text collate "C" not null,
      status text not null check (status in ('OPEN', 'WON', 'LOST')),
      reason text not null check (reason in ('CREDIT_NOT_PROCESSED', 'DUPLICATE', 'FRAUDULENT', 'GENERAL',
        'PRODUCT_NOT_RECEIVED', 'PRODUCT_UNACCEPTABLE', 'SUBSCRIPTION_CANCELED', 'UNRECOGNIZED')),
      amount bigint not null check (amount between 1 and 9007199254740991),
      currency text not null,
      fee bigint not null check (fee between 0 and 9007199254740991),
      evidence_due_by timestamptz,
      opened_at timestamptz not null,
      closed_at timestamptz,
      version int not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (merchant_id, id),
      -- Whatever a processor says of one dispute, and however often, is about one row.
      constraint disputes_of_processor unique (merchant_id, processor, processor_dispute_id),
      foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id),
      foreign key (merchant_id, attempt_id) references attempts (merchant_id, id),
      check ((status = 'OPEN') = (closed_at is null)),
      check (version = case status when 'OPEN' then 1 else 2 end)
    );
    create index disputes_by_intent on disputes (merchant_id, payment_intent_id, id);

    create function guard_dispute() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' then
        if new.status = 'OPEN' and exists (
          select from attempts a
          join payment_intents pi on pi.merchant_id = a.merchant_id and pi.id = a.payment_intent_id
          where a.merchant_id = new.merchant_id and a.id = new.attempt_id
            and a.payment_intent_id = new.payment_intent_id and a.operation in ('charge', 'authorize')
            and a.status = 'SUCCEEDED' and pi.currency = new.currency and new.amount <= pi.amount_captured)
        then
          return new;
        end if;
        raise exception 'a dispute is opened on money that was captured' using errcode = 'check_violation';
      end if;
      if old.status = 'OPEN' and new.status in ('WON', 'LOST')
        and (new.merchant_id, new.id, new.payment_intent_id, new.attempt_id, new.processor, new.processor_dispute_id,
            new.reason, new.amount, new.currency, new.fee, new.opened_at, new.created_at)
          = (old.merchant_id, old.id, old.payment_intent_id, old.attempt_id, old.processor, old.processor_dispute_id,
            old.reason, old.amount, old.currency, old.fee, old.opened_at, old.created_at)
        and new.evidence_due_by is not distinct from old.evidence_due_by
      then
        return new;
      end if;
      raise exception 'a dispute is decided once, and all else about it stays' using errcode = 'check_violation';
    end $$;
    create trigger guard_dispute before insert or update on disputes for each row execute function guard_dispute();
    create trigger keep_disputes before delete or truncate on disputes for each statement execute function refuse_change();

    create function dispute_snapshot(d disputes) returns json language sql stable as $$
      select json_build_object(
        'id', d.id,
        'object', 'dispute',
        'paymentIntentId', d.payment_intent_id,
        'attemptId', d.attempt_id,
        'status', d.status,
        'reason', d.reason,
        'amount', d.amount,
        'currency', d.currency,
        'fee', d.fee,
        'processorDisputeId', d.processor_dispute_id,
        'evidenceDueBy', iso(d.evidence_due_by),
        'openedAt', iso(d.opened_at),
        'closedAt', iso(d.closed_at),
        'version', d.version,
        'createdAt', iso(d.created_at),
        'updatedAt', iso(d.updated_at))
    $$;

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
        'amountRefundable', greatest(0, p.amount_captured - p.amount_refunded - p.amount_refunding - p.amount_disputed),
        'amountDisputed', p.amount_disputed,
        'merchantReference', p.merchant_reference,
        'lastPaymentError', p.last_payment_error,
        'nextAction', p.next_action,
        'cancellationReason', p.cancellation_reason,
        'cancellationRequestedAt', iso(p.cancellation_requested_at),
        'authorizationExpiresAt', iso(p.authorization_expires_at),
        'authorizationExpiredAt', iso(p.authorization_expired_at),
        'authorizationExpiryPolicy', case when p.capture_method = 'MANUAL' then coalesce(p.authorization_expiry_policy, 'NOTIFY') end,
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at),
        'description', p.description,
        'customer', p.customer,
        'metadata', p.metadata,
        'personalDataErasedAt', iso(p.personal_data_erased_at))
    $$;

    create or replace function payment_intent_record(p payment_intents) returns json language sql stable as $$
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
        'amountRefundable', greatest(0, p.amount_captured - p.amount_refunded - p.amount_refunding - p.amount_disputed),
        'amountDisputed', p.amount_disputed,
        'merchantReference', p.merchant_reference,
        'lastPaymentError', p.last_payment_error,
        'nextAction', p.next_action,
        'cancellationReason', p.cancellation_reason,
        'cancellationRequestedAt', iso(p.cancellation_requested_at),
        'authorizationExpiresAt', iso(p.authorization_expires_at),
        'authorizationExpiredAt', iso(p.authorization_expired_at),
        'authorizationExpiryPolicy', case when p.capture_method = 'MANUAL' then coalesce(p.authorization_expiry_policy, 'NOTIFY') end,
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at)) end
    $$;

    select expect_busy_merchants();
  `);
}
