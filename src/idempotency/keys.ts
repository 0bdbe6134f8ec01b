import { type Db, type Statement, run } from "../db/db";
import { isLockTimeout } from "../db/errors";
import { readSnapshot } from "../events/snapshots";
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

/** What is kept under a key. The result is the snapshot in the event that the first execution wrote. */
export interface KeyRecord {
  readonly fingerprint: string;
  readonly firstSeenAt: string;
  readonly result: unknown;
  readonly failureCode: StoredFailureCode | null;
  readonly failureDetails: FailureDetails | null;
}

// One event for one key, behind a fence: with old statistics the planner would merge the merchant's whole feed with it.
const FIND_KEY: Statement = {
  name: "find_idempotency_key",
  text: `
    select encode(k.fingerprint, 'hex') as "fingerprint", iso(k.created_at) as "firstSeenAt", e.object as "result",
      k.failure_code as "failureCode", k.failure_details as "failureDetails"
    from idempotency_keys k
    left join lateral (
      select e.object from events e where e.merchant_id = k.merchant_id and e.id = k.event_id offset 0
    ) e on true
    where k.merchant_id = ? and k.operation = ? and k.key = ?
    order by k.created_at limit 1`,
};

export async function findKey(db: Db, name: OperationKey): Promise<KeyRecord | undefined> {
  const [record] = await run<KeyRecord>(db, FIND_KEY, [name.merchantId, name.operation, name.key]);
  return record && { ...record, result: readSnapshot(record.result) };
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
    result: readSnapshot(record.result) as T,
  };
}

export function keyReused(name: OperationKey, firstSeenAt: string): Failure {
  return new Failure(
    "IDEMPOTENCY_KEY_REUSED",
    "This idempotency key was used for another input of the same operation.",
    { operation: name.operation, firstSeenAt },
  );
}

/** Past the wait for the first request with this key: its transaction is still open somewhere. */
export function keyInUse(name: OperationKey): Failure {
  idempotencyOutcomes.inc({ operation: name.operation, outcome: "in_use" });
  return new Failure(
    "IDEMPOTENCY_KEY_IN_USE",
    "The first request with this idempotency key is still executing.",
    { operation: name.operation },
  ).retryAfter(1_000);
}

const PROBE_KEY: Statement = {
  name: "probe_idempotency_key",
  text: `
    insert into idempotency_keys (merchant_id, operation, key, fingerprint, failure_code)
    values (?, ?, ?, '', 'NOT_FOUND') on conflict do nothing returning key`,
};

/**
 * Whether some transaction, in whatever process, is executing under this key right now. Uncommitted
 * rows cannot be read, but they block an insert of the same key: so one is tried and rolled back.
 */
export async function isExecuting(db: Db, name: OperationKey): Promise<boolean> {
  const tx = await db.transaction();
  try {
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
