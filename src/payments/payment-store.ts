import { type Db, type Statement, type Tx, run } from "../db/db";
import { keepSnapshot, readSnapshot } from "../events/snapshots";
import type { Capture, PaymentIntent, Refund } from "./payment-intent";

/** Reads of intents, captures and refunds in their public shape. Writes are in change-store.ts. */

const FIND_INTENTS: Statement = {
  name: "find_payment_intents",
  text: `
    select payment_intent_snapshot(pi) as "snapshot" from payment_intents pi
    where pi.merchant_id = ? and pi.id = any(?)`,
};

/** The intents with these ids, in no particular order; those that do not exist are left out. */
export async function findIntents(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<PaymentIntent[]> {
  const rows = await run<{ snapshot: PaymentIntent }>(db, FIND_INTENTS, [merchantId, ids]);
  return rows.map((row) => row.snapshot);
}

export async function findIntentByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<PaymentIntent | undefined> {
  const [row] = await run<{ snapshot: PaymentIntent }>(
    db,
    {
      name: "find_intent_by_key",
      text: `
        select payment_intent_snapshot(pi) as "snapshot" from payment_intents pi
        where pi.merchant_id = ? and pi.idempotency_key = ?`,
    },
    [merchantId, key],
  );
  return row?.snapshot;
}

export async function findIntentByConfirmKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<{ intent: PaymentIntent; confirmedAt: string } | undefined> {
  const [row] = await run<{ intent: PaymentIntent; confirmedAt: string }>(
    db,
    {
      name: "find_intent_by_confirm_key",
      text: `
        select payment_intent_snapshot(pi) as "intent", iso(a.created_at) as "confirmedAt"
        from attempts a
        join payment_intents pi on pi.merchant_id = a.merchant_id and pi.id = a.payment_intent_id
        where a.merchant_id = ? and a.idempotency_key = ?`,
    },
    [merchantId, key],
  );
  return row;
}

/** What a key whose record has expired created, found by the key that captures and refunds keep for ever. */
interface MadeByKey<Result> {
  readonly paymentIntentId: string;
  readonly firstSeenAt: string;
  readonly result: Result;
}

export async function findIntentByCaptureKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<MadeByKey<PaymentIntent> | undefined> {
  const [row] = await run<MadeByKey<PaymentIntent>>(
    db,
    {
      name: "find_intent_by_capture_key",
      text: `
        select pi.id as "paymentIntentId", iso(c.created_at) as "firstSeenAt",
          payment_intent_snapshot(pi) as "result"
        from captures c
        join payment_intents pi on pi.merchant_id = c.merchant_id and pi.id = c.payment_intent_id
        where c.merchant_id = ? and c.idempotency_key = ?`,
    },
    [merchantId, key],
  );
  return row;
}

export async function findRefundByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<MadeByKey<Refund> | undefined> {
  const [row] = await run<MadeByKey<Refund>>(
    db,
    {
      name: "find_refund_by_key",
      text: `
        select r.payment_intent_id as "paymentIntentId", iso(r.created_at) as "firstSeenAt",
          refund_snapshot(r) as "result"
        from refunds r where r.merchant_id = ? and r.idempotency_key = ?`,
    },
    [merchantId, key],
  );
  return row;
}

const FIND_REFUNDS: Statement = {
  name: "find_refunds",
  text: `
    select refund_snapshot(r) as "snapshot" from refunds r
    where r.merchant_id = ? and r.id = any(?)`,
};

export async function findRefunds(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<Refund[]> {
  const rows = await run<{ snapshot: Refund }>(db, FIND_REFUNDS, [merchantId, ids]);
  return rows.map((row) => row.snapshot);
}

const FIND_CAPTURES: Statement = {
  name: "find_captures",
  text: `
    select capture_snapshot(c) as "snapshot" from captures c
    where c.merchant_id = ? and c.id = any(?)`,
};

export async function findCaptures(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<Capture[]> {
  const rows = await run<{ snapshot: Capture }>(db, FIND_CAPTURES, [merchantId, ids]);
  return rows.map((row) => row.snapshot);
}

const READ_TO_KEEP: Statement = {
  name: "read_intent_to_keep",
  text: `
    select payment_intent_snapshot(pi) as "shown", payment_intent_record(pi) as "record",
      pi.personal as "personal"
    from payment_intents pi where pi.merchant_id = ? and pi.id = ?`,
};

/** An intent that is locked, as an answer shows it and as a key may keep it. */
export async function readIntentToKeep(
  tx: Tx,
  intent: { readonly merchantId: string; readonly paymentIntentId: string },
): Promise<{ shown: PaymentIntent; kept: object }> {
  const [row] = await run<{ shown: PaymentIntent; record: object; personal: Buffer | null }>(
    tx,
    READ_TO_KEEP,
    [intent.merchantId, intent.paymentIntentId],
  );
  if (!row) throw new Error("an intent that is locked is not there");
  return { shown: row.shown, kept: keepSnapshot(row.record, row.personal) };
}

/** An intent's own columns, as the use cases that change it need them. */
export interface IntentState {
  readonly merchantId: string;
  readonly id: string;
  readonly version: number;
  readonly captureMethod: "AUTOMATIC" | "MANUAL";
  readonly amountCapturing: number;
  readonly amountRefunding: number;
  readonly attemptsMade: number;
  /** When the hold is to be seen to next; see expire-authorizations.ts. */
  readonly authorizationDueAt: string | null;
  readonly snapshot: PaymentIntent;
}

/** What a use case sees of the intent that it changes. */
export interface LockedIntent extends IntentState {
  /** What its events' personal part is sealed with; null when there is nothing personal yet, or no more. */
  readonly personalKey: Buffer | null;
}

const LOCK_INTENT: Statement = {
  name: "lock_payment_intent",
  text: `
    select pi.merchant_id as "merchantId", pi.id as "id", pi.version as "version",
      pi.capture_method as "captureMethod", pi.amount_capturing as "amountCapturing",
      pi.amount_refunding as "amountRefunding", pi.attempts_made as "attemptsMade",
      iso(pi.authorization_due_at) as "authorizationDueAt",
      payment_intent_snapshot(pi) as "snapshot", pi.personal_key as "personalKey"
    from payment_intents pi where pi.merchant_id = ? and pi.id = ? for update`,
};

/** Whatever captures, cancels or refunds an intent, or settles one of its attempts, queues here. */
export async function lockIntent(
  tx: Tx,
  merchantId: string,
  id: string,
): Promise<LockedIntent | undefined> {
  const [row] = await run<LockedIntent>(tx, LOCK_INTENT, [merchantId, id]);
  return row;
}

const FIND_CAPTURE_MADE: Statement = {
  name: "find_capture_made",
  text: `
    select e.object as "object" from captures c
    join transitions t
      on t.merchant_id = c.merchant_id and t.payment_intent_id = c.payment_intent_id
    join events e
      on e.merchant_id = t.merchant_id and e.id = t.event_id and e.type = 'capture.created'
    where c.merchant_id = ? and c.idempotency_key = ? and e.object ->> 'id' = c.id`,
};

/** The capture as it stood when the mutation with this key committed. */
export async function findCaptureMade(
  db: Db,
  merchantId: string,
  key: string,
): Promise<Capture | undefined> {
  const [row] = await run<{ object: Capture }>(db, FIND_CAPTURE_MADE, [merchantId, key]);
  return row && (readSnapshot(row.object) as Capture);
}
