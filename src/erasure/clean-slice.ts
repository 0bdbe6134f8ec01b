import { type Db, type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import type { ErasureKey } from "./erasure-store";

/*
 * The second part of an erasure: what others wrote down of it. Receivers' answers, which may repeat what they were sent;
 * what idempotency keys keep without an event, or kept beside one before it was sealed; and a count of the events from
 * before that.
 *
 * It comes after all that was under way when the last payment was erased: whoever has read a key that still opened has
 * written down by then what he wrote, or finds the mark that forbids it.
 */

// A snapshot that is not sealed and says something about a person.
export const SHOWS_PERSON = `
  (e.personal is null and (e.object ->> 'customer' is not null
    or e.object ->> 'description' is not null or coalesce(e.object ->> 'metadata', '{}') <> '{}'))`;

// Of what a key keeps.
const BLANK = `
  jsonb_build_object('description', null, 'customer', null, 'metadata', '{}'::jsonb,
    'personalDataErasedAt', iso(pi.personal_data_erased_at))`;

const DUE = `
    due as materialized (
      select i.merchant_id, i.erasure_id, i.payment_intent_id from erased_payment_intents i
      where i.merchant_id = ? and i.erasure_id = ? and not i.cleaned
      order by i.payment_intent_id limit ? for update
    )`;

/*
 * A statement of its own, and the first: what a try under way adds to a delivery's history it adds with the delivery's
 * row in its hand, so once the row is marked it has, and the next statement sees it, or it finds the mark.
 */
const SILENCE: Statement = {
  name: "silence_erased_payment_intents",
  text: `
    with ${DUE}, answered as materialized (
      select d.merchant_id, d.id
      from due join transitions t
        on t.merchant_id = due.merchant_id and t.payment_intent_id = due.payment_intent_id
      join webhook_deliveries d on d.merchant_id = t.merchant_id and d.event_id = t.event_id
      where d.response_erased is null
      order by d.merchant_id, d.id for update of d
    )
    update webhook_deliveries d set response_body = null, response_erased = true
    from answered a where d.merchant_id = a.merchant_id and d.id = a.id`,
};

const CLEAN: Statement = {
  name: "clean_erased_payment_intents",
  text: `
    with ${DUE}, event as materialized (
      select e.merchant_id, e.id, ${SHOWS_PERSON} as in_clear
      from due join transitions t
        on t.merchant_id = due.merchant_id and t.payment_intent_id = due.payment_intent_id
      join events e on e.merchant_id = t.merchant_id and e.id = t.event_id
    ), silenced as (
      update webhook_delivery_attempts h set response_body = null
      from event e
      join webhook_deliveries d on d.merchant_id = e.merchant_id and d.event_id = e.id
      where h.merchant_id = d.merchant_id and h.delivery_id = d.id and h.response_body is not null
    ), forgotten as (
      update idempotency_keys k
      set beside = (k.beside::jsonb || ${BLANK})::json
      from due
      join payment_intents pi on pi.merchant_id = due.merchant_id and pi.id = due.payment_intent_id
      join refunds r on r.merchant_id = pi.merchant_id and r.payment_intent_id = pi.id
      where k.merchant_id = r.merchant_id and k.operation = 'refundPaymentIntent'
        and k.key = r.idempotency_key and k.beside ->> 'personal' is null
        and k.beside ->> 'personalDataErasedAt' is null and k.beside is not null
    ), settled as (
      -- An operator's word is kept with the intent itself. There are few of them.
      update idempotency_keys k set result = (k.result::jsonb || ${BLANK})::json
      from due
      join payment_intents pi on pi.merchant_id = due.merchant_id and pi.id = due.payment_intent_id
      where k.merchant_id = due.merchant_id and k.operation = 'resolveUnknownAttempt'
        and k.result ->> 'id' = due.payment_intent_id
        and k.result ->> 'personalDataErasedAt' is null
    ), cleaned as (
      update erased_payment_intents i set cleaned = true
      from due where i.merchant_id = due.merchant_id and i.erasure_id = due.erasure_id
        and i.payment_intent_id = due.payment_intent_id
      returning i.payment_intent_id
    ), counted as (
      update erasures r
      set events_in_clear = r.events_in_clear + (select count(*) from event where in_clear)
      where r.merchant_id = ? and r.id = ? and exists (select from event where in_clear)
    )
    select payment_intent_id as "id" from cleaned`,
};

/** How many of the payments were cleaned up after; none when none is left. A commit of its own. */
export async function cleanSlice(db: Db, erasure: ErasureKey, limit: number): Promise<number> {
  const { merchantId, id } = erasure;
  return transact(db, async (tx) => {
    await run(tx, SILENCE, [merchantId, id, limit]);
    return (await run(tx, CLEAN, [merchantId, id, limit, merchantId, id])).length;
  });
}
