import type { Db, Statement } from "../db/db";
import { isLockTimeout, violatedConstraint } from "../db/errors";
import { runAlone } from "../db/transact";
import { API_VERSION } from "../events/event-types";
import {
  type PersonalData,
  SEALED_PART,
  isBlank,
  joinPersonalKey,
  newPersonalKey,
  personalDataOf,
  sealPersonalData,
} from "../events/personal-data";
import { failpoint } from "../failpoints";
import { verdict } from "../failures";
import {
  type FinishedRecord,
  type KeyedOperation,
  type Outcome,
  type StoredKeyRecord,
  findKey,
  keyInUse,
  keyReused,
  madeBy,
  openRecord,
  replay,
} from "../idempotency/keys";
import type { Keep } from "../idempotency/replay-cache/replay-cache";
import { newId } from "../ids";
import { idempotencyOutcomes, setSizes } from "../observability/metrics";
import type { TracedCommand } from "../observability/tracing";
import type { AuthorizationExpiryPolicy, CaptureMethod, PaymentIntent } from "./payment-intent";
import { findIntentByKey } from "./payment-store";
import { HELD_REFERENCE, HOLDS_REFERENCE } from "./unique-reference";

/*
 * Guarantees: one intent for one (merchant, key), with its transition, its event and its outbox row, or
 * nothing at all. A crash leaves either all of it committed, and the repeat replays it, or nothing. With
 * `uniqueReference`, one intent for one (merchant, reference) as well: any other is refused with the id of the first,
 * and the verdict is kept under the key; the unique index decides. FAILED and CANCELED give the reference up.
 *
 * Cost: one round trip for the whole set, also for replays and refusals; six rows for each intent. What is personal is
 * sealed here, once for all of the intent's events (some microseconds); a replay of it reads one row more. A unique
 * reference costs a probe and an index entry. Where two transactions ask for one reference at the same moment, the
 * later one is asked a second time.
 */

export const CREATE = "createPaymentIntent";

export const createOperation: KeyedOperation<PaymentIntent> = {
  name: CREATE,
  findMade: madeBy(findIntentByKey),
  spentKey: "payment_intents_spent_key",
};

export interface CreatePaymentIntent extends TracedCommand {
  readonly merchantId: string;
  readonly actor: string;
  readonly key: string;
  /** Hex SHA-256 of the coerced input; see src/idempotency/fingerprint.ts. */
  readonly fingerprint: string;
  /** Minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: CaptureMethod;
  /** Null or absent: NOTIFY. Only where the capture method is MANUAL. */
  readonly authorizationExpiryPolicy?: AuthorizationExpiryPolicy | null;
  readonly paymentMethod: string | null;
  readonly description: string | null;
  readonly customer: string | null;
  readonly merchantReference: string | null;
  /** Whether the intent is to hold its reference, which no other intent that holds one may then have. */
  readonly uniqueReference: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** Told of the key's record, for the replay cache. */
  readonly keep?: Keep;
}

interface Row extends StoredKeyRecord {
  readonly n: number;
  readonly executed: boolean;
}

