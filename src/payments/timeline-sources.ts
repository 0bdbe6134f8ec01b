import { CANCEL } from "./cancel-payment-intent";
import { CAPTURE } from "./capture-payment-intent";
import { CREATE } from "./create-payment-intent";
import { REFUND } from "./refund-payment-intent";
import { CONFIRM } from "./shopper-key";
import { UPDATE } from "./update-payment-intent";

/*
 * Where a payment's timeline comes from: a select for each, of the intent `p.id` and the question `q`, all with the
 * same columns. The rank orders what one commit has written: first what was asked for, or what was heard, then what that
 * changed. The key tells apart what has the same rank. What belongs to a row is probed behind a fence: see planner.ts.
 */

const CALLS = [CREATE, UPDATE, CONFIRM, CAPTURE, CANCEL, REFUND].map((name) => `'${name}'`);

/** Enough of a key to recognise it by; that of a shopper is stored with the intent in front of it. */
function startOf(key: string): string {
  return `left(regexp_replace(${key}, '^pi_\\w+ key ', ''), 8)`;
}

/** What callers asked for, and got: told by what the call changed, which names it. */
const CALLED = `
  select t.at, 1 as rank, t.cause as key, 'API_CALL' as kind, p.id as subject_id, t.actor,
    jsonb_build_object('operation', t.cause, 'key', ${startOf("k.key")}) as data
  from (
    select t.at, t.cause, t.actor from transitions t
    where t.merchant_id = q.merchant_id and t.payment_intent_id = p.id
      and t.cause in (${CALLS.join(", ")})
    group by t.at, t.cause, t.actor
  ) t
  left join lateral (
    select i.idempotency_key as key from payment_intents i
    where t.cause = '${CREATE}' and i.merchant_id = q.merchant_id and i.id = p.id
    union all
    select a.idempotency_key from attempts a
    where t.cause = '${CONFIRM}' and a.merchant_id = q.merchant_id
      and a.payment_intent_id = p.id and a.created_at = t.at and a.idempotency_key is not null
    union all
    select c.idempotency_key from captures c
    where t.cause = '${CAPTURE}' and c.merchant_id = q.merchant_id
      and c.payment_intent_id = p.id and c.created_at = t.at
    union all
    select r.idempotency_key from refunds r
    where t.cause = '${REFUND}' and r.merchant_id = q.merchant_id
      and r.payment_intent_id = p.id and r.created_at = t.at
    union all
    select u.idempotency_key from payment_intent_updates u
    where t.cause = '${UPDATE}' and u.merchant_id = q.merchant_id
      and u.payment_intent_id = p.id and u.created_at = t.at
    limit 1
  ) k on true`;

/** What callers asked for in vain, for as long as the key's record is kept. */
const REFUSED = `
  select k.created_at, 1, k.operation || ' ' || md5(k.key), 'API_CALL', p.id,
    k.failure_details ->> 'by',
    jsonb_build_object('operation', k.operation, 'key', ${startOf("k.key")},
      'refused', k.failure_code)
  from idempotency_keys k
  where k.merchant_id = q.merchant_id and k.refused_id = p.id`;

/**
 * What a shopper's bank took back, and gave back or kept: when that was recorded. Where the end was heard of first, both
 * were recorded at once, in this order. It is the processor's webhook that says it, and nothing else.
 */
const DISPUTED = `
  select step.at, 1, d.id || ' ' || step.n, 'DISPUTE', d.id, 'webhook',
    jsonb_build_object('step', step.name, 'amount', d.amount, 'currency', d.currency,
      'reason', d.reason, 'fee', d.fee, 'evidenceDueBy', iso(d.evidence_due_by))
  from disputes d
  cross join lateral (values (1, 'OPEN', d.created_at),
    (2, d.status, case when d.status <> 'OPEN' then d.updated_at end)) as step (n, name, at)
  where d.merchant_id = q.merchant_id and d.payment_intent_id = p.id and step.at is not null`;

const CHANGED = `
  select t.at, 2, lpad(t.version::text, 10, '0'), 'TRANSITION', t.event_id, t.actor,
    jsonb_build_object('from', t.from_status, 'to', t.to_status, 'cause', t.cause,
      'version', t.version, 'type', e.type, 'tooLateToCancel', e.too_late)
  from transitions t
  left join lateral (
    select e.type, t.from_status = 'PROCESSING' and t.to_status = 'SUCCEEDED'
      and e.object ->> 'cancellationRequestedAt' is not null as too_late
    from events e where e.merchant_id = t.merchant_id and e.id = t.event_id offset 0
  ) e on true
  where t.merchant_id = q.merchant_id and t.payment_intent_id = p.id`;

const TRIED = `
  select step.at, 3, a.id || ' ' || step.n, 'ATTEMPT', a.id, null,
    jsonb_build_object('operation', a.operation, 'processor', a.processor, 'amount', a.amount,
      'currency', a.currency, 'step', step.name, 'code', a.code, 'declineCode', a.decline_code,
      'networkDeclineCode', a.network_decline_code)
  from attempts a
  cross join lateral (values (1, 'QUEUED', a.created_at), (2, 'SENT', a.sent_at),
    (3, 'UNKNOWN', a.unknown_since), (4, a.status, a.settled_at)) as step (n, name, at)
  where a.merchant_id = q.merchant_id and a.payment_intent_id = p.id and step.at is not null`;

