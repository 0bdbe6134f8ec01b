import type { Db, Statement } from "../db/db";
import { isLockTimeout, violatedConstraint } from "../db/errors";
import { runAlone } from "../db/transact";
import { API_VERSION } from "../events/event-types";
import { SEALED_PART, joinPersonalKey } from "../events/personal-data";
import { failpoint } from "../failpoints";
import { verdict, wrongState } from "../failures";
import {
  type FinishedRecord,
  type KeyedOperation,
  type Outcome,
  type StoredKeyRecord,
  findKey,
  keyInUse,
  keyReused,
  openRecord,
  replay,
} from "../idempotency/keys";
import type { Keep } from "../idempotency/replay-cache/replay-cache";
import { newId } from "../ids";
import { idempotencyOutcomes, setSizes } from "../observability/metrics";
import type { TracedCommand } from "../observability/tracing";
import { IS_CLOSED, ROUTED, ROUTED_COLUMNS, UNROUTED } from "../processor-accounts/route";
import { explainRefusal, explained } from "./confirm-refusal";
import type { PaymentIntent } from "./payment-intent";
import { findIntentByConfirmKey } from "./payment-store";
import {
  CONFIRM,
  findFormerConfirmation,
  isShoppersAttempt,
  isShoppersRecord,
} from "./shopper-key";

/*
 * Guarantees: an intent that may be confirmed is PROCESSING afterwards, with exactly one attempt queued for it;
 * any other is left as it is, and the verdict is kept under the key. It never waits for a processor: the outbox row is
 * what makes a worker charge the card. A crash leaves all of it or nothing.
 *
 * Cost: one round trip for the whole set, also for replays; per intent one update and five inserts, and one probe of an
 * index for the merchant's rules of where it goes. A shopper's key costs a look for a record and for an attempt from before
 * such keys were scoped to their intent.
 */

export interface ConfirmPaymentIntent extends TracedCommand {
  readonly merchantId: string;
  readonly actor: string;
  /** A shopper's is scoped to the intent: see shopper-key.ts. */
  readonly key: string;
  /** A shopper's key as it was sent, under which it was stored before. */
  readonly formerKey?: string | undefined;
  readonly fingerprint: string;
  readonly paymentIntentId: string;
  readonly paymentMethod: string | null;
  readonly returnUrl: string | null;
  readonly processor: string;
  /** Told of the key's record, for the replay cache. */
  readonly keep?: Keep;
}

export const confirmOperation: KeyedOperation<PaymentIntent> = {
  name: CONFIRM,
  findMade: async (db, merchantId, key) => {
    const made = await findIntentByConfirmKey(db, merchantId, key);
    return made && { firstSeenAt: made.confirmedAt, result: made.intent };
  },
  spentKey: "attempts_spent_key",
  explain: explainRefusal,
};

// Used only within the statement: a key that has already confirmed an intent, so that nothing is written.
const SPENT = "SPENT";

interface Row extends StoredKeyRecord {
  readonly n: number;
  readonly executed: boolean;
  /** What the event's object lacks, because it is sealed beside it. */
  readonly clear: object | null;
}

/*
 * Intents are locked before keys are inserted, in every statement that does both, and each in sorted order:
 * so no two transactions can wait for each other. The verdict is made from the locked row, not from the
 * statement's snapshot; it is written with the key, in the same insert. The fence: see planner.ts.
 */
