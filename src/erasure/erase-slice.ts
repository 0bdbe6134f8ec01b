import { type Db, type Statement, type Tx, run } from "../db/db";
import type { RunningErasure } from "./erasure-store";

/*
 * The first part of an erasure: the personal data of some of the customer's payments, and the keys that open what their
 * events hold of it. Once this is committed, nobody can read either.
 *
 * It never waits for a payment that somebody is working on: such a one is left to a later slice. Intents first, in the
 * order in which everybody locks them; what belongs to them after that, by statements of their own, which see whatever
 * was committed before the lock was had.
 */

const ERASE_INTENTS: Statement = {
  name: "erase_payment_intents",
  text: `
    with due as materialized (
      select pi.merchant_id, pi.id from payment_intents pi
      where pi.merchant_id = ? and pi.customer = ? and pi.created_at <= (
        select r.requested_at from erasures r where r.merchant_id = ? and r.id = ?)
      order by pi.id limit ? for update skip locked
    )
    update payment_intents pi
    set customer = null, description = null, metadata = '{}', personal = null,
      personal_key = null, personal_data_erased_at = now()
    from due where pi.merchant_id = due.merchant_id and pi.id = due.id
    returning pi.id as "id"`,
};

const ERASE_REFUNDS: Statement = {
  name: "erase_refunds",
  text: `
    update refunds r set metadata = '{}', personal = null, personal_data_erased_at = now()
    where r.merchant_id = ? and r.payment_intent_id = any(?) and r.personal_data_erased_at is null`,
};

const COUNT: Statement = {
  name: "count_erased_payment_intents",
  text: `
    with erased as (
      insert into erased_payment_intents (merchant_id, erasure_id, payment_intent_id)
      select r.merchant_id, r.id, e.id from erasures r cross join unnest(?::text[]) as e (id)
      where r.merchant_id = ? and r.id = ?
      returning merchant_id
    )
    update erasures r set payment_intents = r.payment_intents + (select count(*) from erased)
    where r.merchant_id = ? and r.id = ?`,
};

/** How many payments were erased; none when none is left, or every one that is left is being worked on. */
export async function eraseSlice(tx: Tx, erasure: RunningErasure, limit: number): Promise<number> {
  const { merchantId, id, customer } = erasure;
  const erased = await run<{ id: string }>(tx, ERASE_INTENTS, [
    merchantId,
    customer,
    merchantId,
    id,
    limit,
  ]);
  if (erased.length === 0) return 0;
  const intents = erased.map((intent) => intent.id);
  await run(tx, ERASE_REFUNDS, [merchantId, intents]);
  await run(tx, COUNT, [intents, merchantId, id, merchantId, id]);
  return erased.length;
}

const IS_LEFT: Statement = {
  name: "is_customer_left",
  text: `
    select 1 as "one" from payment_intents pi
    join erasures r on r.merchant_id = pi.merchant_id and r.id = ?
    where pi.merchant_id = ? and pi.customer = ? and pi.created_at <= r.requested_at limit 1`,
};

export async function isCustomerLeft(db: Db, erasure: RunningErasure): Promise<boolean> {
  const { merchantId, id, customer } = erasure;
  return (await run(db, IS_LEFT, [id, merchantId, customer])).length > 0;
}
