import { TRANSITIONS } from "../payments/payment-intent";
import type { Check } from "./check";

const IN_FLIGHT = "('QUEUED', 'SENT', 'UNKNOWN', 'REQUIRES_ACTION')";
const TERMINAL = Object.entries(TRANSITIONS).flatMap(([status, next]) =>
  next.length === 0 ? [status] : [],
);
const TERMINAL_LIST = `('${TERMINAL.join("', '")}')`;

// From the table in code and not from the database's own function: the two must agree.
const EDGES = JSON.stringify(
  Object.entries(TRANSITIONS).flatMap(([from, next]) => next.map((to) => ({ from, to }))),
);

/** One effect for one key, and at most one for each try at a processor. */
const ONCE: readonly Check[] = [
  {
    invariant: "I1",
    name: "one intent for one key",
    sql: `
      select merchant_id || ' ' || idempotency_key as subject, count(*) || ' intents' as detail
      from payment_intents group by merchant_id, idempotency_key having count(*) > 1`,
  },
  {
    invariant: "I1",
    name: "one effect for one key",
    sql: `
      select merchant_id || ' ' || operation || ' ' || key as subject,
        count(*) || ' results' as detail
      from idempotency_keys where failure_code is null
      group by merchant_id, operation, key having count(*) > 1`,
  },
  {
    invariant: "I1",
    name: "at most one charge of an intent has succeeded or is in progress",
    sql: `
      select payment_intent_id as subject, string_agg(id || ' ' || status, ', ') as detail
      from attempts where operation in ('charge', 'authorize')
        and (status = 'SUCCEEDED' or status in ${IN_FLIGHT})
      group by merchant_id, payment_intent_id having count(*) > 1`,
  },
  {
    invariant: "I1",
    name: "at most one attempt of a capture or refund has succeeded or is in progress",
    sql: `
      select coalesce(capture_id, refund_id) as subject,
        string_agg(id || ' ' || status, ', ') as detail
      from attempts where coalesce(capture_id, refund_id) is not null and operation <> 'compensate'
        and (status = 'SUCCEEDED' or status in ${IN_FLIGHT})
      group by merchant_id, coalesce(capture_id, refund_id) having count(*) > 1`,
  },
];

