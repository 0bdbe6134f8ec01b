import type { AuditDetails } from "../audit-log/entry";
import { type AuditedWrite, recordKeyed } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import { pipelined } from "../db/pipelined";
import { beforeWriting, isLockTimeout, violatedConstraint } from "../db/errors";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import { type FailureDetails, verdict } from "../failures";
import { idempotencyOutcomes } from "../observability/metrics";
import {
  SEALED_PART,
  type SealedPart,
  joinPersonalKey,
  openSnapshot,
} from "../events/personal-data";
import type { SecretBox } from "../security/secrets";
import {
  type Executed,
  type Execution,
  type OnceOutcome,
  columnsOf,
  json,
  recordOf,
  together,
} from "./execution";
import {
  type KeyedOperation,
  type Made,
  type OperationKey,
  type WholeKeyRecord,
  announce,
  findKey,
  keyInUse,
  keyReused,
  replay,
} from "./keys";
import { type Keep, NO_REPLAY_CACHE, type ReplayCache } from "./replay-cache/replay-cache";

/*
 * The path of every keyed write except the two hot statements (create and confirm do the same in one statement each).
 *
 * Guarantees: one effect for one (merchant, operation, key), and the same answer to every repeat of it: the result as it
 * stood at that commit, or the refusal, whatever has changed since. Effect and record are one commit; a crash leaves both
 * or neither. After the record has expired, the created object still keeps its key from creating a second one.
 *
 * Cost: one round trip to look for the key, which is all of a replay (none where the replay cache knows it); then a
 * transaction with what the use case needs (its announcement goes with the first of that) and one for the record. A
 * refusal looks once more for the key and for what it created. A write that is audited takes one more, for its entry in
 * the audit log: it is in the same commit.
 */

export interface KeyedRequest {
  readonly merchantId: string;
  readonly key: string;
  /** Hex SHA-256 of the coerced input; see fingerprint.ts. */
  readonly fingerprint: string;
  /** Who is asking, where the audit log is to say so. */
  readonly audit?: AuditedWrite | undefined;
  /** What answers repeats without the database. Not asked where there are secrets: they are never in it. */
  readonly replays?: ReplayCache;
}

export interface KeyedUseCase<Result, Beside> {
  readonly operation: KeyedOperation<Result, Beside>;
  /**
   * Decides, and writes. It locks what it decides about before anything is written, and the key's record is written
   * last: every statement that does both does it in this order, so nobody can deadlock.
   */
  readonly execute: (tx: Tx) => Promise<Execution<Result, Beside>>;
  /**
   * What somebody else is to be asked before the transaction begins. Not for replays, those of keys whose record has
   * expired included, which costs one round trip to know. What it throws is not stored: the key stays usable.
   */
  readonly before?: () => Promise<void>;
  /**
   * Whether an object that was created under this key is what is requested now. The fingerprint has expired with the
   * record, so only the object itself can tell a retry from a different request.
   */
  readonly isSame?: (made: Made<Result, Beside>) => boolean;
  /** Seals what is shown once. */
  readonly secrets?: SecretBox;
}

/** How long a secret is shown again to a caller that has lost the answer. */
export const SEALED_HOURS = 24;

const INSERT_KEY: Statement = {
  name: "insert_idempotency_key",
  text: `
    with keyed as (
      insert into idempotency_keys (merchant_id, operation, key, fingerprint, event_id, result,
        beside, failure_code, failure_details, refused_id, sealed, sealed_until)
      values (?, ?, ?, decode(?, 'hex'), ?, ?::json, ?::json, ?, ?::jsonb, ?, ?,
        now() + ?::int * interval '1 hour')
      on conflict do nothing
      returning merchant_id, event_id, created_at
    )
    select iso(k.created_at) as "firstSeenAt", e.object as "object", ${SEALED_PART}
    from keyed k left join events e on e.merchant_id = k.merchant_id and e.id = k.event_id
    ${joinPersonalKey()}`,
};

