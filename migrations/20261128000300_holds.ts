import type { Knex } from "knex";

/**
 * Holds and challenges end. An intent knows until when its authorisation holds and what is to happen shortly before; an
 * attempt that waits for the shopper knows for how long; and a cancellation may be asked for while an attempt is still
 * to be answered.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    alter table payment_intents
      add column authorization_expires_at timestamptz,
      add column authorization_expired_at timestamptz,
      -- When the hold is to be seen to: first to say that it expires soon, then because it has expired.
      add column authorization_due_at timestamptz,
      -- Null is NOTIFY.
      add column authorization_expiry_policy text
        check (authorization_expiry_policy in ('CAPTURE', 'VOID', 'NOTIFY')),
      add column cancellation_requested_at timestamptz,
      add constraint payment_intents_hold check (capture_method = 'MANUAL'
        or num_nonnulls(authorization_expires_at, authorization_expired_at, authorization_due_at,
          authorization_expiry_policy) = 0);
    -- Across merchants, for the sweeper. While a capture or a void is under way nothing is due: its answer comes first.
    create index payment_intents_holds_due on payment_intents (authorization_due_at)
      where status = 'REQUIRES_CAPTURE' and authorization_due_at is not null;

    -- REQUIRES_ACTION: until when the shopper may authenticate.
    alter table attempts add column challenge_expires_at timestamptz;

    -- The legal edges, mirrored from src/payments/payment-intent.ts (a test walks every pair and compares).
    create or replace function payment_intent_may_move(from_status text, to_status text) returns boolean language sql immutable as $$
      select (from_status, to_status) in (
        ('REQUIRES_PAYMENT_METHOD', 'PROCESSING'), ('REQUIRES_PAYMENT_METHOD', 'CANCELED'),
        ('REQUIRES_CONFIRMATION', 'PROCESSING'), ('REQUIRES_CONFIRMATION', 'CANCELED'),
        ('PROCESSING', 'SUCCEEDED'), ('PROCESSING', 'REQUIRES_CAPTURE'), ('PROCESSING', 'REQUIRES_ACTION'),
        ('PROCESSING', 'REQUIRES_PAYMENT_METHOD'), ('PROCESSING', 'FAILED'), ('PROCESSING', 'CANCELED'),
        ('REQUIRES_ACTION', 'PROCESSING'), ('REQUIRES_ACTION', 'REQUIRES_PAYMENT_METHOD'), ('REQUIRES_ACTION', 'FAILED'),
        ('REQUIRES_CAPTURE', 'PROCESSING'), ('REQUIRES_CAPTURE', 'SUCCEEDED'), ('REQUIRES_CAPTURE', 'CANCELED'))
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
        'amountRefundable', p.amount_captured - p.amount_refunded - p.amount_refunding,
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

    -- What an event holds of an intent: the same, without what is sealed beside it.
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
        'amountRefundable', p.amount_captured - p.amount_refunded - p.amount_refunding,
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
  `);
}