const CONFIRM_PAYMENT_INTENTS: Statement = {
  name: "confirm_payment_intents",
  text: `
    with command as materialized (
      select * from jsonb_to_recordset(?) as c (n int, merchant_id text, actor text, key text,
        fingerprint text, payment_intent_id text, payment_method text, return_url text,
        processor text, attempt_id text, event_id text, former_key text, traceparent text)
    ), known as materialized (
      select c.n, c.merchant_id, k.fingerprint, k.created_at, k.event_id, k.failure_code,
        k.failure_details
      from command c cross join lateral (
        select k.* from idempotency_keys k
        where k.merchant_id = c.merchant_id and k.operation = '${CONFIRM}'
          and k.key = any (array[c.key, c.former_key])
          and (k.key = c.key or ${isShoppersRecord("k", "c.payment_intent_id")})
        offset 0
      ) k
    ), locked as materialized (
      select pi.merchant_id, pi.id, pi.status, pi.payment_method, pi.amount, pi.currency,
        pi.capture_method, pi.attempts_made,
        -- Whole, and so dearer to carry, only where it may be refused: what it allows is kept then.
        case when pi.status <> 'REQUIRES_CONFIRMATION' then pi end as intent
      from command c
      join payment_intents pi on pi.merchant_id = c.merchant_id and pi.id = c.payment_intent_id
      where not exists (select from known k where k.n = c.n)
      order by pi.merchant_id, pi.id
      for update of pi
    ), judged as materialized (
      select c.*, l.status, l.intent, ${ROUTED_COLUMNS},
        case
          when l.id is null then 'NOT_FOUND'
          when c.former_key is not null and (select 1 from attempts a
            where a.merchant_id = c.merchant_id and a.idempotency_key = c.former_key
              and a.payment_intent_id = c.payment_intent_id
              and ${isShoppersAttempt("a")}) is not null
            then '${SPENT}'
          when l.status = 'REQUIRES_CONFIRMATION'
            or l.status = 'REQUIRES_PAYMENT_METHOD' and c.payment_method is not null
            then case when ${IS_CLOSED} then '${UNROUTED}' end
          -- A refusal may be the effect of what this very key did, long ago, when its record has
          -- expired. Asked only then, and as a scalar, because the planner may answer an EXISTS by
          -- reading the whole table.
          when (select 1 from attempts a
            where a.merchant_id = c.merchant_id and a.idempotency_key = c.key) is not null
            then '${SPENT}'
          else 'INVALID_STATE'
        end as failure_code
      from command c
      left join locked l on l.merchant_id = c.merchant_id and l.id = c.payment_intent_id
      ${ROUTED}
      where not exists (select from known k where k.n = c.n)
    ), keyed as (
      insert into idempotency_keys
        (merchant_id, operation, key, fingerprint, event_id, failure_code, failure_details,
          refused_id)
      select j.merchant_id, '${CONFIRM}', j.key, decode(j.fingerprint, 'hex'),
        case when j.failure_code is null then j.event_id end, j.failure_code,
        case when j.failure_code is not null then jsonb_build_object(
          'id', j.payment_intent_id,
          'by', j.actor,
          'intent', (
            select jsonb_build_object(
              'status', s.it -> 'status', 'amountAuthorized', s.it -> 'amountAuthorized',
              'amountCapturable', s.it -> 'amountCapturable',
              'amountCaptured', s.it -> 'amountCaptured',
              'amountRefundable', s.it -> 'amountRefundable',
              'cancellationRequestedAt', s.it -> 'cancellationRequestedAt',
              'amountDisputed', s.it -> 'amountDisputed')
            from (select payment_intent_snapshot(j.intent) as it offset 0) s
            where j.status is not null)) end,
        case when j.failure_code is not null then j.payment_intent_id end
      from judged j
      where j.failure_code is null or j.failure_code not in ('${SPENT}', '${UNROUTED}')
      order by j.merchant_id, j.key
      on conflict do nothing
      returning merchant_id, key, fingerprint, created_at, failure_code, failure_details
    ), intent as (
      update payment_intents pi
      set status = 'PROCESSING',
        payment_method = coalesce(j.payment_method, pi.payment_method), last_payment_error = null,
        attempts_made = pi.attempts_made + 1, version = pi.version + 1, updated_at = now()
      from judged j join keyed k on k.merchant_id = j.merchant_id and k.key = j.key
      where j.failure_code is null
        and pi.merchant_id = j.merchant_id and pi.id = j.payment_intent_id
      returning pi.merchant_id, pi.id, pi.version, pi.amount, pi.currency, pi.payment_method,
        case pi.capture_method when 'MANUAL' then 'authorize' else 'charge' end as operation,
        payment_intent_record(pi) as record, pi.personal as sealed,
        case when pi.personal is not null then json_build_object('description', pi.description,
          'customer', pi.customer, 'metadata', pi.metadata, 'personalDataErasedAt', null)
        end as clear, j.n, j.status as from_status, j.actor, j.key,
        j.return_url, j.routed_to as processor, j.account_id, j.attempt_id, j.event_id,
        j.traceparent, k.created_at, k.fingerprint
    ), attempt as (
      insert into attempts (merchant_id, id, payment_intent_id, operation, status, processor,
        processor_account_id, amount, currency, payment_method, return_url, idempotency_key,
        traceparent)
      select merchant_id, attempt_id, id, operation, 'QUEUED', processor,
        account_id, amount, currency, payment_method, return_url, key, traceparent
      from intent
    ), transition as (
      insert into transitions (merchant_id, payment_intent_id, version, from_status, to_status,
        event_id, actor, cause, amount, terminal)
      select merchant_id, id, version, from_status, 'PROCESSING',
        event_id, actor, '${CONFIRM}', amount, false
      from intent
    ), event as (
      insert into events (merchant_id, id, type, api_version, subject_id, sequence, object,
        personal)
      select merchant_id, event_id, 'payment_intent.processing', '${API_VERSION}', id, version,
        record, sealed
      from intent
    ), message as (
      insert into outbox (merchant_id, event_id, attempt_id, traceparent)
      select merchant_id, event_id, attempt_id, traceparent from intent order by n
    )
    select n, true as "executed", encode(fingerprint, 'hex') as "fingerprint",
      iso(created_at) as "firstSeenAt", record as "result", clear,
      null as "failureCode", null::jsonb as "failureDetails",
      null as "subjectId", null::bytea as "personal", null::bytea as "personalKey",
      null as "personalDataErasedAt"
    from intent
    union all
    select j.n, true, encode(k.fingerprint, 'hex'), iso(k.created_at), null, null,
      k.failure_code, k.failure_details, null, null, null, null
    from judged j join keyed k on k.merchant_id = j.merchant_id and k.key = j.key
    where k.failure_code is not null
    union all
    select j.n, false, null, null, null, null, j.failure_code, null, null, null, null, null
    from judged j where j.failure_code = '${UNROUTED}'
    union all
    select k.n, false, encode(k.fingerprint, 'hex'), iso(k.created_at), e.object, null,
      k.failure_code, k.failure_details, ${SEALED_PART}
    from known k left join events e on e.merchant_id = k.merchant_id and e.id = k.event_id
    ${joinPersonalKey()}`,
};

