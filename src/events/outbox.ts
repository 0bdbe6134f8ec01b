import { type Db, type Statement, run } from "../db/db";

/**
 * The outbox: rows that mutations and settlements commit together with what they announce. One relay at a
 * time reads a batch, turns it into jobs, and deletes it, in this order. A relay that dies in between leaves
 * the rows, and they are relayed again, which nothing downstream minds.
 */
export interface Message {
  readonly position: number;
  readonly merchantId: string;
  readonly eventId: string | null;
  readonly attemptId: string | null;
  /** A delivery that was made by itself: a replay. */
  readonly deliveryId: string | null;
}

/** Where processes that committed outbox rows say so: `notify`, never inside a money transaction, where it would serialise commits. */
export const OUTBOX_CHANNEL = "oncepay_outbox";

/** Held by the relay that is at work, on a session of its own: its death frees it, and another one goes on. */
export const RELAY_LOCK = 7_460_226_602;

/* Across merchants, in this one place. No lease on the rows: that would be one more write for each of them. */
const READ: Statement = {
  name: "read_outbox",
  text: `
    select position as "position", merchant_id as "merchantId", event_id as "eventId", attempt_id as "attemptId",
      delivery_id as "deliveryId"
    from outbox order by position limit ?`,
};

export async function readMessages(db: Db, limit: number): Promise<Message[]> {
  return run<Message>(db, READ, [limit]);
}

const MARK: Statement = {
  name: "mark_relayed",
  text: "delete from outbox where position = any(?)",
};

export async function markRelayed(db: Db, messages: readonly Message[]): Promise<void> {
  await run(db, MARK, [messages.map(({ position }) => position)]);
}

const OLDEST: Statement = {
  name: "oldest_of_outbox",
  text: `select position as "position" from outbox order by position limit 1`,
};

/** The row that is to be relayed next; it is another one each time as long as the relay works. */
export async function findOldest(db: Db): Promise<number | undefined> {
  const [row] = await run<{ position: number }>(db, OLDEST, []);
  return row?.position;
}
