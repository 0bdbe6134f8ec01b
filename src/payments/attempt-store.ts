import { KEYS, keysJson, lockKeys } from "../db/claim-keys";
import { type Db, type Statement, type Tx, run } from "../db/db";
import { notHeld } from "../merchants/not-held";
import type { Attempt, AttemptKey } from "./attempt";
import type { IntentState } from "./payment-store";

/**
 * Every statement that reads or claims attempts. What settles one is written by change-store.ts; what takes one from a
 * worker is in worker-leases.ts.
 */

export const ATTEMPT_COLUMNS = `
  a.merchant_id as "merchantId", a.id as "id", a.payment_intent_id as "paymentIntentId",
  a.operation as "operation", a.status as "status", a.processor as "processor",
  a.processor_account_id as "processorAccountId",
  a.amount as "amount", a.currency as "currency", a.payment_method as "paymentMethod",
  a.return_url as "returnUrl", a.final as "final", a.capture_id as "captureId",
  a.refund_id as "refundId", a.target_attempt_id as "targetAttemptId",
  a.processor_ref as "processorRef", a.target_processor_ref as "targetProcessorRef",
  a.replaces_attempt_id as "replacesAttemptId", a.generation as "generation",
  a.processor_charge_id as "processorChargeId", a.code as "code", a.decline_code as "declineCode",
  a.advice_code as "adviceCode", a.network_decline_code as "networkDeclineCode",
  a.message as "message", a.worker_id as "workerId", a.sends as "sends", a.lookups as "lookups",
  a.reversing as "reversing", a.next_at as "nextAt", a.sent_at as "sentAt",
  a.unknown_since as "unknownSince", a.settled_at as "settledAt", a.created_at as "createdAt",
  coalesce(a.challenge_expires_at <= now(), false) as "challengeExpired"`;

const TRACED_COLUMNS = `${ATTEMPT_COLUMNS}, a.traceparent as "traceparent"`;

/** At which version the account is now, so that a worker knows whether its connection is out of date. */
const TO_CALL = `${TRACED_COLUMNS},
  (select p.version from processor_accounts p
    where p.merchant_id = a.merchant_id and p.id = a.processor_account_id) as "accountVersion"`;

/*
 * The claim: QUEUED becomes SENT, once. Whoever finds the row in another status has nothing to send. One update for the
 * whole set. It writes no index, because it changes no indexed column: next_at keeps its value, which means nothing for
 * a SENT attempt. One that was queued on another timeline of the server may have been sent in a commit that is lost, and
 * is not claimed: see settle/doubt-queued.ts.
 */
const CLAIM: Statement = {
  name: "claim_attempts",
  text: `
    update attempts a
    set status = 'SENT', worker_id = ?, sends = a.sends + 1, sent_at = now()
    from (
      select q.merchant_id, q.id from (${lockKeys("attempts", ["timeline"])}) q
      where q.status = 'QUEUED' and q.next_at <= now()
        and coalesce(q.timeline = (select current_timeline()), true)
        and ${notHeld("q.merchant_id")}
    ) due
    where a.merchant_id = due.merchant_id and a.id = due.id
    returning ${TO_CALL}`,
};

export async function claimAttempts(
  db: Db,
  workerId: string,
  keys: readonly AttemptKey[],
): Promise<Attempt[]> {
  return run<Attempt>(db, CLAIM, [workerId, keysJson(keys)]);
}

/* Each claim is another sending, so its number tells a worker that has lost the attempt from the one that has it now. */
const KEEP_PROCESSOR_REF: Statement = {
  name: "keep_processor_ref",
  text: `
    update attempts set processor_ref = ?
    where merchant_id = ? and id = ? and status = 'SENT' and sends = ? and processor_ref is null
    returning id`,
};

/**
 * Commits what the processor calls what it has prepared, before it is sent; false when the attempt is no longer this
 * worker's to send.
 */
export async function keepProcessorRef(
  db: Db,
  { merchantId, id, sends }: Attempt,
  processorRef: string,
): Promise<boolean> {
  return (await run(db, KEEP_PROCESSOR_REF, [processorRef, merchantId, id, sends])).length > 0;
}

const LOCK: Statement = {
  name: "lock_attempts",
  text: `
    select ${TRACED_COLUMNS}, now() as "lockedAt", a.fee as "fee",
      a.challenge_expires_at as "challengeExpiresAt",
      json_build_object('merchantId', pi.merchant_id, 'id', pi.id, 'version', pi.version,
        'captureMethod', pi.capture_method, 'amountCapturing', pi.amount_capturing,
        'amountRefunding', pi.amount_refunding, 'attemptsMade', pi.attempts_made,
        'authorizationDueAt', iso(pi.authorization_due_at),
        'snapshot', payment_intent_snapshot(pi)) as "intent"
    from ${KEYS}
    join attempts a on a.merchant_id = k.merchant_id and a.id = k.id
    join payment_intents pi on pi.merchant_id = a.merchant_id and pi.id = a.payment_intent_id
    order by pi.merchant_id, pi.id, a.id
    for update of pi, a`,
};

export interface LockedAttempt extends Attempt {
  readonly intent: IntentState;
  /** By the database's clock. */
  readonly lockedAt: Date;
  readonly challengeExpiresAt: Date | null;
  /** What the processor keeps for it, minor units; null where it has not been told. */
  readonly fee: number | null;
}