export type ConfirmResult = Outcome<PaymentIntent> | Error;

export async function confirmPaymentIntents(
  db: Db,
  commands: readonly ConfirmPaymentIntent[],
): Promise<ConfirmResult[]> {
  setSizes.observe({ operation: CONFIRM }, commands.length);
  const fired = failpoint("api.before_commit");
  if (fired) await fired;
  const rows = await runAlone<Row>(db, CONFIRM_PAYMENT_INTENTS, [
    JSON.stringify(
      commands.map((command, n) => ({
        n,
        merchant_id: command.merchantId,
        actor: command.actor,
        key: command.key,
        fingerprint: command.fingerprint,
        payment_intent_id: command.paymentIntentId,
        payment_method: command.paymentMethod,
        return_url: command.returnUrl,
        processor: command.processor,
        attempt_id: newId("attempt"),
        event_id: newId("event"),
        former_key: command.formerKey,
        traceparent: command.traceparent,
      })),
    ),
  ]);
  const firedAfter = failpoint("api.after_commit");
  if (firedAfter) await firedAfter;
  const byCommand = new Map(rows.map((row) => [row.n, row]));
  return Promise.all(commands.map((command, n) => toResult(db, command, byCommand.get(n))));
}

/** A set of one, whose failure is thrown. */
export async function confirmOne(db: Db, command: ConfirmPaymentIntent): Promise<ConfirmResult> {
  try {
    const [result] = await confirmPaymentIntents(db, [command]);
    return result as ConfirmResult;
  } catch (error) {
    if (isLockTimeout(error)) return keyInUse(nameOf(command));
    if (violatedConstraint(error) === confirmOperation.spentKey) return replaySpent(db, command);
    throw error;
  }
}

async function toResult(
  db: Db,
  command: ConfirmPaymentIntent,
  row: Row | undefined,
): Promise<ConfirmResult> {
  if (row?.executed) {
    idempotencyOutcomes.inc({ operation: CONFIRM, outcome: "executed" });
    if (row.failureCode !== null) {
      command.keep?.(row);
      return verdict({ code: row.failureCode, details: explainRefusal(row.failureDetails ?? {}) });
    }
    const result = Object.assign(row.result as PaymentIntent, row.clear);
    // As it is shown, which is what a repeat is to be shown.
    command.keep?.({ ...row, result });
    return { status: "EXECUTED", firstSeenAt: row.firstSeenAt, result };
  }
  if (row && isUnrouted(row)) return noAccount(command);
  const record = row ? openRecord(row) : await findKey(db, nameOf(command));
  if (!record) return replaySpent(db, command);
  command.keep?.(record);
  return replayConfirm(command, record);
}

/** Never stored: the key stays usable, for when there is an account that takes it. */
function isUnrouted({ failureCode }: { readonly failureCode: string | null }): boolean {
  return failureCode === UNROUTED;
}

function noAccount({ paymentIntentId: id }: ConfirmPaymentIntent): Error {
  const because = "The processor account that it would go to is disabled.";
  return verdict(wrongState({ id, because, currentState: UNROUTED, allowedActions: [] }));
}

/** The answer to a repeat, from the record of its key. */
export function replayConfirm(
  command: ConfirmPaymentIntent,
  record: FinishedRecord,
): ConfirmResult {
  try {
    return replay<PaymentIntent>(nameOf(command), command.fingerprint, explained(record));
  } catch (error) {
    return error as Error;
  }
}

function nameOf({ merchantId, key }: ConfirmPaymentIntent) {
  return { merchantId, operation: CONFIRM, key };
}

async function replaySpent(db: Db, command: ConfirmPaymentIntent): Promise<ConfirmResult> {
  const { merchantId, key, formerKey } = command;
  const former = formerKey === undefined ? undefined : { ...command, key: formerKey };
  const spent =
    (await findIntentByConfirmKey(db, merchantId, key)) ??
    (former && (await findFormerConfirmation(db, former)));
  if (!spent) return keyInUse(nameOf(command));
  if (spent.intent.id !== command.paymentIntentId) {
    return keyReused(nameOf(command), spent.confirmedAt);
  }
  idempotencyOutcomes.inc({ operation: CONFIRM, outcome: "replayed" });
  return { status: "REPLAYED", firstSeenAt: spent.confirmedAt, result: spent.intent };
}
