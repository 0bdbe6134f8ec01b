import { type Db, type Statement, type Tx, run } from "../db/db";
import { isLockTimeout } from "../db/errors";
import { SEALED_PART, type SealedPart, joinPersonalKey } from "../events/personal-data";
import { readKept, readSnapshot, readStored } from "../events/snapshots";
import { Failure, type FailureDetails, type StoredFailureCode, verdict } from "../failures";
import { idempotencyOutcomes } from "../observability/metrics";

/** A logical operation: what must have one effect, however often it is asked for. */
export interface OperationKey {
  readonly merchantId: string;
  /** The mutation's field name. */
  readonly operation: string;
  readonly key: string;
}

export interface Outcome<T> {
  readonly status: "EXECUTED" | "REPLAYED";
  /** ISO 8601. */
  readonly firstSeenAt: string;
  readonly result: T;
}

/** What became of an operation. The result is the snapshot in the event that the first execution wrote. */
export interface KeyRecord {
  readonly fingerprint: string;
  readonly firstSeenAt: string;
  readonly result: unknown;
  readonly failureCode: StoredFailureCode | null;
  readonly failureDetails: FailureDetails | null;
}

/** A record as its row holds it: what is personal in the result is sealed. */
export type StoredKeyRecord = KeyRecord & SealedPart;

/** The record as it is shown; what an erasure has taken from its result is shown no more. */
export function openRecord<Row extends StoredKeyRecord>(row: Row): Row {
  return { ...row, result: readStored(row.result, row) };
}

/** What else is kept under a key that src/idempotency/once.ts wrote. */
export interface WholeKeyRecord extends KeyRecord {
  /** What the answer showed beside the result. */
  readonly beside: unknown;
  /** What is shown only once, for as long as a replay may show it again. */
  readonly sealed: Buffer | null;
}

/** A record without what is shown only once: that is never anywhere but in its row. */
export interface FinishedRecord extends KeyRecord {
  readonly beside?: unknown;
}

/** What a key whose record has expired created: the object itself keeps its key for ever. */
export interface Made<Result, Beside = undefined> {
  readonly firstSeenAt: string;
  /** As it stands now. */
  readonly result: Result;
  readonly beside?: Beside | null;
  /** Of what was asked for, where it is kept for as long: hex, as in the request. */
  readonly fingerprint?: string;
}

/** What an operation looks like to those who execute it under a key and to those who look up its outcome. */
export interface KeyedOperation<Result = object, Beside = undefined> {
  /** The mutation's field name. */
  readonly name: string;
  /** Absent when the effect is final for an object of another operation, so that nothing keeps the key. */
  readonly findMade?: (
    db: Db,
    merchantId: string,
    key: string,
  ) => Promise<Made<Result, Beside> | undefined>;
  /** The unique constraint by which the created object keeps its key. */
  readonly spentKey?: string;
  /** The details that a stored refusal is shown with, where they differ from what is stored. */
  readonly explain?: (details: FailureDetails) => FailureDetails;
}

/** For objects that record when they were created. */
export function madeBy<Result extends { readonly createdAt: string }>(
  find: (db: Db, merchantId: string, key: string) => Promise<Result | undefined>,
): (db: Db, merchantId: string, key: string) => Promise<Made<Result, never> | undefined> {
  return async (db, merchantId, key) => {
    const result = await find(db, merchantId, key);
    return result && { firstSeenAt: result.createdAt, result };
  };
}

// One event for one key, behind a fence: see planner.ts.
const FIND_KEY: Statement = {
  name: "find_idempotency_key",
  text: `
    select encode(k.fingerprint, 'hex') as "fingerprint", iso(k.created_at) as "firstSeenAt",
      coalesce(e.object, k.result) as "result", k.beside as "beside",
      case when k.sealed_until > now() then k.sealed end as "sealed",
      k.failure_code as "failureCode", k.failure_details as "failureDetails", ${SEALED_PART}
    from idempotency_keys k
    left join lateral (
      select e.merchant_id, e.subject_id, e.object, e.personal from events e
      where e.merchant_id = k.merchant_id and e.id = k.event_id offset 0
    ) e on true
    ${joinPersonalKey("e.personal is not null or k.beside is not null")}
    where k.merchant_id = ? and k.operation = ? and k.key = ?
    order by k.created_at limit 1`,
};

