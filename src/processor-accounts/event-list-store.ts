import { type Db, type Statement, run } from "../db/db";
import { notHeld } from "../merchants/not-held";

/** How far the events of accounts have been listed. Moments are ISO 8601. */

/** A page of the events of an account, to be listed next. */
export interface DueEventList {
  readonly merchantId: string;
  readonly accountId: string;
  readonly processor: string;
  readonly version: number;
  readonly from: string;
  readonly to: string;
  readonly after: string | null;
}

// A window that is under way stays as it is until its last page. In milliseconds, which is what a moment has outside.
const TAKE: Statement = {
  name: "take_due_event_lists",
  text: `
    update processor_accounts p
    set events_due_at = now() + o.every_ms * interval '1 millisecond',
      events_to = coalesce(p.events_to,
        date_trunc('milliseconds', now() - o.settled_ms * interval '1 millisecond'))
    from (select ?::bigint as every_ms, ?::bigint as settled_ms, ?::bigint as overlap_ms) o, (
      select q.merchant_id, q.id from processor_accounts q
      where q.events_due_at <= now() and ${notHeld("q.merchant_id")}
      order by q.events_due_at limit ? for update skip locked
    ) due
    where p.merchant_id = due.merchant_id and p.id = due.id
    returning p.merchant_id as "merchantId", p.id as "accountId", p.processor as "processor",
      p.version as "version", p.events_after as "after", iso(p.events_to) as "to",
      iso(coalesce(p.events_from, p.created_at)
        - o.overlap_ms * interval '1 millisecond') as "from"`,
};

export interface EventListTimes {
  /** Until the list of an account is due again. */
  readonly everyMs: number;
  /** What was told less than so long ago is left to its webhook. */
  readonly settledMs: number;
  /** How much of the window before is listed once more. */
  readonly overlapMs: number;
}

/** Accounts whose events are due to be listed; nobody else gets them until they are due again. */
export async function takeDueEventLists(
  db: Db,
  { everyMs, settledMs, overlapMs }: EventListTimes,
  limit: number,
): Promise<DueEventList[]> {
  return run<DueEventList>(db, TAKE, [everyMs, settledMs, overlapMs, limit]);
}

const MOVE_ON: Statement = {
  name: "move_event_list_on",
  text: `
    update processor_accounts p
    set events_after = n.after,
      events_from = case when n.after is null then p.events_to else p.events_from end,
      events_to = case when n.after is not null then p.events_to end,
      events_due_at = case when n.after is null then p.events_due_at else now() end
    from (select ?::text as after) n
    where p.merchant_id = ? and p.id = ? and p.events_to = ?::timestamptz
      and p.events_after is not distinct from ?`,
};

/** The page is stored: the next one is due at once, if there is one. Whoever stored it first has moved it on. */
export async function moveEventListOn(
  db: Db,
  { merchantId, accountId, to, after }: DueEventList,
  next: string | null,
): Promise<void> {
  await run(db, MOVE_ON, [next, merchantId, accountId, to, after]);
}
