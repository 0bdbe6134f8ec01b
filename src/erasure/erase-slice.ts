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

/** The intents that are the customer's. */
const OWN = "payment_intents pi where pi.merchant_id = ? and pi.customer = ?";

/** And those that were until an update: their events from before still say so, sealed, so they are erased whole. */
const FORMER = `
      payment_intent_updates u
      join payment_intents pi on pi.merchant_id = u.merchant_id and pi.id = u.payment_intent_id
      where u.merchant_id = ? and u.former_customer = ? and pi.personal_data_erased_at is null`;

function erase(name: string, whose: string): Statement {
  const text = `
    with due as materialized (
      select pi.merchant_id, pi.id from ${whose} and pi.created_at <= (
        select r.requested_at from erasures r where r.merchant_id = ? and r.id = ?)
      order by pi.id limit ? for update of pi skip locked
    )
    update payment_intents pi
    set customer = null, description = null, metadata = '{}', personal = null,
      personal_key = null, personal_data_erased_at = now()
    from due where pi.merchant_id = due.merchant_id and pi.id = due.id
    returning pi.id as "id"`;
  return { name, text };
}

const ERASE_OWN = erase("erase_payment_intents", OWN);
const ERASE_FORMER = erase("erase_former_payment_intents", FORMER);

const FORGET_FORMER: Statement = {
  name: "forget_former_customers",
  text: `
    update payment_intent_updates set former_customer = null
    where merchant_id = ? and payment_intent_id = any(?) and former_customer is not null`,
};

const ERASE_REFUNDS: Statement = {
  name: "erase_refunds",
  text: `
    update refunds r
    set note = null, metadata = '{}', personal = null, personal_data_erased_at = now()
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
  const ask = (statement: Statement, most: number): Promise<{ id: string }[]> =>
    run(tx, statement, [merchantId, customer, merchantId, id, most]);
  const own = await ask(ERASE_OWN, limit);
  const former = own.length < limit ? await ask(ERASE_FORMER, limit - own.length) : [];
  const erased = [...own, ...former];
  if (erased.length === 0) return 0;
  const intents = erased.map((intent) => intent.id);
  await run(tx, FORGET_FORMER, [merchantId, intents]);
  await run(tx, ERASE_REFUNDS, [merchantId, intents]);
  await run(tx, COUNT, [intents, merchantId, id, merchantId, id]);
  return erased.length;
}

const IS_LEFT: Statement = {
  name: "is_customer_left",
  text: `
    with erasure as (select * from erasures where merchant_id = ? and id = ?)
    select 1 as "one" from erasure r
    where exists (select from payment_intents pi
        where pi.merchant_id = r.merchant_id and pi.customer = r.customer
          and pi.created_at <= r.requested_at)
      or exists (select from payment_intent_updates u
        join payment_intents pi on pi.merchant_id = u.merchant_id and pi.id = u.payment_intent_id
        where u.merchant_id = r.merchant_id and u.former_customer = r.customer
          and pi.created_at <= r.requested_at)`,
};

export async function isCustomerLeft(db: Db, erasure: RunningErasure): Promise<boolean> {
  const { merchantId, id } = erasure;
  return (await run(db, IS_LEFT, [merchantId, id])).length > 0;
}
