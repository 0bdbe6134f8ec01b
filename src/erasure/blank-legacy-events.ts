import { type Db, type Statement, run } from "../db/db";
import { SHOWS_PERSON } from "./clean-slice";

/*
 * Events from before there was a sealed part show what they hold of a person in the clear, and no key could change that.
 * This is the one change of an event that the database permits (guard_event): of an intent that is erased, the personal
 * values become blank, and nothing else. It needs the right to update events, which the service itself should not have.
 *
 * A crash leaves some of them blank; the next run goes on. Cost: one statement for each slice of 200 payments.
 */

const SLICE = 200;

const FIND: Statement = {
  name: "find_erasures_in_clear",
  text: `
    select r.merchant_id as "merchantId", r.id as "id" from erasures r
    where r.events_in_clear > 0 order by r.requested_at`,
};

const BLANK: Statement = {
  name: "blank_legacy_events",
  text: `
    with due as materialized (
      select i.merchant_id, i.erasure_id, i.payment_intent_id from erased_payment_intents i
      where i.merchant_id = ? and i.erasure_id = ? and i.payment_intent_id > ?
      order by i.payment_intent_id limit ?
    ), shown as materialized (
      select e.merchant_id, e.id, iso(pi.personal_data_erased_at) as erased_at
      from due
      join payment_intents pi on pi.merchant_id = due.merchant_id and pi.id = due.payment_intent_id
      join transitions t
        on t.merchant_id = due.merchant_id and t.payment_intent_id = due.payment_intent_id
      join events e on e.merchant_id = t.merchant_id and e.id = t.event_id
      where ${SHOWS_PERSON}
    ), blanked as (
      update events e
      set object = (
        select json_object_agg(f.name, f.value order by f.n)
        from (
          select o.key as name, o.n, case
              when o.key in ('description', 'customer') then 'null'::json
              when o.key = 'metadata' then '{}'::json
              else o.value end as value
          from json_each(e.object) with ordinality as o (key, value, n)
          where o.key <> 'personalDataErasedAt'
          union all select 'personalDataErasedAt', 1000, to_json(shown.erased_at)
        ) f)
      from shown where e.merchant_id = shown.merchant_id and e.id = shown.id
      returning e.id
    ), counted as (
      update erasures r set events_in_clear =
        greatest(0, r.events_in_clear - (select count(*) from blanked))
      where r.merchant_id = ? and r.id = ?
    )
    select (select max(payment_intent_id) from due) as "last",
      (select count(*) from blanked)::int as "events"`,
};

export interface Blanked {
  readonly erasures: number;
  readonly events: number;
}

export async function blankLegacyEvents(db: Db): Promise<Blanked> {
  const erasures = await run<{ merchantId: string; id: string }>(db, FIND, []);
  let events = 0;
  for (const { merchantId, id } of erasures) {
    let last: string | null = "";
    while (last !== null) {
      const bindings: unknown[] = [merchantId, id, last, SLICE, merchantId, id];
      const [slice]: { last: string | null; events: number }[] = await run(db, BLANK, bindings);
      events += slice?.events ?? 0;
      last = slice?.last ?? null;
    }
  }
  return { erasures: erasures.length, events };
}
