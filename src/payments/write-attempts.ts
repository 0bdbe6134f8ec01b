import { type Statement, type Tx, run } from "../db/db";
import type { AttemptChange, Change, NewAttempt } from "./change";

/** What has been decided about attempts, in sets: one statement for those that change, and one for new ones. */

const UPDATE_ATTEMPTS: Statement = {
  name: "update_attempts",
  text: `
    update attempts a
    set status = c.status, worker_id = case when c.status = 'SENT' then a.worker_id end,
      timeline = case when c.status = 'QUEUED' then current_timeline() else a.timeline end,
      processor_charge_id = coalesce(c.processor_charge_id, a.processor_charge_id),
      code = coalesce(c.code, a.code), decline_code = coalesce(c.decline_code, a.decline_code),
      advice_code = coalesce(c.advice_code, a.advice_code),
      network_decline_code = coalesce(c.network_decline_code, a.network_decline_code),
      message = coalesce(c.message, a.message), fee = coalesce(c.fee, a.fee),
      fee_currency = coalesce(c.fee_currency, a.fee_currency),
      next_at = now() + c.due_in_ms * interval '1 millisecond',
      challenge_expires_at = coalesce(c.challenge_expires_at, a.challenge_expires_at),
      unknown_since = case c.status
        when 'UNKNOWN' then coalesce(a.unknown_since, now()) else a.unknown_since end,
      settled_at = case when c.status in ('SUCCEEDED', 'DECLINED', 'ABANDONED')
        then coalesce(a.settled_at, now()) end
    from jsonb_to_recordset(?) as c (merchant_id text, id text, status text,
      processor_charge_id text, code text, decline_code text, advice_code text,
      network_decline_code text, message text, fee bigint, fee_currency text,
      due_in_ms bigint, challenge_expires_at timestamptz)
    where a.merchant_id = c.merchant_id and a.id = c.id`,
};

export async function updateAttempts(tx: Tx, changes: readonly AttemptChange[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map((change) => ({
    merchant_id: change.merchantId,
    id: change.id,
    status: change.status,
    processor_charge_id: change.processorChargeId,
    code: change.code,
    decline_code: change.declineCode,
    advice_code: change.adviceCode,
    network_decline_code: change.networkDeclineCode,
    message: change.message,
    fee: change.fee,
    fee_currency: change.feeCurrency,
    due_in_ms: change.dueInMs === null ? null : Math.round(change.dueInMs),
    challenge_expires_at: change.challengeExpiresAt,
  }));
  await run(tx, UPDATE_ATTEMPTS, [JSON.stringify(rows)]);
}

const INSERT_ATTEMPTS: Statement = {
  name: "insert_attempts",
  text: `
    with attempt as (
      select * from jsonb_to_recordset(?) as c (merchant_id text, id text, payment_intent_id text,
        operation text, processor text, processor_account_id text, amount bigint, currency text,
        payment_method text, return_url text, final boolean, capture_id text, refund_id text,
        target_attempt_id text, target_processor_ref text, replaces_attempt_id text,
        generation int, announce boolean, traceparent text)
    ), inserted as (
      insert into attempts (merchant_id, id, payment_intent_id, operation, status, processor,
        processor_account_id, amount, currency, payment_method, return_url, final, capture_id,
        refund_id, target_attempt_id, target_processor_ref, replaces_attempt_id, generation,
        traceparent)
      select merchant_id, id, payment_intent_id, operation, 'QUEUED', processor,
        processor_account_id, amount, currency, payment_method, return_url, final, capture_id,
        refund_id, target_attempt_id, target_processor_ref, replaces_attempt_id, generation,
        traceparent from attempt
    )
    insert into outbox (merchant_id, attempt_id, traceparent)
    select merchant_id, id, traceparent from attempt where announce`,
};

export async function insertAttempts(tx: Tx, changes: readonly Change[]): Promise<void> {
  const rows = changes.flatMap(({ newAttempt, traceparent }) =>
    newAttempt ? [attemptRow(newAttempt, traceparent)] : [],
  );
  if (rows.length === 0) return;
  await run(tx, INSERT_ATTEMPTS, [JSON.stringify(rows)]);
}

function attemptRow(attempt: NewAttempt, traceparent: Change["traceparent"]): object {
  return {
    merchant_id: attempt.merchantId,
    id: attempt.id,
    payment_intent_id: attempt.paymentIntentId,
    operation: attempt.operation,
    processor: attempt.processor,
    processor_account_id: attempt.processorAccountId,
    amount: attempt.amount,
    currency: attempt.currency,
    payment_method: attempt.paymentMethod,
    return_url: attempt.returnUrl,
    final: attempt.final,
    capture_id: attempt.captureId,
    refund_id: attempt.refundId,
    target_attempt_id: attempt.targetAttemptId,
    target_processor_ref: attempt.targetProcessorRef,
    replaces_attempt_id: attempt.replacesAttemptId,
    generation: attempt.generation ?? 1,
    announce: attempt.announce,
    traceparent,
  };
}
