import { type Db, type Statement, run } from "./db";

/**
 * The outbox: rows that mutations and settlements commit together with what they announce. A relay
 * claims a batch for a few seconds, turns it into jobs, and deletes it. A relay that dies in between
 * leaves rows whose lease runs out, and they are relayed again, which nothing downstream minds.
 */
export interface Message {
  readonly position: number;
  readonly merchantId: string;
  readonly eventId: string | null;
  readonly attemptId: string | null;
}

/** Where processes that committed outbox rows say so: `notify`, never inside a money transaction, where it would serialise commits. */
export const OUTBOX_CHANNEL = "oncepay_outbox";

/* Across merchants, in this one place. Skips what another relay is claiming at this moment. */
const CLAIM: Statement = {
  name: "claim_outbox",
  text: `
    with claimed as (
      update outbox o set leased_until = now() + ? * interval '1 millisecond'
      from (
        select position from outbox where leased_until is null or leased_until < now()
        order by position limit ? for update skip locked
      ) c
      where o.position = c.position
      returning o.position, o.merchant_id, o.event_id, o.attempt_id
    )
    select position as "position", merchant_id as "merchantId", event_id as "eventId", attempt_id as "attemptId"
    from claimed order by position`,
};

export async function claimMessages(
  db: Db,
  options: { readonly leaseMs: number; readonly limit: number },
): Promise<Message[]> {
  return run<Message>(db, CLAIM, [options.leaseMs, options.limit]);
}

const MARK: Statement = {
  name: "mark_relayed",
  text: "delete from outbox where position = any(?)",
};

export async function markRelayed(db: Db, messages: readonly Message[]): Promise<void> {
  await run(db, MARK, [messages.map(({ position }) => position)]);
}
