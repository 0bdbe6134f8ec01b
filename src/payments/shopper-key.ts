import { type Db, type Statement, run } from "../db/db";
import { readSnapshot } from "../events/snapshots";
import type { KeyRecord } from "../idempotency/keys";
import type { PaymentIntent } from "./payment-intent";

/*
 * Shoppers' idempotency keys. A browser chooses them, so they are the shopper's own within one payment intent: no
 * guess meets a key of the merchant's, or of another shopper. They are stored with their intent in front of them. No key
 * that is sent has a space in it, so none looks like one of these; the word keeps the digits at the end of an id apart
 * from those of the key, which together might look like a card number.
 */

export const CONFIRM = "confirmPaymentIntent";

export function shopperKey(paymentIntentId: string, key: string): string {
  return `${paymentIntentId} key ${key}`;
}

/*
 * Confirmations from before that stand under the key as it was sent, among the merchant's. One counts as a shopper's
 * when it is about the very intent, and a publishable key made it: the transition tells. A refusal made no transition;
 * since then the refusals of merchants say who was refused, so one that does not is from before.
 */
export function isShoppersRecord(record: string, paymentIntentId: string): string {
  return `
    case when ${record}.failure_code is not null
      then ${record}.failure_details->>'id' = ${paymentIntentId}
        and ${record}.failure_details->>'by' is null
      else was_confirmed_by_shopper(
        ${record}.merchant_id, ${paymentIntentId}, ${record}.created_at) end`;
}

/** The same of an attempt, which keeps its key when the record has expired. */
export function isShoppersAttempt(attempt: string): string {
  return `was_confirmed_by_shopper(
    ${attempt}.merchant_id, ${attempt}.payment_intent_id, ${attempt}.created_at)`;
}

interface Former {
  readonly merchantId: string;
  /** As it was sent. */
  readonly key: string;
  readonly paymentIntentId: string;
}

const FIND_RECORD: Statement = {
  name: "find_former_shopper_key",
  text: `
    select encode(k.fingerprint, 'hex') as "fingerprint", iso(k.created_at) as "firstSeenAt",
      e.object as "result", k.failure_code as "failureCode", k.failure_details as "failureDetails"
    from (select ?::text as id offset 0) intent, idempotency_keys k
    left join lateral (
      select e.object from events e
      where e.merchant_id = k.merchant_id and e.id = k.event_id offset 0
    ) e on true
    where k.merchant_id = ? and k.operation = '${CONFIRM}' and k.key = ?
      and ${isShoppersRecord("k", "intent.id")}
    order by k.created_at limit 1`,
};

export async function findFormerRecord(
  db: Db,
  { merchantId, key, paymentIntentId }: Former,
): Promise<KeyRecord | undefined> {
  const [record] = await run<KeyRecord>(db, FIND_RECORD, [paymentIntentId, merchantId, key]);
  return record && { ...record, result: readSnapshot(record.result) };
}

const FIND_MADE: Statement = {
  name: "find_former_shopper_confirmation",
  text: `
    select payment_intent_snapshot(pi) as "intent", iso(a.created_at) as "confirmedAt"
    from attempts a
    join payment_intents pi on pi.merchant_id = a.merchant_id and pi.id = a.payment_intent_id
    where a.merchant_id = ? and a.idempotency_key = ? and a.payment_intent_id = ?
      and ${isShoppersAttempt("a")}`,
};

export async function findFormerConfirmation(
  db: Db,
  { merchantId, key, paymentIntentId }: Former,
): Promise<{ readonly intent: PaymentIntent; readonly confirmedAt: string } | undefined> {
  const [made] = await run<{ intent: PaymentIntent; confirmedAt: string }>(db, FIND_MADE, [
    merchantId,
    key,
    paymentIntentId,
  ]);
  return made;
}
