import { type Statement, type Tx, run } from "../db/db";
import { pipelined } from "../db/pipelined";
import { API_VERSION } from "../events/event-types";
import { insertEvidence } from "./evidence-store";
import { insertJournals } from "../ledger/ledger-store";
import type { Change, IntentChange, NewCapture, PartChange } from "./change";
import type { Capture, Refund } from "./payment-intent";
import { insertRefunds } from "./refund-store";
import { rewriteIntents } from "./rewrite-store";
import { insertAttempts, updateAttempts } from "./write-attempts";

/**
 * Writes what use cases have decided, in sets: one statement for each kind of row, however many changes there are. The
 * intents are locked already, and the callers have sorted them.
 */
export async function writeChanges(tx: Tx, changes: readonly Change[]): Promise<void> {
  const intents = pick(changes, "intent");
  const journals = changes.flatMap((change) => change.journals ?? []);
  const evidence = changes.flatMap((change) => change.evidence ?? []);
  await pipelined([
    updateIntents(
      tx,
      intents.filter(({ rewrite }) => rewrite === undefined),
    ),
    rewriteIntents(tx, intents),
    updateAttempts(tx, pick(changes, "attempt")),
    updateParts(tx, UPDATE_CAPTURES, pick(changes, "capture")),
    updateParts(tx, UPDATE_REFUNDS, pick(changes, "refund")),
    insertCaptures(tx, pick(changes, "newCapture")),
    insertRefunds(tx, pick(changes, "newRefund")),
    insertAttempts(tx, changes),
    insertJournals(tx, journals),
    insertEvidence(tx, evidence),
    // Last, because the events take their snapshots from the rows as they stand now.
    appendSteps(tx, changes),
  ]);
}

function pick<Name extends Exclude<keyof Change, "journals" | "evidence" | "traceparent">>(
  changes: readonly Change[],
  name: Name,
): NonNullable<Change[Name]>[] {
  return changes.map((change) => change[name]).filter((part) => part !== undefined);
}

const UPDATE_INTENTS: Statement = {
  name: "update_payment_intents",
  text: `
    update payment_intents pi
    set status = c.status, version = c.version, amount_authorized = c.amount_authorized,
      amount_capturing = c.amount_capturing, amount_captured = c.amount_captured,
      amount_refunding = c.amount_refunding, amount_refunded = c.amount_refunded,
      amount_disputed = c.amount_disputed,
      payment_method = c.payment_method, last_payment_error = c.last_payment_error,
      next_action = c.next_action, cancellation_reason = c.cancellation_reason, updated_at = now(),
      cancellation_requested_at = case when c.cancellation_requested
        then coalesce(pi.cancellation_requested_at, now()) end,
      authorization_expired_at = case when c.authorization_expired
        then coalesce(pi.authorization_expired_at, now()) end,
      authorization_expires_at = c.authorization_expires_at,
      authorization_due_at = c.authorization_due_at,
      personal_key = coalesce(decode(c.personal_key, 'base64'), pi.personal_key)
    from jsonb_to_recordset(?) as c (merchant_id text, id text, from_version int, version int,
      status text, amount_authorized bigint, amount_capturing bigint, amount_captured bigint,
      amount_refunding bigint, amount_refunded bigint, amount_disputed bigint, payment_method text,
      last_payment_error jsonb, next_action jsonb, cancellation_reason text, personal_key text,
      cancellation_requested boolean, authorization_expired boolean,
      authorization_expires_at timestamptz, authorization_due_at timestamptz)
    where pi.merchant_id = c.merchant_id and pi.id = c.id and pi.version = c.from_version
    returning pi.id`,
};

async function updateIntents(tx: Tx, changes: readonly IntentChange[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ merchantId, id, fromVersion, set, steps, personalKey }) => ({
    merchant_id: merchantId,
    id,
    personal_key: personalKey?.toString("base64"),
    from_version: fromVersion,
    version: fromVersion + steps.length,
    status: set.status,
    amount_authorized: set.amountAuthorized,
    amount_capturing: set.amountCapturing,
    amount_captured: set.amountCaptured,
    amount_refunding: set.amountRefunding,
    amount_refunded: set.amountRefunded,
    amount_disputed: set.amountDisputed,
    payment_method: set.paymentMethod,
    last_payment_error: set.lastPaymentError,
    next_action: set.nextAction,
    cancellation_reason: set.cancellationReason,
    cancellation_requested: set.cancellationRequested,
    authorization_expired: set.authorizationExpired,
    authorization_expires_at: set.authorizationExpiresAt,
    authorization_due_at: set.authorizationDueAt,
  }));
  const updated = await run(tx, UPDATE_INTENTS, [JSON.stringify(rows)]);
  if (updated.length !== changes.length) {
    throw new Error("a locked payment intent was not at the version its change was decided on");
  }
}