// Keys are inserted in the order of (merchant, key), and after all of them intents in the order of their references, so
// that two sets with common keys or references cannot deadlock. Known keys are probed one by one, behind a fence: see
// planner.ts.
const CREATE_PAYMENT_INTENTS: Statement = {
  name: "create_payment_intents",
  text: `
    with command as materialized (
      select * from jsonb_to_recordset(?) as c (n int, merchant_id text, actor text, key text,
        fingerprint text, id text, event_id text, status text, amount bigint, currency text,
        capture_method text, payment_method text, description text, customer text,
        merchant_reference text, unique_reference boolean, metadata jsonb, personal_key text,
        personal text, authorization_expiry_policy text, traceparent text)
    ), known as materialized (
      select c.n, k.fingerprint, k.created_at, k.event_id, k.failure_code, k.failure_details,
        c.merchant_id
      from command c cross join lateral (
        select k.* from idempotency_keys k
        where k.merchant_id = c.merchant_id and k.operation = '${CREATE}' and k.key = c.key offset 0
      ) k
    ), held as materialized (
      select c.n, h.id
      from command c cross join lateral (
        select pi.id, (select 1 from payment_intents own
          where own.merchant_id = c.merchant_id and own.idempotency_key = c.key) as spent
        from payment_intents pi
        where c.unique_reference and pi.merchant_id = c.merchant_id
          and pi.merchant_reference = c.merchant_reference and ${HOLDS_REFERENCE} offset 0
      ) h
      -- A key that made an intent long ago, and whose record has expired, is not refused here.
      where h.spent is null
    ), keyed as (
      insert into idempotency_keys
        (merchant_id, operation, key, fingerprint, event_id, failure_code, failure_details,
          refused_id)
      select c.merchant_id, '${CREATE}', c.key, decode(c.fingerprint, 'hex'),
        case when h.id is null then c.event_id end,
        case when h.id is not null then 'DUPLICATE_REFERENCE' end,
        case when h.id is not null then jsonb_build_object('id', h.id) end, h.id
      from command c left join held h on h.n = c.n
      where not exists (select from known k where k.n = c.n)
      order by c.merchant_id, c.key
      on conflict do nothing
      returning merchant_id, key, event_id, fingerprint, created_at, failure_code, failure_details
    ), fresh as materialized (
      select c.*, k.created_at, k.fingerprint as stored_fingerprint
      from command c join keyed k on k.event_id = c.event_id
    ), intent as (
      insert into payment_intents as pi (merchant_id, id, status, amount, currency,
        capture_method, payment_method, description, customer, merchant_reference,
        unique_reference, metadata, personal_key, personal, idempotency_key,
        authorization_expiry_policy)
      select merchant_id, id, status, amount, currency,
        capture_method, payment_method, description, customer, merchant_reference,
        unique_reference, metadata, decode(personal_key, 'base64'), decode(personal, 'base64'), key,
        authorization_expiry_policy
      from fresh
      order by merchant_id, case when unique_reference then merchant_reference end collate "C", id
      returning pi.id, payment_intent_record(pi) as record, pi.personal as sealed
    ), made as materialized (
      select f.n, f.merchant_id, f.id, f.event_id, f.status, f.actor, f.amount, f.created_at,
        f.stored_fingerprint, f.traceparent, i.record, i.sealed
      from fresh f join intent i on i.id = f.id
    ), transition as (
      insert into transitions (merchant_id, payment_intent_id, version, from_status, to_status,
        event_id, actor, cause, amount, terminal)
      select merchant_id, id, 1, null, status, event_id, actor, '${CREATE}', amount, false
      from made
    ), event as (
      insert into events (merchant_id, id, type, api_version, subject_id, sequence, object,
        personal)
      select merchant_id, event_id, 'payment_intent.created', '${API_VERSION}', id, 1, record,
        sealed
      from made
    ), message as (
      insert into outbox (merchant_id, event_id, traceparent)
      select merchant_id, event_id, traceparent from made order by n
    )
    select n, true as "executed", encode(stored_fingerprint, 'hex') as "fingerprint",
      iso(created_at) as "firstSeenAt", record as "result",
      null as "failureCode", null::jsonb as "failureDetails",
      null as "subjectId", null::bytea as "personal", null::bytea as "personalKey",
      null as "personalDataErasedAt"
    from made
    union all
    select c.n, true, encode(k.fingerprint, 'hex'), iso(k.created_at), null,
      k.failure_code, k.failure_details, null, null, null, null
    from command c join keyed k on k.merchant_id = c.merchant_id and k.key = c.key
    where k.failure_code is not null
    union all
    select k.n, false, encode(k.fingerprint, 'hex'), iso(k.created_at), e.object,
      k.failure_code, k.failure_details, ${SEALED_PART}
    from known k left join events e on e.merchant_id = k.merchant_id and e.id = k.event_id
    ${joinPersonalKey()}`,
};

const NOT_ERASED = { personalDataErasedAt: null };

export type CreateResult = Outcome<PaymentIntent> | Error;

/** Each result belongs to its command; a failure is returned, not thrown, so that it stays with its command. */
export async function createPaymentIntents(
  db: Db,
  commands: readonly CreatePaymentIntent[],
): Promise<CreateResult[]> {
  setSizes.observe({ operation: CREATE }, commands.length);
  const fired = failpoint("api.before_commit");
  if (fired) await fired;
  const rows = await runAlone<Row>(db, CREATE_PAYMENT_INTENTS, [
    JSON.stringify(commands.map((command, n) => toRow(command, n))),
  ]);
  const firedAfter = failpoint("api.after_commit");
  if (firedAfter) await firedAfter;
  const byCommand = new Map(rows.map((row) => [row.n, row]));
  return Promise.all(commands.map((command, n) => toResult(db, command, byCommand.get(n))));
}

