import { type Db, type Statement, run } from "../db/db";
import { isRetryable, sqlState, violatedConstraint } from "../db/errors";

/**
 * The outbox: rows that mutations, and the settling of attempts, commit together with what they announce. One relay
 * at a time reads a batch, turns it into jobs, and moves its events on to the feed, in this order. A relay that dies in
 * between leaves the rows, and they are relayed again, which does no harm downstream.
 */
export interface Message {
  readonly id: number;
  readonly merchantId: string;
  readonly eventId: string | null;
  readonly attemptId: string | null;
  /** A delivery that was created on its own: a replay, a test with its event, or one that was paused. */
  readonly deliveryId: string | null;
  /** Of the trace that what it announces is a part of. */
  readonly traceparent: string | null;
  /** How many relays began with it and did not finish, as far as that was written down. */
  readonly deaths: number;
  /** It has waited for longer than a relay needs. */
  readonly isOld: boolean;
}

/** Where processes that committed outbox rows say so: `notify`, never inside a money transaction, where it would serialise commits. */
export const OUTBOX_CHANNEL = "oncepay_outbox";

/** Held by the active relay, on a session of its own: its death frees the lock, and another relay takes over. */
export const RELAY_LOCK = 7_460_226_602;

const OLD = "interval '2 seconds'";

/*
 * Across merchants, in this one place. No lease on the rows: that would be one more write for each of them. Those that
 * are set aside are passed over.
 */
const READ: Statement = {
  name: "read_outbox",
  text: `
    select id as "id", merchant_id as "merchantId", event_id as "eventId",
      attempt_id as "attemptId", delivery_id as "deliveryId", relay_deaths as "deaths",
      traceparent as "traceparent", created_at < now() - ${OLD} as "isOld"
    from outbox where id > ? and (aside_until is null or aside_until <= now())
    order by id limit ?`,
};

export async function readMessages(db: Db, limit: number, afterId = 0): Promise<Message[]> {
  return run<Message>(db, READ, [afterId, limit]);
}

const LAST: Statement = {
  name: "last_of_outbox",
  text: `select id as "id" from outbox order by id desc limit 1`,
};

export async function findLast(db: Db): Promise<number> {
  const [row] = await run<{ id: number }>(db, LAST, []);
  return row?.id ?? 0;
}

/*
 * Written before a relay begins with rows that may be what the one before it died of. Whoever gets through deletes
 * them, so what is left says of each how many did not. From the second on it is set aside as it is begun with, for
 * longer each time, and in the end for good: a relay that dies of something else leaves nothing aside for long.
 */
const SUSPECT: Statement = {
  name: "suspect_outbox_rows",
  text: `
    update outbox set relay_deaths = relay_deaths + 1, relay_error = 'RELAY_DIED',
      aside_until = case
        when relay_deaths + 1 > ? then timestamptz 'infinity'
        when relay_deaths + 1 > 1 then now() + interval '0.5 seconds' * 4 ^ relay_deaths end,
      aside_since = case when relay_deaths + 1 > 1 then coalesce(aside_since, now()) end
    where id = any(?)`,
};

const DEATHS_MAX = 7;

export async function suspectMessages(db: Db, messages: readonly Message[]): Promise<void> {
  await run(db, SUSPECT, [DEATHS_MAX, messages.map(({ id }) => id)]);
}

const ACQUIT: Statement = {
  name: "acquit_outbox_rows",
  text: `
    update outbox set relay_deaths = greatest(0, relay_deaths - 1), aside_until = null,
      aside_since = null
    where id = any(?)`,
};

/** It was not their fault. */
export async function acquitMessages(db: Db, messages: readonly Message[]): Promise<void> {
  await run(db, ACQUIT, [messages.map(({ id }) => id)]);
}

/** How a relay that began with a row ended. RELAY_DIED: it did not live to say. */
export const RELAY_ERRORS = ["RELAY_DIED", "DATABASE", "OTHER"] as const;
export type RelayError = (typeof RELAY_ERRORS)[number];

const BLAME: Statement = {
  name: "blame_outbox_rows",
  text: `update outbox set relay_error = ? where id = any(?)`,
};

/** It was, and the relay is alive to say what happened. */
export async function blameMessages(
  db: Db,
  messages: readonly Message[],
  error: unknown,
): Promise<void> {
  const what: RelayError = sqlState(error) === undefined ? "OTHER" : "DATABASE";
  await run(db, BLAME, [what, messages.map(({ id }) => id)]);
}

const COUNT_ASIDE: Statement = {
  name: "count_outbox_rows_set_aside",
  text: `select count(*)::int as "count" from outbox where aside_until is not null`,
};

export async function countSetAside(db: Db): Promise<number> {
  const [row] = await run<{ count: number }>(db, COUNT_ASIDE, []);
  return row?.count ?? 0;
}

/*
 * One statement, one round trip for a batch: it deletes the rows, and gives the events of those that it deleted itself
 * the next positions in their merchants' feeds. A relay that handles a row that another relay has already marked
 * deletes nothing, so an event has one position, however often it was relayed.
 *
 * The end of a merchant's feed is read from the feed itself, so nothing has to be carried over when the rows move to
 * another cluster or node. Two relays at once (the lock was lost with its session) find the same end, and the later one
 * waits at the primary key for the first one's commit, is refused, and asks again. So a position is assigned only once
 * the one before it is committed: whoever sees one sees all before it.
 *
 * Row writes: one deleted for each message, one inserted with one index entry for each event. Row reads: the event for
 * its type, and one index probe for each merchant of the batch.
 */
const MARK: Statement = {
  name: "mark_relayed",
  text: `
    with relayed as (
      delete from outbox where id = any(?) returning id, merchant_id, event_id
    ), announced as materialized (
      select r.merchant_id, r.event_id, e.type,
        row_number() over (partition by r.merchant_id order by r.id) as n
      from relayed r
      join events e on e.merchant_id = r.merchant_id and e.id = r.event_id
    ), feed as materialized (
      select m.merchant_id, coalesce(last.position, 0) as position
      from (select distinct merchant_id from announced) m
      left join lateral (
        select f.position from event_feed f where f.merchant_id = m.merchant_id
        order by f.position desc limit 1) last on true
    )
    insert into event_feed (merchant_id, position, event_id, type)
    select a.merchant_id, f.position + a.n, a.event_id, a.type
    from announced a join feed f on f.merchant_id = a.merchant_id
    order by a.merchant_id, a.n`,
};

// Each failed try is another relay's success, and there are not many relays.
const MARK_TRIES_MAX = 10;

export async function markRelayed(db: Db, messages: readonly Message[]): Promise<void> {
  const ids = messages.map(({ id }) => id);
  for (let tries = 1; ; tries += 1) {
    try {
      await run(db, MARK, [ids]);
      return;
    } catch (error) {
      const wasOvertaken = violatedConstraint(error) === "event_feed_pkey" || isRetryable(error);
      if (!wasOvertaken || tries >= MARK_TRIES_MAX) throw error;
    }
  }
}

const OLDEST: Statement = {
  name: "oldest_of_outbox",
  text: `
    select id as "id" from outbox
    where aside_until is null or aside_until <= now() order by id limit 1`,
};

/** The row to be relayed next; as long as the relay works, it is a different one each time. */
export async function findOldest(db: Db): Promise<number | undefined> {
  const [row] = await run<{ id: number }>(db, OLDEST, []);
  return row?.id;
}