const PART_COLUMNS = "(merchant_id text, id text, status text, failure_code text)";
const UPDATE_CAPTURES: Statement = {
  name: "update_captures",
  text: `
    update captures p set status = c.status, failure_code = c.failure_code, updated_at = now()
    from jsonb_to_recordset(?) as c ${PART_COLUMNS}
    where p.merchant_id = c.merchant_id and p.id = c.id`,
};
const UPDATE_REFUNDS: Statement = {
  name: "update_refunds",
  text: `
    update refunds p set status = c.status, failure_code = c.failure_code, updated_at = now()
    from jsonb_to_recordset(?) as c ${PART_COLUMNS}
    where p.merchant_id = c.merchant_id and p.id = c.id`,
};

async function updateParts(
  tx: Tx,
  statement: Statement,
  changes: readonly PartChange<Capture | Refund>[],
): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map((change) => ({
    merchant_id: change.merchantId,
    id: change.id,
    status: change.status,
    failure_code: change.failureCode,
  }));
  await run(tx, statement, [JSON.stringify(rows)]);
}

const INSERT_CAPTURES: Statement = {
  name: "insert_captures",
  text: `
    insert into captures (merchant_id, id, payment_intent_id, status, amount, currency, final,
      idempotency_key)
    select merchant_id, id, payment_intent_id, 'PENDING', amount, currency, final, key
    from jsonb_to_recordset(?) as c (merchant_id text, id text, payment_intent_id text,
      amount bigint, currency text, final boolean, key text)`,
};

async function insertCaptures(tx: Tx, captures: readonly NewCapture[]): Promise<void> {
  if (captures.length === 0) return;
  const rows = captures.map(({ merchantId, paymentIntentId, ...rest }) => ({
    merchant_id: merchantId,
    payment_intent_id: paymentIntentId,
    ...rest,
  }));
  await run(tx, INSERT_CAPTURES, [JSON.stringify(rows)]);
}

const APPEND_STEPS: Statement = {
  name: "append_steps",
  text: `
    with step as materialized (
      select * from jsonb_to_recordset(?) as s (n int, merchant_id text, payment_intent_id text,
        version int, event_id text, type text, object_id text, from_status text, to_status text,
        actor text, cause text, amount bigint, terminal boolean, attempt_id text,
        traceparent text)
    ), transition as (
      insert into transitions (merchant_id, payment_intent_id, version, from_status, to_status,
        event_id, actor, cause, amount, terminal)
      select merchant_id, payment_intent_id, version, from_status, to_status, event_id, actor,
        cause, amount, terminal from step
    ), event as (
      insert into events (merchant_id, id, type, api_version, subject_id, sequence, object,
        personal)
      select s.merchant_id, s.event_id, s.type, '${API_VERSION}', s.payment_intent_id, s.version,
        o.object, o.personal
      from step s
      left join lateral (
        select payment_intent_record(pi) as object, pi.personal from payment_intents pi
        where s.object_id like 'pi\\_%' and pi.merchant_id = s.merchant_id and pi.id = s.object_id
        union all
        select refund_record(r), r.personal from refunds r
        where s.object_id like 're\\_%' and r.merchant_id = s.merchant_id and r.id = s.object_id
        union all
        select capture_snapshot(c), null from captures c
        where s.object_id like 'cap\\_%' and c.merchant_id = s.merchant_id and c.id = s.object_id
        offset 0
      ) o on true
    )
    insert into outbox (merchant_id, event_id, attempt_id, traceparent)
    select merchant_id, event_id, attempt_id, traceparent from step order by n`,
};

async function appendSteps(tx: Tx, changes: readonly Change[]): Promise<void> {
  const rows = changes.flatMap(({ intent, traceparent }) =>
    intent ? stepRows(intent, traceparent) : [],
  );
  if (rows.length === 0) return;
  await run(tx, APPEND_STEPS, [JSON.stringify(rows.map((row, n) => ({ n, ...row })))]);
}

function stepRows(
  { merchantId, id, fromVersion, steps }: IntentChange,
  traceparent: Change["traceparent"],
): object[] {
  return steps.map((step, index) => ({
    merchant_id: merchantId,
    payment_intent_id: id,
    version: fromVersion + index + 1,
    event_id: step.eventId,
    type: step.type,
    object_id: step.objectId,
    from_status: step.from,
    to_status: step.to,
    actor: step.actor,
    cause: step.cause,
    amount: step.amount,
    terminal: step.terminal,
    attempt_id: step.attemptId,
    traceparent,
  }));
}
