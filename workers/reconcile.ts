import type { App } from "../src/app";
import { seeToBreaks } from "../src/reconciliation/see-to-breaks";
import { sweepAccounts } from "../src/reconciliation/sweep-accounts";
import { sweepProcessors } from "../src/reconciliation/sweep-processor";

/** Compares what processors list with the books when it is time, and sees to breaks that are due. */
export async function reconcileOnce(app: App): Promise<void> {
  const found = (await sweepProcessors(app)) + (await sweepAccounts(app));
  if (found > 0) app.log.error({ count: found }, "a processor's list differs from the books");
  const seenTo = await seeToBreaks(app);
  if (found + seenTo > 0) app.wakeRelay();
}
