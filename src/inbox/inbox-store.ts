import { type Db, type Statement, run } from "../db/db";
import { notHeld } from "../merchants/not-held";
import type { ProcessorWebhook } from "../processors/processor";

export interface InboxMessage {
  /** Who tells: an account, by its id, or a processor of the installation's own, by its name. */
  readonly source: string;
  readonly eventId: string;
  readonly type: string;
  /** An attempt's id, or the processor's own name for what was prepared. */
  readonly reference: string;
  readonly outcome: ProcessorWebhook["outcome"];
}

const INSERT: Statement = {
  name: "insert_inbox",
  text: `
    insert into inbox (processor, event_id, type, reference, outcome) values (?, ?, ?, ?, ?::jsonb)
    on conflict do nothing returning event_id`,
};

/** Stores a processor's event; false when it was stored before. */
export async function storeInboxMessage(db: Db, message: InboxMessage): Promise<boolean> {
  const { source, eventId, type, reference, outcome } = message;
  const bindings = [source, eventId, type, reference, JSON.stringify(outcome)];
  return (await run(db, INSERT, bindings)).length > 0;
}

const UNHEARD: Statement = {
  name: "find_unheard_events",
  text: `
    select e.id as "id" from unnest(?::text[]) as e (id)
    where not exists (select from inbox i where i.processor = ? and i.event_id = e.id)`,
};

/** Of these events of a source, those that are not stored. */
export async function findUnheard(
  db: Db,
  { source, eventIds }: { readonly source: string; readonly eventIds: readonly string[] },
): Promise<ReadonlySet<string>> {
  const rows = await run<{ id: string }>(db, UNHEARD, [eventIds, source]);
  return new Set(rows.map(({ id }) => id));
}

const INSERT_ALL: Statement = {
  name: "insert_inbox_events",
  text: `
    insert into inbox (processor, event_id, type, reference, outcome)
    select ?, e.event_id, e.type, e.reference, e.outcome
    from jsonb_to_recordset(?) as e (event_id text, type text, reference text, outcome jsonb)
    on conflict do nothing returning event_id`,
};

/** Stores the events of a list; returns how many were not stored before. */
export async function storeInboxMessages(
  db: Db,
  { source, events }: { readonly source: string; readonly events: readonly ProcessorWebhook[] },
): Promise<number> {
  if (events.length === 0) return 0;
  const rows = events.map(({ eventId, ...event }) => ({ ...event, event_id: eventId }));
  return (await run(db, INSERT_ALL, [source, JSON.stringify(rows)])).length;
}

export interface DueInboxMessage extends InboxMessage {
  readonly tries: number;
  /** The attempt's; null when there is none (yet). */
  readonly processor: string | null;
  /** The attempt it refers to; null when there is none (yet). */
  readonly attemptId: string | null;
  readonly merchantId: string | null;
  readonly paymentIntentId: string | null;
  /** Nothing may be begun for the merchant just now. */
  readonly isHeld: boolean;
}

/*
 * Across merchants, because a processor's event does not name one: the attempt it refers to does. An event is about
 * attempts of the account whose secret it was signed with, and about no other's, whatever it refers to. Accounts' ids
 * are nobody's names, so the key (processor, event_id) keeps the events of accounts apart, too. What an account says of
 * something by its own name for it (Stripe's disputes do) is found by that.
 */
const TAKE_DUE: Statement = {
  name: "take_due_inbox",
  text: `
    with taken as (
      update inbox i set next_at = now() + ? * interval '1 millisecond', tries = i.tries + 1
      from (
        select q.processor, q.event_id from inbox q where q.next_at <= now()
        order by q.next_at limit ? for update skip locked
      ) due
      where i.processor = due.processor and i.event_id = due.event_id
      returning i.processor, i.event_id, i.type, i.reference, i.outcome, i.tries, i.received_at
    )
    select t.processor as "source", a.processor as "processor", t.event_id as "eventId",
      t.type as "type",
      t.reference as "reference", t.outcome as "outcome", t.tries as "tries", a.id as "attemptId",
      a.merchant_id as "merchantId", a.payment_intent_id as "paymentIntentId",
      not (${notHeld("a.merchant_id")}) as "isHeld"
    from taken t
    left join lateral (
      select q.* from attempts q
      where q.id = t.reference and coalesce(q.processor_account_id, q.processor) = t.processor
      union all
      select q.* from attempts q
      where q.processor_account_id = t.processor and q.processor_ref = t.reference
      limit 1
    ) a on true
    order by t.received_at, t.event_id`,
};

/** What is to be applied, in the order in which it arrived; nobody else gets it for `leaseMs`. */
export async function takeDueInboxMessages(
  db: Db,
  options: { readonly leaseMs: number; readonly limit: number },
): Promise<DueInboxMessage[]> {
  return run<DueInboxMessage>(db, TAKE_DUE, [options.leaseMs, options.limit]);
}

const MARK_APPLIED: Statement = {
  name: "mark_inbox_applied",
  text: `
    update inbox set status = 'APPLIED', effect = ?, next_at = null, applied_at = now()
    where processor = ? and event_id = ?`,
};

export async function markApplied(db: Db, message: InboxMessage, effect: string): Promise<void> {
  await run(db, MARK_APPLIED, [effect, message.source, message.eventId]);
}

const PARK: Statement = {
  name: "park_inbox",
  text: `
    update inbox set status = case when ?::bigint is null then 'GIVEN_UP' else 'PARKED' end,
      next_at = now() + ?::bigint * interval '1 millisecond'
    where processor = ? and event_id = ?`,
};

/** Keeps it until what it refers to appears; null means that it never did. */
export async function park(db: Db, message: InboxMessage, dueInMs: number | null): Promise<void> {
  await run(db, PARK, [dueInMs, dueInMs, message.source, message.eventId]);
}
