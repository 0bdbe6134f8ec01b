import { randomUUID } from "node:crypto";
import type { Db } from "../../src/db/db";
import {
  type DueInboxMessage,
  markApplied,
  park,
  storeInboxMessage,
  takeDueInboxMessages,
} from "../../src/inbox/inbox-store";

/** One message about each attempt; then one of those that are due is parked, and the others are applied. */
export async function hearFromProcessor(
  db: Db,
  references: readonly string[],
): Promise<DueInboxMessage[]> {
  for (const reference of references) {
    const event = { source: "sandbox", eventId: randomUUID(), type: "charge.updated" };
    await storeInboxMessage(db, { ...event, reference, outcome: { kind: "pending" } });
  }
  const due = await takeDueInboxMessages(db, { leaseMs: 60_000, limit: references.length });
  for (const message of due.slice(1)) await markApplied(db, message, "waiting");
  for (const message of due.slice(0, 1)) await park(db, message, 60_000);
  return due;
}
