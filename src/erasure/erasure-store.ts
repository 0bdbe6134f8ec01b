import { type Db, type Statement, type Tx, run } from "../db/db";
import { notHeld } from "../merchants/not-held";
import type { Erasure } from "./erasure";

/** The rows of erasures. What they do to payments is in erase-slice.ts and clean-slice.ts. */

const COLUMNS = `
  r.id as "id", case when r.finished_at is null then 'RUNNING' else 'FINISHED' end as "status",
  r.payment_intents as "paymentIntents", r.events_in_clear as "eventsInClear",
  iso(r.requested_at) as "requestedAt", iso(r.finished_at) as "finishedAt"`;

export interface NewErasure {
  readonly merchantId: string;
  readonly id: string;
  readonly customer: string;
  readonly customerMac: Buffer;
  readonly actor: string;
  readonly key: string;
}

const INSERT: Statement = {
  name: "insert_erasure",
  text: `
    insert into erasures (merchant_id, id, customer, customer_mac, actor, idempotency_key)
    values (?, ?, ?, ?, ?, ?)`,
};

export async function insertErasure(tx: Tx, erasure: NewErasure): Promise<void> {
  const { merchantId, id, customer, customerMac, actor, key } = erasure;
  await run(tx, INSERT, [merchantId, id, customer, customerMac, actor, key]);
}

const FIND: Statement = {
  name: "find_erasures",
  text: `select ${COLUMNS} from erasures r where r.merchant_id = ? and r.id = any(?)`,
};

/** The erasures with these ids, in no particular order; those that do not exist are left out. */
export async function findErasures(
  db: Db,
  merchantId: string,
  ids: readonly string[],
): Promise<Erasure[]> {
  return run<Erasure>(db, FIND, [merchantId, ids]);
}

/** With what tells whether it was for the customer whom a repeat asks for. */
export interface KeyedErasure extends Erasure {
  readonly customerMac: Buffer;
}

const FIND_BY_KEY: Statement = {
  name: "find_erasure_by_key",
  text: `
    select ${COLUMNS}, r.customer_mac as "customerMac"
    from erasures r where r.merchant_id = ? and r.idempotency_key = ?`,
};

export async function findErasureByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<KeyedErasure | undefined> {
  const [row] = await run<KeyedErasure>(db, FIND_BY_KEY, [merchantId, key]);
  return row;
}

export interface ErasureKey {
  readonly merchantId: string;
  readonly id: string;
}

/** An erasure that is not finished, with whom it is about. */
export interface RunningErasure extends ErasureKey {
  readonly customer: string;
}

const FIND_RUNNING: Statement = {
  name: "find_running_erasures",
  text: `
    select r.merchant_id as "merchantId", r.id as "id", r.customer as "customer"
    from erasures r
    where r.finished_at is null and (
      r.cleaned_at is null or r.cleaned_at <= now() - ?::int * interval '1 millisecond')
      and ${notHeld("r.merchant_id")}
    order by r.requested_at limit ?`,
};

/** Across merchants, oldest first; without those that only wait until nobody remembers what was erased. */
export async function findRunningErasures(
  db: Db,
  { limit, rememberedMs }: { readonly limit: number; readonly rememberedMs: number },
): Promise<RunningErasure[]> {
  return run<RunningErasure>(db, FIND_RUNNING, [rememberedMs, limit]);
}

const LOCK: Statement = {
  name: "lock_erasure",
  text: `
    select r.id as "id" from erasures r
    where r.merchant_id = ? and r.id = ? and r.finished_at is null
    for update skip locked`,
};

/** False when it is finished, or another worker is at it. */
export async function lockErasure(tx: Tx, { merchantId, id }: ErasureKey): Promise<boolean> {
  return (await run(tx, LOCK, [merchantId, id])).length > 0;
}

const MARK_CLEANED: Statement = {
  name: "mark_erasure_cleaned",
  text: `
    update erasures r set cleaned_at = now()
    where r.merchant_id = ? and r.id = ? and r.finished_at is null and r.cleaned_at is null
      and not exists (select from erased_payment_intents i
        where i.merchant_id = r.merchant_id and i.erasure_id = r.id and not i.cleaned)`,
};

const FINISH: Statement = {
  name: "finish_erasure",
  text: `
    update erasures r set finished_at = now(), customer = null
    where r.merchant_id = ? and r.id = ? and r.finished_at is null
      and r.cleaned_at <= now() - ?::int * interval '1 millisecond'
    returning r.id as "id"`,
};

/** False as long as some process may remember what was erased. */
export async function finishErasure(
  db: Db,
  { merchantId, id }: ErasureKey,
  rememberedMs: number,
): Promise<boolean> {
  await run(db, MARK_CLEANED, [merchantId, id]);
  return (await run(db, FINISH, [merchantId, id, rememberedMs])).length > 0;
}