export async function findKey(db: Db, name: OperationKey): Promise<WholeKeyRecord | undefined> {
  const [row] = await run<WholeKeyRecord & StoredKeyRecord>(db, FIND_KEY, [
    name.merchantId,
    name.operation,
    name.key,
  ]);
  return row && { ...openRecord(row), beside: readKept(row.beside, row) };
}

/** A record that was kept as it was shown, as today's schema shows it: the replay cache may outlive a version. */
export function showRecord<Kept extends FinishedRecord>(record: Kept): Kept {
  const { result, beside } = record;
  return { ...record, result: readSnapshot(result), beside: readSnapshot(beside) };
}

/** The original result, or the original failure; or the refusal of a key that was used for something else. */
export function replay<T>(name: OperationKey, fingerprint: string, record: KeyRecord): Outcome<T> {
  if (record.fingerprint !== fingerprint) {
    idempotencyOutcomes.inc({ operation: name.operation, outcome: "reused" });
    throw keyReused(name, record.firstSeenAt);
  }
  idempotencyOutcomes.inc({ operation: name.operation, outcome: "replayed" });
  if (record.failureCode !== null) {
    throw verdict({ code: record.failureCode, details: record.failureDetails ?? {} });
  }
  return {
    status: "REPLAYED",
    firstSeenAt: record.firstSeenAt,
    result: record.result as T,
  };
}

export function keyReused(name: OperationKey, firstSeenAt: string): Failure {
  return new Failure(
    "IDEMPOTENCY_KEY_REUSED",
    "This idempotency key was already used for the same operation with a different input.",
    { operation: name.operation, firstSeenAt },
  );
}

/** The wait for the first request with this key is over, and its transaction is still open somewhere. */
export function keyInUse(name: OperationKey): Failure {
  idempotencyOutcomes.inc({ operation: name.operation, outcome: "in_use" });
  return new Failure(
    "IDEMPOTENCY_KEY_IN_USE",
    "The first request with this idempotency key is still executing.",
    { operation: name.operation },
  ).retryAfter(1_000);
}

const ANNOUNCE: Statement = {
  name: "announce_operation",
  text: "select pg_advisory_xact_lock_shared(hashtextextended(?, 0))",
};

const IS_ANNOUNCED: Statement = {
  name: "is_operation_announced",
  text: `select not pg_try_advisory_xact_lock(hashtextextended(?, 0)) as "announced"`,
};

function announcement({ merchantId, operation, key }: OperationKey): string {
  return `${operation} ${merchantId} ${key}`;
}

/** Says, until the transaction ends, that this operation is executing: its key's row is written last. */
export async function announce(tx: Tx, name: OperationKey): Promise<void> {
  await run(tx, ANNOUNCE, [announcement(name)]);
}

const PROBE_KEY: Statement = {
  name: "probe_idempotency_key",
  text: `
    insert into idempotency_keys (merchant_id, operation, key, fingerprint, failure_code)
    values (?, ?, ?, '', 'NOT_FOUND') on conflict do nothing returning key`,
};

/**
 * Whether some transaction, in whatever process, is executing under this key right now. Those of the one road announce
 * themselves. The hot statements do not, but they write the key early: uncommitted rows cannot be read, but they block
 * an insert of the same key, so one is tried and rolled back.
 */
export async function isExecuting(db: Db, name: OperationKey): Promise<boolean> {
  const tx = await db.transaction();
  try {
    const [answer] = await run<{ announced: boolean }>(tx, IS_ANNOUNCED, [announcement(name)]);
    if (answer?.announced) return true;
    await tx.raw("set local lock_timeout = '50ms'");
    await run(tx, PROBE_KEY, [name.merchantId, name.operation, name.key]);
    return false;
  } catch (error) {
    if (isLockTimeout(error)) return true;
    throw error;
  } finally {
    await tx.rollback();
  }
}