const AMOUNTS: readonly Check[] = [
  {
    invariant: "I5",
    name: "captured within authorised, refunded within captured",
    sql: `
      select id as subject, format('authorised %s, captured %s + %s, refunded %s + %s, %s',
        amount_authorized, amount_captured, amount_capturing, amount_refunded, amount_refunding,
        status) as detail
      from payment_intents
      where amount_authorized > amount or amount_captured + amount_capturing > amount_authorized
        or amount_refunded + amount_refunding > amount_captured
        or (status in ('CANCELED', 'FAILED') and amount_captured + amount_capturing > 0)
        or (status = 'SUCCEEDED' and (amount_captured = 0 or amount_capturing > 0))`,
  },
  {
    invariant: "I5",
    name: "reserved and moved amounts are those of the captures and refunds",
    sql: `
      select pi.id as subject,
        format('captures: %s pending, %s done, intent says %s, %s; ', c.pending, c.done,
          pi.amount_capturing, pi.amount_captured)
        || format('refunds: %s pending, %s done, intent says %s, %s', r.pending, r.done,
          pi.amount_refunding, pi.amount_refunded) as detail
      from payment_intents pi
      left join (
        select merchant_id, payment_intent_id,
          sum(amount) filter (where status = 'PENDING') as pending,
          sum(amount) filter (where status = 'SUCCEEDED') as done
        from captures group by merchant_id, payment_intent_id
      ) c on c.merchant_id = pi.merchant_id and c.payment_intent_id = pi.id
      left join (
        select merchant_id, payment_intent_id,
          sum(amount) filter (where status = 'PENDING') as pending,
          sum(amount) filter (where status = 'SUCCEEDED') as done
        from refunds group by merchant_id, payment_intent_id
      ) r on r.merchant_id = pi.merchant_id and r.payment_intent_id = pi.id
      where pi.amount_capturing <> coalesce(c.pending, 0)
        or pi.amount_refunding <> coalesce(r.pending, 0)
        or pi.amount_refunded <> coalesce(r.done, 0)
        or (pi.capture_method = 'MANUAL' and pi.amount_captured <> coalesce(c.done, 0))`,
  },
  {
    invariant: "I5",
    name: "authorised and captured amounts are those of the attempts that succeeded",
    sql: `
      select pi.id as subject, format('attempts: %s authorised, %s captured; intent says %s, %s',
        a.authorized, a.captured, pi.amount_authorized, pi.amount_captured) as detail
      from payment_intents pi
      left join (
        select merchant_id, payment_intent_id,
          sum(amount) filter (where operation in ('charge', 'authorize')) as authorized,
          sum(amount) filter (where operation in ('charge', 'capture')) as captured
        from attempts where status = 'SUCCEEDED' group by merchant_id, payment_intent_id
      ) a on a.merchant_id = pi.merchant_id and a.payment_intent_id = pi.id
      where pi.amount_authorized <> coalesce(a.authorized, 0)
        or pi.amount_captured <> coalesce(a.captured, 0)`,
  },
  {
    invariant: "I5",
    name: "captures and refunds have the status of their attempts",
    sql: `
      with part as (
        select merchant_id, id, status, amount from captures
        union all select merchant_id, id, status, amount from refunds
      )
      select p.id as subject, format('%s of %s, attempts: %s', p.status, p.amount,
        string_agg(a.status || ' ' || a.amount, ', ')) as detail
      from part p left join attempts a on a.merchant_id = p.merchant_id
        and coalesce(a.capture_id, a.refund_id) = p.id
        and a.operation <> 'compensate'
      group by p.merchant_id, p.id, p.status, p.amount
      having bool_or(a.amount <> p.amount)
        or (p.status = 'PENDING') <> (count(*) filter (where a.status in ${IN_FLIGHT}) = 1)
        or (p.status = 'SUCCEEDED' and count(*) filter (where a.status = 'SUCCEEDED') <> 1)`,
  },
];

const STATES: readonly Check[] = [
  {
    invariant: "I6",
    name: "transitions run from 1 to the version, without gaps",
    sql: `
      select pi.id as subject, format('version %s, %s transitions from %s to %s', pi.version,
        coalesce(t.count, 0), t.first, t.last) as detail
      from payment_intents pi
      left join (
        select merchant_id, payment_intent_id, count(*) as count, min(version) as first,
          max(version) as last
        from transitions group by merchant_id, payment_intent_id
      ) t on t.merchant_id = pi.merchant_id and t.payment_intent_id = pi.id
      where t.count is distinct from pi.version or t.first <> 1 or t.last <> pi.version`,
  },
  {
    invariant: "I6",
    name: "each transition goes on from the one before",
    sql: `
      select payment_intent_id || ' v' || version as subject,
        format('%s to %s after %s', from_status, to_status, previous) as detail
      from (
        select *, lag(to_status)
          over (partition by merchant_id, payment_intent_id order by version) as previous
        from transitions
      ) t
      where from_status is distinct from previous`,
  },
  {
    invariant: "I6",
    name: "each transition is a legal edge",
    sql: `
      select t.payment_intent_id || ' v' || t.version as subject,
        format('%s to %s', t.from_status, t.to_status) as detail
      from transitions t
      left join jsonb_to_recordset(?::jsonb) as edge ("from" text, "to" text)
        on edge.from = t.from_status and edge.to = t.to_status
      where (edge.to is null and t.from_status <> t.to_status)
        or (t.from_status is null
          and t.to_status not in ('REQUIRES_PAYMENT_METHOD', 'REQUIRES_CONFIRMATION'))
        or t.terminal <> (t.to_status in ${TERMINAL_LIST})`,
    bindings: [EDGES],
  },
  {
    invariant: "I6",
    name: "the last transition led to the status",
    sql: `
      select pi.id as subject, format('%s, the last transition led to %s', pi.status,
        t.to_status) as detail
      from payment_intents pi
      join transitions t on t.merchant_id = pi.merchant_id and t.payment_intent_id = pi.id
        and t.version = pi.version
      where t.to_status <> pi.status`,
  },
  {
    invariant: "I6",
    name: "nothing is in progress for an intent that has ended",
    // A refund is of an intent that has succeeded: it changes amounts, not the status. A compensation never does.
    sql: `
      select pi.id as subject, format('%s, and %s %s is %s', pi.status, a.operation, a.id,
        a.status) as detail
      from attempts a join payment_intents pi on pi.merchant_id = a.merchant_id
        and pi.id = a.payment_intent_id
      where a.status in ${IN_FLIGHT} and pi.status in ${TERMINAL_LIST}
        and a.operation <> 'compensate'
        and not (pi.status = 'SUCCEEDED' and a.operation = 'refund')`,
  },
  {
    invariant: "I6",
    name: "what an intent is waiting for is in progress",
    sql: `
      select pi.id as subject, format('%s, and %s attempts are under way', pi.status,
        count(a.id)) as detail
      from payment_intents pi
      left join attempts a on a.merchant_id = pi.merchant_id and a.payment_intent_id = pi.id
        and a.operation not in ('refund', 'compensate')
        and a.status in ${IN_FLIGHT}
        and (a.status = 'REQUIRES_ACTION') = (pi.status = 'REQUIRES_ACTION')
      where pi.status in ('PROCESSING', 'REQUIRES_ACTION')
      group by pi.merchant_id, pi.id, pi.status having count(a.id) <> 1`,
  },
];