const TRIES_MAX = 5;

/** A set of one, whose failure is thrown: group commit's last resort, and the plain way to call it. */
export async function createOne(
  db: Db,
  command: CreatePaymentIntent,
  tries = 1,
): Promise<CreateResult> {
  try {
    const [result] = await createPaymentIntents(db, [command]);
    return result as CreateResult;
  } catch (error) {
    if (isLockTimeout(error)) return keyInUse({ ...command, operation: CREATE });
    if (violatedConstraint(error) === createOperation.spentKey) return replaySpent(db, command);
    // Another intent with this reference was committed while the statement ran. Now the statement finds it.
    const isHeld = violatedConstraint(error) === HELD_REFERENCE;
    if (isHeld && tries < TRIES_MAX) return createOne(db, command, tries + 1);
    throw error;
  }
}

function toRow(command: CreatePaymentIntent, n: number): Record<string, unknown> {
  return {
    n,
    merchant_id: command.merchantId,
    actor: command.actor,
    key: command.key,
    fingerprint: command.fingerprint,
    id: newId("paymentIntent"),
    event_id: newId("event"),
    status: command.paymentMethod === null ? "REQUIRES_PAYMENT_METHOD" : "REQUIRES_CONFIRMATION",
    amount: command.amount,
    currency: command.currency,
    capture_method: command.captureMethod,
    payment_method: command.paymentMethod,
    description: command.description,
    customer: command.customer,
    merchant_reference: command.merchantReference,
    unique_reference: command.uniqueReference,
    metadata: command.metadata,
    authorization_expiry_policy: command.authorizationExpiryPolicy,
    traceparent: command.traceparent,
    ...(!isBlank(command) && sealed(command)),
  };
}

function sealed(data: PersonalData): { personal_key: string; personal: string } {
  const key = newPersonalKey();
  const personal = sealPersonalData(key, personalDataOf(data));
  return { personal_key: key.toString("base64"), personal: personal.toString("base64") };
}

async function toResult(
  db: Db,
  command: CreatePaymentIntent,
  row: Row | undefined,
): Promise<CreateResult> {
  const name = { merchantId: command.merchantId, operation: CREATE, key: command.key };
  if (row?.executed) {
    idempotencyOutcomes.inc({ operation: CREATE, outcome: "executed" });
    if (row.failureCode !== null) {
      command.keep?.(row);
      return verdict({ code: row.failureCode, details: row.failureDetails ?? {} });
    }
    // The event's object, with what was sealed beside it.
    const shown = Object.assign(row.result as PaymentIntent, personalDataOf(command), NOT_ERASED);
    // As it is shown, which is what a repeat is to be shown.
    command.keep?.({ ...row, result: shown });
    return { status: "EXECUTED", firstSeenAt: row.firstSeenAt, result: shown };
  }
  // Neither created nor found: a duplicate committed after this statement's snapshot was taken. It is there now.
  const record = row ? openRecord(row) : await findKey(db, name);
  if (!record) return keyInUse(name);
  command.keep?.(record);
  return replayCreate(command, record);
}

/** The answer to a repeat, from the record of its key. */
export function replayCreate(command: CreatePaymentIntent, record: FinishedRecord): CreateResult {
  const { merchantId, key, fingerprint } = command;
  try {
    return replay<PaymentIntent>({ merchantId, operation: CREATE, key }, fingerprint, record);
  } catch (error) {
    return error as Error;
  }
}

/**
 * The key's record has expired, but the intent it created still exists: the answer is that intent, as it stands now.
 */
async function replaySpent(db: Db, command: CreatePaymentIntent): Promise<CreateResult> {
  const intent = await findIntentByKey(db, command.merchantId, command.key);
  const name = { ...command, operation: CREATE };
  if (!intent) return keyInUse(name);
  // The fingerprint has expired with the record; only the money is left to tell a retry from a different request.
  if (intent.amount !== command.amount || intent.currency !== command.currency) {
    return keyReused(name, intent.createdAt);
  }
  idempotencyOutcomes.inc({ operation: CREATE, outcome: "replayed" });
  return { status: "REPLAYED", firstSeenAt: intent.createdAt, result: intent };
}