// Thrown to roll back what was written in vain; never shown.
const TWIN_CAME_FIRST = new Error("another request with this key was first");

export async function once<Result, Beside = undefined>(
  db: Db,
  request: KeyedRequest,
  useCase: KeyedUseCase<Result, Beside>,
): Promise<OnceOutcome<Result, Beside>> {
  const replays = (!useCase.secrets && request.replays) || NO_REPLAY_CACHE;
  return replays.answer(nameOf(request, useCase), {
    replay: (record) => replayRecord(request, useCase, { beside: null, ...record, sealed: null }),
    execute: (keep) => onceInDatabase(db, request, { ...useCase, keep }),
  });
}

async function onceInDatabase<Result, Beside>(
  db: Db,
  request: KeyedRequest,
  useCase: KeyedUseCase<Result, Beside> & { readonly keep: Keep },
): Promise<OnceOutcome<Result, Beside>> {
  const name = nameOf(request, useCase);
  // Replays, the common kind of second request, need no transaction and no lock.
  const known = await beforeWriting(findKey(db, name));
  if (known) useCase.keep(known);
  if (known) return replayRecord(request, useCase, known);
  if (useCase.before) {
    const made = await useCase.operation.findMade?.(db, name.merchantId, name.key);
    if (made) return replayMade(request, useCase, made);
    await useCase.before();
  }
  const written = await transact(db, (tx) => execute(tx, request, useCase)).catch(
    async (error: unknown): Promise<Written<Result, Beside>> => {
      if (isLockTimeout(error)) throw keyInUse(name);
      if (!isSpent(error, useCase.operation)) throw error;
      return firstOne(db, name, useCase.operation);
    },
  );
  if ("record" in written) useCase.keep(written.record);
  if ("record" in written) return replayRecord(request, useCase, written.record);
  if ("made" in written) return replayMade(request, useCase, written.made);
  useCase.keep(recordOf(request.fingerprint, written));
  await failpoint("api.after_commit");
  idempotencyOutcomes.inc({ operation: name.operation, outcome: "executed" });
  if ("failure" in written) throw verdict(written.failure);
  return { status: "EXECUTED", ...written.outcome };
}

type Written<Result, Beside> = Executed<Result, Beside> | First<Result, Beside>;

/** What a request finds when it is not the first with its key. */
type First<Result, Beside> =
  { readonly record: WholeKeyRecord } | { readonly made: Made<Result, Beside> };

async function execute<Result, Beside>(
  tx: Tx,
  request: KeyedRequest,
  useCase: KeyedUseCase<Result, Beside>,
): Promise<Written<Result, Beside>> {
  // In one round trip with the first statement of the use case, and before it.
  const [, done] = await pipelined([announce(tx, nameOf(request, useCase)), useCase.execute(tx)]);
  if ("failure" in done) {
    // It may have been refused because of what this very key did: a moment ago in a duplicate request, or long ago.
    const first = await findFirst(tx, nameOf(request, useCase), useCase.operation);
    if (first) return first;
  }
  const inserted = await insertKey(tx, request, { done, useCase });
  if (request.audit) {
    const result = "result" in done ? done.result : inserted.object;
    const failure = "failure" in done ? done.failure : undefined;
    const audit = withDetails(request.audit, "audited" in done ? done.audited : undefined);
    await recordKeyed(tx, nameOf(request, useCase), { audit, result, failure });
  }
  await failpoint("api.before_commit");
  const { firstSeenAt } = inserted;
  if ("failure" in done) return { ...done, firstSeenAt };
  if ("eventId" in done) {
    const result = openSnapshot(inserted.object, inserted) as Result;
    return { outcome: { firstSeenAt, result, beside: done.beside ?? null } };
  }
  const beside = together<Beside>(done.beside, done.secret);
  return { outcome: { firstSeenAt, result: done.result, beside } };
}