export const PAYMENT_CHECKS: readonly Check[] = [...ONCE, ...AMOUNTS, ...STATES];

/** Holds only for a system that has had time to come to rest. */
export function livenessChecks(maxAgeSeconds: number): readonly Check[] {
  const age = "? * interval '1 second'";
  return [
    {
      invariant: "I10",
      name: "no intent has been PROCESSING for long",
      sql: `
        select id as subject, 'since ' || updated_at as detail from payment_intents
        where status = 'PROCESSING' and updated_at < now() - ${age}`,
      bindings: [maxAgeSeconds],
    },
    {
      invariant: "I10",
      name: "no attempt has been in progress for long",
      sql: `
        select id as subject, format('%s %s since %s', operation, status, created_at) as detail
          from attempts
        where status in ('QUEUED', 'SENT', 'UNKNOWN') and created_at < now() - ${age}`,
      bindings: [maxAgeSeconds],
    },
    {
      invariant: "I10",
      name: "no hold and no challenge has been over for long",
      sql: `
        select id as subject, format('a hold to be seen to at %s', authorization_due_at) as detail
        from payment_intents
        where status = 'REQUIRES_CAPTURE' and authorization_due_at < now() - ${age}
        union all
        select id, format('a challenge until %s', challenge_expires_at) from attempts
        where status = 'REQUIRES_ACTION' and challenge_expires_at < now() - ${age}`,
      bindings: [maxAgeSeconds, maxAgeSeconds],
    },
    {
      invariant: "I10",
      name: "no delivery has been overdue for long",
      sql: `
        select id as subject, format('%s, due at %s', status, next_at) as detail
          from webhook_deliveries
        where next_at < now() - ${age}`,
      bindings: [maxAgeSeconds],
    },
    {
      invariant: "I10",
      name: "no erasure has been running for long",
      sql: `
        select id as subject, format('requested at %s', requested_at) as detail from erasures
        where finished_at is null and requested_at < now() - ${age}`,
      bindings: [maxAgeSeconds],
    },
    {
      invariant: "I10",
      name: "the outbox is relayed",
      sql: `
        select id::text as subject, format('waiting since %s', created_at) as detail
          from outbox
        where created_at < now() - ${age}`,
      bindings: [maxAgeSeconds],
    },
  ];
}
