import type { Db } from "../db/db";
import type { Log } from "../observability/log";
import { inboxReceived } from "../observability/metrics";
import type { ProcessorFinder } from "../payments/send-attempt";
import {
  type DueEventList,
  moveEventListOn,
  takeDueEventLists,
} from "../processor-accounts/event-list-store";
import type { ProcessorWebhook } from "../processors/processor";
import { findUnheard, storeInboxMessages } from "./inbox-store";
import { faultOfNews, soundNews } from "./sound-news";

/*
 * Makes up for webhooks that never came: what an account's processor lists is put into the inbox, under the id that its
 * webhook has. Guarantees: an event is there once, however often and in whatever order its webhook and the list tell of
 * it; every moment since the account was connected is listed, as far back as the processor keeps its events. How far
 * that is, is in the account's row, and moves when what was listed is stored: a crash lists a page once more, and so do
 * two workers that meet.
 *
 * Cost: a call for each account every five minutes (or as often as configured), and one more for each further page; four
 * statements for each. Everything is listed twice, because windows overlap; what was heard by webhook costs nothing more.
 */

// By then webhooks have come, where they come, and the processor's list has caught up.
const SETTLED_MS = 60_000;
// For events that are listed late, or dated by a clock that is behind.
const OVERLAP_MS = 5 * 60_000;

/** What listing needs. */
export interface EventLister extends ProcessorFinder {
  readonly db: Db;
  readonly log: Pick<Log, "warn">;
  readonly config: { readonly listEventsEveryMs: number };
}

/** A page for each account that is due; returns how many accounts that were. */
export async function listAccountEvents(lister: EventLister, limit: number): Promise<number> {
  const { listEventsEveryMs: everyMs } = lister.config;
  const times = { everyMs, settledMs: SETTLED_MS, overlapMs: OVERLAP_MS };
  const due = await takeDueEventLists(lister.db, times, limit);
  await Promise.all(due.map((list) => listSafely(lister, list)));
  return due.length;
}

async function listSafely(lister: EventLister, list: DueEventList): Promise<void> {
  try {
    await listPage(lister, list);
  } catch (error) {
    const { accountId, processor } = list;
    const said = "an account's events could not be listed; they are asked for again";
    lister.log.warn({ err: error, processor, accountId }, said);
  }
}

async function listPage(lister: EventLister, list: DueEventList): Promise<void> {
  const { db } = lister;
  const { merchantId, accountId, processor: name, version, from, to, after } = list;
  const processor = await lister.processorOf({
    merchantId,
    processor: name,
    processorAccountId: accountId,
    accountVersion: version,
  });
  const page = await processor.listEvents?.({
    from,
    to,
    after,
    unheard: (eventIds) => findUnheard(db, { source: accountId, eventIds }),
  });
  if (page) {
    const events = soundOnes(lister, accountId, page.events);
    const stored = await storeInboxMessages(db, { source: accountId, events });
    inboxReceived.inc({ outcome: "listed" }, stored);
  }
  await moveEventListOn(db, list, page?.next ?? null);
}

/** What can be neither true nor stored would hold up everything that comes after it. */
function soundOnes(
  { log }: EventLister,
  accountId: string,
  events: readonly ProcessorWebhook[],
): ProcessorWebhook[] {
  return events.flatMap((event) => {
    const fault = faultOfNews(event);
    if (fault === undefined) return [soundNews(event)];
    log.warn({ accountId, eventId: event.eventId, reason: fault }, "a listed event is passed over");
    return [];
  });
}