function withDetails(audit: AuditedWrite, more: AuditDetails | undefined): AuditedWrite {
  return more ? { ...audit, details: { ...audit.details, ...more } } : audit;
}

type Inserted = SealedPart & { readonly firstSeenAt: string; readonly object: unknown };

async function insertKey<Result, Beside>(
  tx: Tx,
  request: KeyedRequest,
  made: { done: Execution<Result, Beside>; useCase: KeyedUseCase<Result, Beside> },
): Promise<Inserted> {
  const name = nameOf(request, made.useCase);
  const { eventId, result, beside, secret, failure } = columnsOf(made.done);
  const sealed = secret && secretsOf(made.useCase).seal(secret, sealContext(name));
  const [inserted] = await run<Inserted>(tx, INSERT_KEY, [
    name.merchantId,
    name.operation,
    name.key,
    request.fingerprint,
    eventId,
    result,
    beside,
    failure?.code ?? null,
    json(failure?.details),
    idIn(failure?.details),
    sealed,
    sealed && SEALED_HOURS,
  ]);
  if (!inserted) throw TWIN_CAME_FIRST;
  return inserted;
}

/** What a refusal is about. */
function idIn(details: FailureDetails | undefined): string | null {
  return typeof details?.["id"] === "string" ? details["id"] : null;
}

function isSpent(error: unknown, { spentKey }: { readonly spentKey?: string }): boolean {
  if (error === TWIN_CAME_FIRST) return true;
  return spentKey !== undefined && violatedConstraint(error) === spentKey;
}

async function findFirst<Result, Beside>(
  db: Db,
  name: OperationKey,
  operation: KeyedOperation<Result, Beside>,
): Promise<First<Result, Beside> | undefined> {
  const record = await findKey(db, name);
  if (record) return { record };
  const made = await operation.findMade?.(db, name.merchantId, name.key);
  return made && { made };
}

async function firstOne<Result, Beside>(
  db: Db,
  name: OperationKey,
  operation: KeyedOperation<Result, Beside>,
): Promise<First<Result, Beside>> {
  const first = await findFirst(db, name, operation);
  if (!first) throw keyInUse(name);
  return first;
}

function replayRecord<Result, Beside>(
  request: KeyedRequest,
  useCase: KeyedUseCase<Result, Beside>,
  record: WholeKeyRecord,
): OnceOutcome<Result, Beside> {
  const name = nameOf(request, useCase);
  const outcome = replay<Result>(name, request.fingerprint, record);
  const secret = record.sealed && secretsOf(useCase).open(record.sealed, sealContext(name));
  const beside = together<Beside>(record.beside, secret === null ? null : JSON.parse(secret));
  return { ...outcome, beside };
}

function replayMade<Result, Beside>(
  request: KeyedRequest,
  useCase: KeyedUseCase<Result, Beside>,
  made: Made<Result, Beside>,
): OnceOutcome<Result, Beside> {
  const name = nameOf(request, useCase);
  if (useCase.isSame?.(made) === false) throw keyReused(name, made.firstSeenAt);
  idempotencyOutcomes.inc({ operation: name.operation, outcome: "replayed" });
  const { firstSeenAt, result, beside = null } = made;
  return { status: "REPLAYED", firstSeenAt, result, beside };
}

function nameOf(
  { merchantId, key }: KeyedRequest,
  { operation }: { readonly operation: { readonly name: string } },
): OperationKey {
  return { merchantId, key, operation: operation.name };
}

/** A sealed result opens under its own key and no other. */
export function sealContext({ merchantId, operation, key }: OperationKey): string {
  return `${operation} ${merchantId} ${key}`;
}

function secretsOf({ secrets }: { readonly secrets?: SecretBox }): SecretBox {
  if (!secrets) throw new Error("a use case that shows a secret must say what seals it");
  return secrets;
}
