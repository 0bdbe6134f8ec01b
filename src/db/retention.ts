import { type Db, run } from "./db";

/** Months made ahead, so that a worker may be away for a quarter before rows land in a default partition. */
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

/**
 * Drops whole months of idempotency keys that are past their retention. Events, deliveries and transitions are kept:
 * they are the history, and how long it is kept is for whoever runs this to decide.
 */
export async function dropExpired(
  db: Db,
  options: { readonly idempotencyRetentionDays: number },
): Promise<string[]> {
  const rows = await run<{ partition: string }>(
    db,
    {
      name: "drop_expired_keys",
      text: `
        select drop_partitions_before('idempotency_keys', now() - ? * interval '1 day')
          as partition`,
    },
    [options.idempotencyRetentionDays],
  );
  return rows.map(({ partition }) => partition);
}
