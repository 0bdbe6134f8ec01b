import { KEYS, keysJson } from "../db/claim-keys";
import { type Db, type Statement, type Tx, run } from "../db/db";
import type { AttemptKey, MayHaveMoved } from "./attempt";

/** Which workers are alive, and what is taken from one that is not, or that does not know what it holds. */

const RENEW_LEASE: Statement = {
  name: "renew_worker_lease",
  text: `
    insert into worker_leases (worker_id, expires_at)
    values (?, now() + ? * interval '1 millisecond')
    on conflict (worker_id) do update set expires_at = excluded.expires_at`,
};

/** A worker counts as alive, by the database's clock, for as long as it keeps saying so here. */
export async function renewLease(db: Db, workerId: string, leaseMs: number): Promise<void> {
  await run(db, RENEW_LEASE, [workerId, leaseMs]);
}

export async function dropLease(db: Db, workerId: string): Promise<void> {
  await run(
    db,
    {
      name: "drop_worker_lease",
      text: `
        delete from worker_leases w where w.worker_id = ?
          and not exists (select from attempts a where a.worker_id = w.worker_id
            and a.status = 'SENT' and a.settled_at is null)`,
    },
    [workerId],
  );
}

/*
 * What a dead worker held may or may not have been sent. It becomes UNKNOWN and is looked up when its first look-up
 * would have been due. A worker that was merely slow, and gets its answer after all, still settles the attempt: its
 * answer is evidence. The intents are locked as journals lock them that name them, and without waiting: whoever settles an
 * attempt has its intent first, and the attempt next.
 */
const ORPHAN: Statement = {
  name: "orphan_attempts",
  text: `
    with dead as (
      delete from worker_leases w where w.expires_at < now()
        and not exists (select from attempts a where a.worker_id = w.worker_id and a.status = 'SENT'
          and a.settled_at is null)
    )
    update attempts a
    set status = 'UNKNOWN', unknown_since = now(), worker_id = null,
      next_at = greatest(now(), a.sent_at + ? * interval '1 millisecond')
    from (
      select q.merchant_id, q.id from attempts q
        join payment_intents pi on pi.merchant_id = q.merchant_id and pi.id = q.payment_intent_id
        left join worker_leases w on w.worker_id = q.worker_id
      where q.settled_at is null and q.status = 'SENT'
        and (w.worker_id is null or w.expires_at < now()
          or q.sent_at < now() - ? * interval '1 millisecond')
      limit ? for key share of pi skip locked for update of q skip locked
    ) orphan
    where a.merchant_id = orphan.merchant_id and a.id = orphan.id
    returning a.merchant_id as "merchantId", a.id as "id",
      a.payment_intent_id as "paymentIntentId", a.operation as "operation", a.amount as "amount",
      a.currency as "currency"`,
};

export interface OrphanOptions {
  readonly firstLookupMs: number;
  /** A live worker that has held an attempt for this long has lost it. */
  readonly heldMaxMs: number;
  readonly limit: number;
}

/** Where it becomes UNKNOWN, the caller books what it may have moved: orphan-attempts.ts. */
export async function takeFromTheDead(tx: Tx, options: OrphanOptions): Promise<MayHaveMoved[]> {
  const { firstLookupMs, heldMaxMs, limit } = options;
  return run<MayHaveMoved>(tx, ORPHAN, [firstLookupMs, heldMaxMs, limit]);
}

/** The name of a worker that never is: whoever holds a lease has another. */
const NOBODY = "nobody";

const DISOWN: Statement = {
  name: "disown_attempts",
  text: `
    update attempts a
    set worker_id = '${NOBODY}'
    from ${KEYS}
    where a.merchant_id = k.merchant_id and a.id = k.id and a.status = 'SENT' and a.worker_id = ?
    returning a.id`,
};

/** Takes from a worker what it does not know that it holds. The sweeper finds it like what a dead worker held. */
export async function disownAttempts(
  db: Db,
  workerId: string,
  keys: readonly AttemptKey[],
): Promise<number> {
  return (await run(db, DISOWN, [keysJson(keys), workerId])).length;
}
