import { failpoint } from "../failpoints";
import { type AnswerSettler, settleSurely } from "../payments/settle/settle-surely";
import { type DisputeApplier, applyDisputeNews } from "./apply-dispute-news";
import { type DueInboxMessage, markApplied, park, takeDueInboxMessages } from "./inbox-store";

/*
 * Guarantees: every stored event is applied through src/payments/settle/, which does nothing twice: so a crash between
 * applying and marking applies it again, harmlessly. The order makes no difference to the result: a settled attempt
 * stays settled, and a dispute that is decided stays decided.
 */

const LEASE_MS = 30_000;

// Our own attempt is committed before the processor hears of it, so an unknown reference is almost always not ours.
// A day is for the exceptions: a database restored from a backup, a reference made by another installation.
const PARK_MS = [1_000, 5_000, 30_000, 300_000, 3_600_000, 21_600_000, 64_800_000] as const;

/** How soon what is told of a merchant that is held is tried again. */
const HELD_MS = 10_000;

/** What applying needs. */
export interface WebhookApplier extends AnswerSettler, DisputeApplier {}

/** Applies what is due; returns how many events that was. */
export async function applyProcessorWebhooks(
  applier: WebhookApplier,
  limit: number,
): Promise<number> {
  const due = await takeDueInboxMessages(applier.db, { leaseMs: LEASE_MS, limit });
  // Events about one attempt one after the other, in the order in which they came.
  const bySubject = new Map<string, DueInboxMessage[]>();
  for (const message of due) {
    const subject = message.attemptId ?? message.reference;
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), message]);
  }
  await Promise.all(
    [...bySubject.values()].map(async (messages) => {
      for (const message of messages) await apply(applier, message);
    }),
  );
  return due.length;
}

async function apply(applier: WebhookApplier, message: DueInboxMessage): Promise<void> {
  const { merchantId, paymentIntentId, processor, attemptId: id, outcome } = message;
  if (merchantId === null || paymentIntentId === null || processor === null || id === null) {
    const dueInMs = PARK_MS[message.tries - 1] ?? null;
    applier.log.warn({ eventId: message.eventId, dueInMs }, "an event refers to nothing known");
    await park(applier.db, message, dueInMs);
    return;
  }
  if (message.isHeld) {
    await park(applier.db, message, HELD_MS);
    return;
  }
  const fired = failpoint("inbox.before_apply");
  if (fired) await fired;
  const attempt = { merchantId, id, paymentIntentId, processor };
  if (outcome.kind === "dispute") return applyDisputeNews(applier, message, { attempt, outcome });
  const settled = await settleSurely(applier, attempt, { outcome, source: "webhook" });
  const firedAfter = failpoint("inbox.after_apply");
  if (firedAfter) await firedAfter;
  await markApplied(applier.db, message, settled.effect);
}
