import type { App } from "../src/app";
import { dropExpired, eraseSealed, makePartitions } from "../src/db/retention";
import { takeBalanceSnapshots } from "../src/ledger/take-balance-snapshots";
import { destroyOldProcessorSecrets } from "../src/processor-accounts/account-store";
import { judgeEndpoints } from "../src/webhooks/disable-endpoints";
import { destroyOldSecrets } from "../src/webhooks/endpoint-store";

/**
 * Once a minute: creates partitions for the coming months, removes what has expired, destroys webhook secrets that have
 * been replaced, warns of webhook endpoints that fail and disables those that have for too long, and takes balance
 * snapshots.
 */
export async function maintainOnce(app: App): Promise<void> {
  // First what must not wait: what follows may fail for as long as nobody sees to it.
  await eraseSealed(app.db, { limit: 1_000 });
  await destroyOldSecrets(app.db, { limit: 1_000 });
  await destroyOldProcessorSecrets(app.db, { limit: 1_000 });
  await makePartitions(app.db);
  const dropped = await dropExpired(app.db, {
    idempotencyRetentionDays: app.config.idempotencyRetentionDays,
    auditRetentionDays: app.config.auditRetentionDays,
    webhookRetentionDays: app.config.webhookRetentionDays,
  });
  if (dropped.length > 0) app.log.info({ dropped }, "dropped expired partitions");
  await judgeEndpoints(app);
  const taken = await takeBalanceSnapshots(app.db, { limit: 1_000 });
  if (taken === undefined) {
    app.log.warn("a transaction that posts does not end: balances are summed up no further");
  }
}
