import type { Db } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import type { ChangedIntent } from "../live/announce-changes";
import { settleDispute } from "../payments/settle/settle-dispute";
import type { Break } from "./break";
import { closeBreak, lockBreak } from "./break-store";
import { POLICY, recordByPolicy } from "./by-policy";
import { findDisputeNews } from "./dispute-lines";
import type { SeenTo } from "./see-to-ghost";
import type { BreakConfig } from "./settings";

/*
 * A dispute whose webhook never came is taken for what it is, news, or left for a person, as configured.
 *
 * Guarantees: the line takes the way of the webhook (src/payments/settle/settle-dispute.ts), and has its effect once,
 * whichever comes first and whoever dies between it and the end of the break. What contradicts what is known stays a break.
 *
 * Cost: two reads, the settling, and a commit.
 */

interface Needs {
  readonly db: Db;
  readonly config: Pick<BreakConfig, "missedDisputes">;
  readonly announce: (changed: ChangedIntent) => void;
}

export async function seeToDispute(needs: Needs, found: Break): Promise<SeenTo> {
  const { db, config, announce } = needs;
  const { merchantId, paymentIntentId, processor, reportId, subjectId } = found;
  if (config.missedDisputes === "leave") return "LEFT_FOR_A_PERSON";
  const told = reportId === null ? undefined : await findDisputeNews(db, reportId, subjectId);
  if (!told || paymentIntentId === null || processor === null) return "LEFT_FOR_A_PERSON";
  const { reference: attemptId, news } = told;
  const about = { merchantId, paymentIntentId, attemptId, processor };
  const effect = await settleDispute(db, { ...about, news, source: "reconciliation" });
  // It is about money whose answer is still to come.
  if (effect === "early") return "AGAIN";
  if (effect === "applied") announce({ merchantId, paymentIntentId });
  if (effect === "contradiction") return "LEFT_FOR_A_PERSON";
  await failpoint("reconcile.after_news");
  await transact(db, async (tx) => {
    const open = await lockBreak(tx, merchantId, found.id);
    if (!open || open.status === "RESOLVED") return;
    const explanation = "the processor's line was taken for its news, as configured";
    await closeBreak(tx, open, { resolution: "CLOSED_ITSELF", explanation, owner: POLICY });
    await recordByPolicy(tx, open, { after: { status: "RESOLVED" } });
  });
  return "DONE";
}