/** The attempts with their intents, both locked, in the order in which everybody locks intents. */
export async function lockAttempts(tx: Tx, keys: readonly AttemptKey[]): Promise<LockedAttempt[]> {
  return run<LockedAttempt>(tx, LOCK, [keysJson(keys)]);
}

const FIND: Statement = {
  name: "find_attempts",
  text: `select ${ATTEMPT_COLUMNS} from attempts a where a.merchant_id = ? and a.id = any(?)`,
};

export async function findAttempts(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<Attempt[]> {
  return run<Attempt>(db, FIND, [merchantId, ids]);
}

/** The attempt that holds an intent's money at the processor: its charge or authorisation that succeeded, or that awaits the shopper. */
const FIND_CHARGE: Statement = {
  name: "find_charge_of_intent",
  text: `
    select ${ATTEMPT_COLUMNS} from attempts a
    where a.merchant_id = ? and a.payment_intent_id = ? and a.operation in ('charge', 'authorize')
      and a.status in ('SUCCEEDED', 'REQUIRES_ACTION')
    order by a.id desc limit 1`,
};

export async function findCharge(
  tx: Tx,
  merchantId: string,
  paymentIntentId: string,
): Promise<Attempt | undefined> {
  const [row] = await run<Attempt>(tx, FIND_CHARGE, [merchantId, paymentIntentId]);
  return row;
}

/** Under way, or holding money. A claim takes the same lock, so an attempt that has it is claimed before or never. */
const LOCK_CHARGE: Statement = {
  name: "lock_charge_to_cancel",
  text: `
    select ${ATTEMPT_COLUMNS} from attempts a
    where a.merchant_id = ? and a.payment_intent_id = ? and a.operation in ('charge', 'authorize')
      and (a.settled_at is null or a.status = 'SUCCEEDED')
    order by a.id desc limit 1 for update`,
};

export async function lockChargeToCancel(
  tx: Tx,
  merchantId: string,
  paymentIntentId: string,
): Promise<Attempt | undefined> {
  const [row] = await run<Attempt>(tx, LOCK_CHARGE, [merchantId, paymentIntentId]);
  return row;
}

/* Across merchants, in this one place: what is due, leased to whoever asks by moving it into the future. */
const TAKE_DUE: Statement = {
  name: "take_due_attempts",
  text: `
    update attempts a set next_at = now() + ? * interval '1 millisecond', lookups = a.lookups + 1
    from (
      select q.merchant_id, q.id from attempts q
      where q.settled_at is null and q.status in ('UNKNOWN', 'REQUIRES_ACTION')
        and q.next_at <= now() and ${notHeld("q.merchant_id")}
      order by q.next_at limit ? for update skip locked
    ) due
    where a.merchant_id = due.merchant_id and a.id = due.id
    returning ${TO_CALL},
      coalesce(extract(epoch from now() - a.sent_at) * 1000, 'Infinity')::float8 as "sentAgoMs",
      coalesce(a.timeline <> (select current_timeline()), false) as "isFromBefore",
      (extract(epoch from now() - a.created_at) * 1000)::float8 as "queuedAgoMs"`,
};

export interface DueAttempt extends Attempt {
  /** By the database's clock, when it was taken. */
  readonly sentAgoMs: number;
  /** The server was promoted or restored since it was queued: what it says of having been sent may be incomplete. */
  readonly isFromBefore: boolean;
  readonly queuedAgoMs: number;
  /** By this process' own clock, just before that. */
  readonly takenAtMs: number;
}

/** UNKNOWN attempts (and unanswered 3-D Secure ones) whose look-up is due; nobody else gets them for `leaseMs`. */
export async function takeDueAttempts(
  db: Db,
  options: { readonly leaseMs: number; readonly limit: number },
): Promise<DueAttempt[]> {
  const takenAtMs = performance.now();
  const due = await run<DueAttempt>(db, TAKE_DUE, [options.leaseMs, options.limit]);
  return due.map((attempt) => ({ ...attempt, takenAtMs }));
}

const BEGIN_REVERSAL: Statement = {
  name: "begin_attempt_reversal",
  text: `
    update attempts set reversing = true
    where merchant_id = ? and id = ? and status in ('UNKNOWN', 'REQUIRES_ACTION') returning id`,
};

/**
 * Commits that an attempt is going to be undone, before the processor is told; false when it has been settled
 * meanwhile. A worker that was presumed dead may be about to settle the answer it received, which the reversal would
 * then undo without the books knowing. So one of the two must win, and it is decided here.
 */
export async function beginReversal(db: Db, { merchantId, id }: AttemptKey): Promise<boolean> {
  return (await run(db, BEGIN_REVERSAL, [merchantId, id])).length > 0;
}

const FIND_UNSENT: Statement = {
  name: "find_unsent_attempts",
  text: `
    select q.merchant_id as "merchantId", q.id as "id" from attempts q
    where q.settled_at is null and q.status = 'QUEUED'
      and q.next_at <= now() - ? * interval '1 millisecond' and ${notHeld("q.merchant_id")}
    order by q.next_at limit ?`,
};

/** QUEUED attempts that no job seems to carry any more: due for longer than a job needs to reach a worker. */
export async function findUnsentAttempts(
  db: Db,
  options: { readonly overdueMs: number; readonly limit: number },
): Promise<AttemptKey[]> {
  return run<AttemptKey>(db, FIND_UNSENT, [options.overdueMs, options.limit]);
}
