import type { Knex } from "knex";

/**
 * The public shape of an object is made in one place, here: queries read it, events store it, and
 * replays answer from what the event stored. It is camelCase because it is the API's own JSON.
 */
export async function up(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`
    -- ISO 8601 in UTC with milliseconds, as JavaScript prints it, whatever the session's time zone.
    create function iso(at timestamptz) returns text language sql immutable strict as $$
      select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    $$;

    create function payment_intent_snapshot(p payment_intents) returns json language sql stable as $$
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
        'description', p.description,
        'customer', p.customer,
        'merchantReference', p.merchant_reference,
        'metadata', p.metadata,
        'lastPaymentError', p.last_payment_error,
        'nextAction', p.next_action,
        'cancellationReason', p.cancellation_reason,
        'version', p.version,
        'createdAt', iso(p.created_at),
        'updatedAt', iso(p.updated_at))
    $$;

    create function refund_snapshot(r refunds) returns json language sql stable as $$
      select json_build_object(
        'id', r.id,
        'object', 'refund',
        'paymentIntentId', r.payment_intent_id,
        'status', r.status,
        'amount', r.amount,
        'currency', r.currency,
        'reason', r.reason,
        'metadata', r.metadata,
        'failureCode', r.failure_code,
        'createdAt', iso(r.created_at),
        'updatedAt', iso(r.updated_at))
    $$;

    create function capture_snapshot(c captures) returns json language sql stable as $$
      select json_build_object(
        'id', c.id,
        'object', 'capture',
        'paymentIntentId', c.payment_intent_id,
        'status', c.status,
        'amount', c.amount,
        'currency', c.currency,
        'final', c.final,
        'failureCode', c.failure_code,
        'createdAt', iso(c.created_at),
        'updatedAt', iso(c.updated_at))
    $$;
  `);
}
