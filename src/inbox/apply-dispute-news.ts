import type { Db } from "../db/db";
import { failpoint } from "../failpoints";
import type { ChangedIntent } from "../live/announce-changes";
import type { Log } from "../observability/log";
import { settleDispute } from "../payments/settle/settle-dispute";
import type { DisputeNews } from "../processors/dispute";
import { type InboxMessage, markApplied, park } from "./inbox-store";

/*
 * Guarantees: news of a dispute of one of our charges is applied or kept, and never given up: it may be about money
 * whose answer we have yet to hear, and then it waits for that. A crash between applying and marking applies it again,
 * harmlessly.
 */

// The answer to a charge is looked up until it is there, which may take days; asking again costs little.
const EARLY_MS = [1_000, 5_000, 30_000] as const;
const LATER_MS = 300_000;

/** What applying it needs. */
export interface DisputeApplier {
  readonly db: Db;
  readonly log: Log;
  readonly announce: (changed: ChangedIntent) => void;
}

export async function applyDisputeNews(
  applier: DisputeApplier,
  message: InboxMessage & { readonly tries: number },
  heard: {
    readonly attempt: {
      readonly merchantId: string;
      readonly id: string;
      readonly paymentIntentId: string;
      readonly processor: string;
    };
    readonly outcome: DisputeNews;
  },
): Promise<void> {
  const { eventId, tries } = message;
  const { merchantId, id: attemptId, paymentIntentId, processor } = heard.attempt;
  try {
    const effect = await settleDispute(applier.db, {
      merchantId,
      paymentIntentId,
      attemptId,
      processor,
      news: heard.outcome,
      source: "webhook",
    });
    if (effect === "applied") applier.announce({ merchantId, paymentIntentId });
    const fired = failpoint("inbox.after_apply");
    if (fired) await fired;
    if (effect === "early") {
      const dueInMs = EARLY_MS[tries - 1] ?? LATER_MS;
      applier.log.warn({ eventId, attemptId, dueInMs }, "a dispute is of more than is captured");
      return await park(applier.db, message, dueInMs);
    }
    if (effect === "contradiction") {
      applier.log.error({ eventId, attemptId }, "news of a dispute contradicts what is known");
    }
    await markApplied(applier.db, message, effect);
  } catch (error) {
    // The other messages are none the worse for it; this one is due again when its lease is over.
    applier.log.error({ err: error, eventId, attemptId }, "news of a dispute was not applied");
  }
}
