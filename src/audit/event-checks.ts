import type { Check } from "./check";

export const EVENT_CHECKS: readonly Check[] = [
  {
    invariant: "I7",
    name: "each transition has its event",
    sql: `
      select t.payment_intent_id || ' v' || t.version as subject, 'event ' || t.event_id as detail
      from transitions t
      left join events e on e.merchant_id = t.merchant_id and e.id = t.event_id
        and e.subject_id = t.payment_intent_id and e.sequence = t.version
      where e.id is null`,
  },
  {
    invariant: "I7",
    name: "each event of an intent has its transition",
    sql: `
      select e.id as subject,
        format('%s of %s, sequence %s', e.type, e.subject_id, e.sequence) as detail
      from events e
      left join transitions t on t.merchant_id = e.merchant_id
        and t.payment_intent_id = e.subject_id and t.version = e.sequence and t.event_id = e.id
      where e.subject_id like 'pi\\_%' and t.event_id is null`,
  },
  {
    invariant: "I7",
    name: "each event holds its object as it stood at the time",
    sql: `
      select e.id as subject, format('%s, sequence %s', e.type, e.sequence) as detail
      from events e
      join transitions t on t.merchant_id = e.merchant_id
        and t.payment_intent_id = e.subject_id and t.version = e.sequence
      where e.object is null
        or (split_part(e.type, '.', 1) in ('payment_intent', 'authorization')
          and (e.object->>'id' is distinct from e.subject_id
          or (e.object->>'version')::int is distinct from e.sequence
          or e.object->>'status' is distinct from t.to_status))
        or (split_part(e.type, '.', 1) not in ('payment_intent', 'authorization')
          and e.object->>'paymentIntentId' is distinct from e.subject_id)`,
  },
  {
    invariant: "I13",
    name: "what is personal in an event is only in its sealed part",
    sql: `
      select e.id as subject, e.type as detail from events e
      where e.personal is not null and (e.object -> 'customer' is not null
        or e.object -> 'description' is not null or e.object -> 'metadata' is not null
        or e.object -> 'note' is not null)`,
  },
  {
    invariant: "I13",
    name: "of an erased intent nothing that opens its events is left, nor what they said",
    sql: `
      select r.id as subject, 'a refund of ' || pi.id as detail
      from payment_intents pi
      join refunds r on r.merchant_id = pi.merchant_id and r.payment_intent_id = pi.id
      where r.personal_data_erased_at is null
        -- Requested while the intent was being erased, it had to wait for that.
        and r.created_at < pi.personal_data_erased_at - interval '1 minute'
      union all
      select pi.id, 'it has a key, and nothing since that is sealed with it'
      from payment_intents pi
      where pi.personal_data_erased_at is not null and pi.personal_key is not null
        and not exists (select from refunds r where r.merchant_id = pi.merchant_id
          and r.payment_intent_id = pi.id and r.personal is not null)`,
  },
  {
    invariant: "I7",
    name: "each relayed event has a delivery for each endpoint that wants it",
    // An endpoint's row may be older than its commit: one made within a moment of the event may rightly have missed it.
    sql: `
      select e.id as subject, format('%s was not planned for %s', e.type, w.id) as detail
      from events e
      join webhook_endpoints w on w.merchant_id = e.merchant_id and w.status = 'ENABLED'
        and greatest(w.created_at, w.updated_at) < e.created_at - interval '50 milliseconds'
        and (cardinality(w.event_types) = 0 or e.type = any(w.event_types))
      where (e.subject_id like 'pi\\_%' or e.subject_id like 'dp\\_%')
        and not exists (
          select from outbox o where o.merchant_id = e.merchant_id and o.event_id = e.id)
        and not exists (
          select from webhook_deliveries d
          where d.merchant_id = e.merchant_id and d.event_id = e.id and d.endpoint_id = w.id)`,
  },
  {
    invariant: "I7",
    name: "each event is planned once for an endpoint",
    sql: `
      select event_id as subject, format('%s deliveries to %s', count(*), endpoint_id) as detail
      from webhook_deliveries where replay_of is null
      group by merchant_id, event_id, endpoint_id having count(*) > 1`,
  },
  {
    invariant: "I7",
    name: "each event has one place in the feed once it is relayed",
    sql: `
      with place as (
        select merchant_id, event_id, count(*) as places from event_feed group by 1, 2
      ), waiting as (
        select distinct merchant_id, event_id from outbox where event_id is not null
      )
      select e.id as subject, coalesce(p.places, 0) || ' places in the feed' as detail
      from events e
      left join place p on p.merchant_id = e.merchant_id and p.event_id = e.id
      left join waiting w on w.merchant_id = e.merchant_id and w.event_id = e.id
      where coalesce(p.places, 0) <> case when w.event_id is null then 1 else 0 end`,
  },
  {
    invariant: "I7",
    name: "the feed runs from 1, without gaps, and shows events as they are",
    sql: `
      select merchant_id as subject, format('%s places up to %s', count(*), max(position)) as detail
      from event_feed group by merchant_id having count(*) <> max(position) or min(position) <> 1
      union all
      select f.event_id, format('%s in the feed as %s', coalesce(e.type, 'missing'), f.type)
      from event_feed f
      left join events e on e.merchant_id = f.merchant_id and e.id = f.event_id
      where e.type is distinct from f.type`,
  },
  {
    invariant: "I12",
    name: "rows refer only to rows of their own tenant",
    // Where a foreign key cannot stand, because the other side is partitioned or dropped by the month.
    sql: `
      select 'delivery ' || d.id as subject, 'event ' || d.event_id as detail
      from webhook_deliveries d
      where not exists (
        select from events e where e.merchant_id = d.merchant_id and e.id = d.event_id)
      union all
      select 'attempt ' || a.id, 'target ' || a.target_attempt_id from attempts a
      where a.target_attempt_id is not null and not exists (
        select from attempts t where t.merchant_id = a.merchant_id
          and t.id = a.target_attempt_id and t.payment_intent_id = a.payment_intent_id)
      union all
      select 'attempt ' || a.id, 'capture ' || a.capture_id from attempts a
      where a.capture_id is not null and not exists (
        select from captures c where c.merchant_id = a.merchant_id
          and c.id = a.capture_id and c.payment_intent_id = a.payment_intent_id)
      union all
      select 'attempt ' || a.id, 'refund ' || a.refund_id from attempts a
      where a.refund_id is not null and not exists (
        select from refunds r where r.merchant_id = a.merchant_id
          and r.id = a.refund_id and r.payment_intent_id = a.payment_intent_id)
      union all
      select 'outbox ' || o.id, 'attempt ' || o.attempt_id from outbox o
      where o.attempt_id is not null and not exists (
        select from attempts a where a.merchant_id = o.merchant_id and a.id = o.attempt_id)
      union all
      select 'outbox ' || o.id, 'event ' || o.event_id from outbox o
      where o.event_id is not null and not exists (
        select from events e where e.merchant_id = o.merchant_id and e.id = o.event_id)`,
  },
  {
    invariant: "I14",
    name: "each key can replay its result",
    sql: `
      select k.merchant_id || ' ' || k.operation || ' ' || k.key as subject,
        'event ' || k.event_id as detail
      from idempotency_keys k
      left join events e on e.merchant_id = k.merchant_id and e.id = k.event_id
      where k.event_id is not null and e.id is null
      union all
      select k.merchant_id || ' ' || k.operation || ' ' || k.key,
        'the intent it created has another key'
      from idempotency_keys k
      join events e on e.merchant_id = k.merchant_id and e.id = k.event_id
      join payment_intents pi on pi.merchant_id = e.merchant_id and pi.id = e.subject_id
      where k.operation = 'createPaymentIntent' and pi.idempotency_key <> k.key`,
  },
];
