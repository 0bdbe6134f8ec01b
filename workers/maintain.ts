import type { App } from "../src/app";
import { takeBalanceSnapshots } from "../src/ledger/take-balance-snapshots";
import { dropExpired, makePartitions } from "../src/db/retention";

/** Once a minute: partitions for the months to come, those that are over their time, and balance snapshots. */
export async function maintainOnce(app: App): Promise<void> {
  await makePartitions(app.db);
  const dropped = await dropExpired(app.db, {
    idempotencyRetentionDays: app.config.idempotencyRetentionDays,
  });
  if (dropped.length > 0) app.log.info({ dropped }, "dropped expired partitions");
  const taken = await takeBalanceSnapshots(app.db, { limit: 1_000 });
  if (taken === undefined) {
    app.log.warn("a transaction that posts does not end: balances are summed up no further");
  }
}
