import { type Db, type Statement, run } from "./db";

/** Months created in advance, so that workers may be away for a quarter before rows land in a default partition. */
const MONTHS_AHEAD = 3;

export async function makePartitions(db: Db): Promise<void> {
  await run(
    db,
    {
      name: "ensure_partitions",
      text: "select ensure_partitions(now() + ? * interval '1 month')",
    },
    [MONTHS_AHEAD],
  );
}

const DROP_KEYS: Statement = {
  name: "drop_expired_keys",
  text: "select drop_expired_keys(now() - ? * interval '1 day') as partition",
};

const DROP_AUDIT_ENTRIES: Statement = {
  name: "drop_expired_audit_entries",
  text: "select drop_expired_audit_entries(now() - ? * interval '1 day') as partition",
};

const DROP_WEBHOOK_ATTEMPTS: Statement = {
  name: "drop_expired_webhook_attempts",
  text: "select drop_expired_webhook_attempts(now() - ? * interval '1 day') as partition",
};

/**
 * Drops whole months of idempotency keys, of the audit log and of tries of webhook deliveries that are past their
 * retention. Events, deliveries and transitions are kept: they are the history, and whoever runs this decides how long it
 * is kept.
 */
export async function dropExpired(
  db: Db,
  options: {
    readonly idempotencyRetentionDays: number;
    readonly auditRetentionDays: number;
    readonly webhookRetentionDays: number;
  },
): Promise<string[]> {
  const drop = (statement: Statement, days: number) =>
    run<{ partition: string }>(db, statement, [days]);
  const keys = await drop(DROP_KEYS, options.idempotencyRetentionDays);
  const entries = await drop(DROP_AUDIT_ENTRIES, options.auditRetentionDays);
  const tries = await drop(DROP_WEBHOOK_ATTEMPTS, options.webhookRetentionDays);
  return [...keys, ...entries, ...tries].map(({ partition }) => partition);
}

// Found by an index that holds only what is sealed: a few rows a day, whatever else there is.
const ERASE: Statement = {
  name: "erase_sealed_results",
  text: `
    update idempotency_keys k set sealed = null, sealed_until = null
    from (
      select merchant_id, operation, key, period from idempotency_keys
      where sealed is not null and sealed_until <= now()
      order by sealed_until limit ? for update skip locked
    ) over
    where k.merchant_id = over.merchant_id and k.operation = over.operation
      and k.key = over.key and k.period = over.period
    returning k.key`,
};

/**
 * Erases sealed secrets that were kept with a key to be shown once, when their time is over. By then they are no longer
 * shown to anybody.
 */
export async function eraseSealed(db: Db, { limit }: { readonly limit: number }): Promise<number> {
  return (await run(db, ERASE, [limit])).length;
}
