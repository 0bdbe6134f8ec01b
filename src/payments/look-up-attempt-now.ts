import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import type { Execution } from "../idempotency/execution";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { type Attempt, NOT_UNKNOWN, allowedOnAttempt } from "./attempt";
import { ATTEMPT_COLUMNS } from "./attempt-store";
import { type StoredFailure, notFound, wrongState } from "../failures";

/*
 * Guarantees: an attempt whose outcome is unknown, or awaits the shopper, is looked up next instead of when its schedule
 * says so; one that an operator resolved is compared with the processor's word now, until that is known. It is a worker
 * that asks, and nobody waits for the processor here. One that is due already is refused, as is any other attempt.
 */

export interface LookUpAttemptNow {
  readonly merchantId: string;
  readonly key: string;
  readonly attemptId: string;
  readonly audit?: AuditedWrite | undefined;
}

export const lookUpNowOperation: KeyedOperation<Attempt> = { name: "lookUpAttempt" };

const LOCK: Statement = {
  name: "lock_attempt_to_look_up",
  text: `
    select ${ATTEMPT_COLUMNS}, iso(t.next_at) as "dueAt",
      coalesce(t.next_at > clock_timestamp(), false) as "waits"
    from attempts a
    left join resolution_checks c on c.merchant_id = a.merchant_id and c.attempt_id = a.id
    cross join lateral (
      select case when a.settled_at is not null then c.next_at
        when a.status in ('UNKNOWN', 'REQUIRES_ACTION') then a.next_at end as next_at
    ) t
    where a.merchant_id = ? and a.id = ? for update of a`,
};

const HASTEN: Statement = {
  name: "hasten_attempt_look_up",
  text: `
    with checked as (
      update resolution_checks set next_at = now()
      where merchant_id = ? and attempt_id = ? and next_at is not null
    )
    update attempts a set next_at = now()
    where a.merchant_id = ? and a.id = ? and a.status in ('UNKNOWN', 'REQUIRES_ACTION')
    returning ${ATTEMPT_COLUMNS}`,
};

export async function lookUpAttemptNow(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  command: LookUpAttemptNow,
): Promise<Outcome<Attempt>> {
  const { merchantId, key, attemptId, audit } = command;
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(lookUpNowOperation.name, { attemptId }).toString("hex"),
    audit,
  };
  return once<Attempt>(db, request, {
    operation: lookUpNowOperation,
    execute: (tx) => execute(tx, command),
  });
}

interface Found extends Attempt {
  /** When it is asked for next. Null: nobody is going to ask. */
  readonly dueAt: string | null;
  readonly waits: boolean;
}

function refusalOf(attempt: Attempt, nextAt: string | null): StoredFailure {
  const { id, status: currentState } = attempt;
  const isDue = nextAt !== null || currentState === "UNKNOWN";
  const because = isDue ? "It is being looked up already." : NOT_UNKNOWN[currentState];
  // What is due is not to be asked for again; what waits is never refused.
  const allowedActions = allowedOnAttempt({ ...attempt, nextAt: null });
  return wrongState({ id, because, nextAt, currentState, allowedActions });
}

async function execute(
  tx: Tx,
  { merchantId, attemptId }: LookUpAttemptNow,
): Promise<Execution<Attempt, undefined>> {
  const [found] = await run<Found>(tx, LOCK, [merchantId, attemptId]);
  if (!found) return { failure: notFound("attempt", attemptId) };
  const { dueAt, waits, ...attempt } = found;
  if (!waits) return { failure: refusalOf(attempt, dueAt) };
  const [hastened] = await run<Attempt>(tx, HASTEN, [merchantId, attemptId, merchantId, attemptId]);
  // Nothing of a settled attempt changes: it is its resolution that is checked.
  return { result: hastened ?? attempt };
}