const REPORTED = `
  select e.at, 4, e.attempt_id || ' ' || lpad(e.line::text, 19, '0'),
    case e.source when 'webhook' then 'PROCESSOR_WEBHOOK' else 'EVIDENCE' end, a.id, e.source,
    jsonb_build_object('operation', a.operation, 'outcome', e.outcome ->> 'kind',
      'effect', e.effect, 'source', e.source)
  from attempts a
  cross join lateral (
    select e.* from attempt_evidence e
    where e.merchant_id = a.merchant_id and e.attempt_id = a.id offset 0
  ) e
  where a.merchant_id = q.merchant_id and a.payment_intent_id = p.id`;

const POSTED = `
  select j.created_at, 5, j.id, 'LEDGER', j.id, null,
    jsonb_build_object('journal', j.kind, 'postings', (
      select jsonb_agg(jsonb_build_object('amount', o.amount, 'currency', o.currency,
        'debit', d.kind, 'credit', c.kind, 'pending', o.pending) order by o.line)
      from postings o
      join ledger_accounts d on d.merchant_id = o.merchant_id and d.id = o.debit_account_id
      join ledger_accounts c on c.merchant_id = o.merchant_id and c.id = o.credit_account_id
      where o.merchant_id = j.merchant_id and o.journal_id = j.id))
  from journals j
  where q.sees_ledger and j.merchant_id = q.merchant_id and j.payment_intent_id = p.id`;

/** Deliveries of the events of the intent and of its disputes, wherever to: of the endpoint only its id is told. */
const DELIVERIES = `
  (
    select t.event_id from transitions t
    where t.merchant_id = q.merchant_id and t.payment_intent_id = p.id
    union all
    select unnest(array[x.opened_event_id, x.closed_event_id]) from disputes x
    where x.merchant_id = q.merchant_id and x.payment_intent_id = p.id
  ) told
  cross join lateral (
    select d.merchant_id, d.id, d.event_id, d.endpoint_id, d.status, d.tries, d.created_at,
      d.updated_at
    from webhook_deliveries d
    where d.merchant_id = q.merchant_id and d.event_id = told.event_id offset 0
  ) d`;

const DELIVERED = `
  select step.at, 6, d.id || ' ' || step.n, 'DELIVERY', d.id, null,
    jsonb_build_object('endpoint', d.endpoint_id, 'event', d.event_id, 'step', step.name,
      'tries', d.tries)
  from ${DELIVERIES}
  cross join lateral (values (1, 'PLANNED', d.created_at),
    (3, d.status, case when d.status in ('SUCCEEDED', 'DEAD', 'DISCARDED') then d.updated_at end)
  ) as step (n, name, at)
  where q.sees_webhooks and step.at is not null
  union all
  select h.started_at, 6, d.id || ' 2 ' || lpad(h.number::text, 10, '0'), 'DELIVERY', d.id, null,
    jsonb_build_object('endpoint', d.endpoint_id, 'event', d.event_id, 'step', 'TRIED',
      'number', h.number, 'statusCode', h.status_code, 'error', h.error_class)
  from ${DELIVERIES}
  cross join lateral (
    select h.number, h.started_at, h.status_code, h.error_class from webhook_delivery_attempts h
    where h.merchant_id = d.merchant_id and h.delivery_id = d.id offset 0
  ) h
  where q.sees_webhooks`;

/**
 * On the payment, its parts, its deliveries and what differs about its attempts. A plan that replays deliveries is about
 * many payments, and is not told here: what it sent is, as a delivery.
 */
const OPERATED = `
  select l.at, 7, l.id, 'OPERATOR_ACTION', l.subject_id, l.actor_id,
    jsonb_build_object('operation', l.operation, 'outcome', l.outcome, 'actorKind', l.actor_kind,
      'errorCode', l.error_code)
  from (
    select p.id
    union all
    select a.id from attempts a
    where a.merchant_id = q.merchant_id and a.payment_intent_id = p.id
    union all
    select c.id from captures c
    where c.merchant_id = q.merchant_id and c.payment_intent_id = p.id
    union all
    select r.id from refunds r
    where r.merchant_id = q.merchant_id and r.payment_intent_id = p.id
    union all
    select d.id from ${DELIVERIES}
    union all
    select b.id from attempts a
    join reconciliation_breaks b on b.merchant_id = a.merchant_id and b.subject_id = a.id
    where a.merchant_id = q.merchant_id and a.payment_intent_id = p.id
  ) about
  cross join lateral (
    select l.* from audit_log l
    where l.merchant_id = q.merchant_id and l.subject_id = about.id
      and l.action in ('WRITE', 'COMMAND') offset 0
  ) l
  where q.sees_audit_log`;

export const TIMELINE_SOURCES: readonly string[] = [
  CALLED,
  REFUSED,
  DISPUTED,
  CHANGED,
  TRIED,
  REPORTED,
  POSTED,
  DELIVERED,
  OPERATED,
];
