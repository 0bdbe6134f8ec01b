import { recordCommand } from "../audit-log/record-write";
import { type Db, type Statement, run } from "../db/db";
import { sqlState } from "../db/errors";
import { transact } from "../db/transact";
import { Failure } from "../failures";
import { lockMerchant } from "./merchant-store";

/*
 * Holding a merchant: nothing new is begun for it. Its mutations are refused with UNAVAILABLE, and its reads go on. No
 * attempt is sent or looked up, no webhook is posted, no plan, challenge, erasure or repair is taken up, no expired
 * authorisation is released, and what processors tell of it waits in the inbox. What is under way is settled as ever.
 *
 * Guarantees: from the commit on that holds it, whoever claims work of the merchant finds none, and whoever writes an
 * idempotency key of it is refused by the database, whatever it has in memory. Whoever had begun before that is waited
 * for: see awaitStillness. The hold is a row, so it outlives every process; it and its end are in the audit log. What
 * was due meanwhile is found by the sweepers once it ends.
 */

const INSERT: Statement = {
  name: "hold_merchant",
  text: `
    insert into merchant_holds (merchant_id, reason) values (?, ?)
    on conflict do nothing returning merchant_id`,
};

const DELETE: Statement = {
  name: "release_merchant",
  text: `
    delete from merchant_holds
    where merchant_id = ? and moved_to is null and comes_from is null returning merchant_id`,
};

/** False when it was held already; undefined when there is no such merchant. */
export async function holdMerchant(
  db: Db,
  merchantId: string,
  reason: string,
): Promise<boolean | undefined> {
  return transact(db, async (tx) => {
    if (!(await lockMerchant(tx, merchantId))) return undefined;
    const isNew = (await run(tx, INSERT, [merchantId, reason])).length > 0;
    if (isNew) await recordCommand(tx, { merchantId, name: HOLD, details: { reason } });
    return isNew;
  });
}

/** False when it was not held. Who is in another cell is held here for good: what is here is a copy or a remnant. */
export async function releaseMerchant(db: Db, merchantId: string): Promise<boolean> {
  return transact(db, async (tx) => {
    const wasHeld = (await run(tx, DELETE, [merchantId])).length > 0;
    if (wasHeld) await recordCommand(tx, { merchantId, name: RELEASE });
    return wasHeld;
  });
}

export const HOLD = "merchants hold";
export const RELEASE = "merchants release";

export interface Hold {
  readonly isHeld: boolean;
  readonly isElsewhere: boolean;
}

const FIND: Statement = {
  name: "find_hold",
  text: `
    select coalesce(moved_to, comes_from) is not null as "isElsewhere"
    from merchant_holds where merchant_id = ?`,
};

export async function findHold(db: Db, merchantId: string): Promise<Hold> {
  const [found] = await run<Pick<Hold, "isElsewhere">>(db, FIND, [merchantId]);
  return { isHeld: found !== undefined, isElsewhere: found?.isElsewhere === true };
}

/** A transaction that writes what the hold is to stop. */
interface Writer {
  readonly writer: string;
}

// Whoever writes to a table, or locks its rows to write to them, has locked it so, from before it read anything until
// it ends. Of other merchants' writers there is no telling which they are: they are short, and waited for once.
const WRITERS: Statement = {
  name: "find_writers",
  text: `
    select distinct l.virtualtransaction as "writer" from pg_locks l
    where l.locktype = 'relation' and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
      and l.mode in ('RowShareLock', 'RowExclusiveLock') and l.pid <> pg_backend_pid()
      and l.relation in ('idempotency_keys'::regclass, 'attempts'::regclass,
        'webhook_deliveries'::regclass, 'payment_intents'::regclass, 'outbox'::regclass,
        'inbox'::regclass)`,
};

export interface UnderWay {
  /** Sent to a processor, and not answered. */
  readonly attempts: number;
  /** Posted to an endpoint, and not recorded. */
  readonly deliveries: number;
  /** Committed, and not relayed. */
  readonly messages: number;
  /** Transactions that began before the hold. */
  readonly writers: number;
}

const UNDER_WAY: Statement = {
  name: "find_under_way",
  text: `
    select
      (select count(*)::int from attempts a where a.merchant_id = m.id and a.status = 'SENT'
        and a.settled_at is null) as "attempts",
      (select count(*)::int from webhook_deliveries d where d.merchant_id = m.id
        and d.status = 'IN_FLIGHT') as "deliveries",
      (select count(*)::int from outbox o where o.merchant_id = m.id
        and o.aside_until is distinct from 'infinity') as "messages"
    from merchants m where m.id = ?`,
};

export interface Waiting {
  readonly patienceMs: number;
  readonly everyMs: number;
}

/**
 * After holding it: waits until every transaction that had begun before has ended, and then until nothing of the merchant
 * is under way; gives what still is when its patience is over.
 *
 * Cost: a look at the locks, and one that counts what is under way, every `everyMs`.
 */
export async function awaitStillness(
  db: Db,
  merchantId: string,
  { patienceMs, everyMs }: Waiting,
): Promise<UnderWay> {
  const untilMs = performance.now() + patienceMs;
  let before = new Set((await run<Writer>(db, WRITERS, [])).map(({ writer }) => writer));
  for (;;) {
    if (before.size > 0) {
      const now = await run<Writer>(db, WRITERS, []);
      before = new Set(now.flatMap(({ writer }) => (before.has(writer) ? [writer] : [])));
    }
    const [found] = await run<Omit<UnderWay, "writers">>(db, UNDER_WAY, [merchantId]);
    const left = { attempts: 0, deliveries: 0, messages: 0, ...found, writers: before.size };
    if (isStill(left) || performance.now() >= untilMs) return left;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export function isStill({ attempts, deliveries, messages, writers }: UnderWay): boolean {
  return attempts + deliveries + messages + writers === 0;
}

const RETRY_AFTER_MS = 2_000;

/** What a caller is told meanwhile: it was refused before anything was done, or rolled back. */
export function held(): Failure {
  const details = { mayHaveExecuted: false };
  return new Failure("UNAVAILABLE", "Changes are held back for a moment.", details).retryAfter(
    RETRY_AFTER_MS,
  );
}

/** The database has refused a key: it was held after the process had looked. */
export function isHeld(error: unknown): boolean {
  return sqlState(error) === "OP001";
}
