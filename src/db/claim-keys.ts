/** A row of a tenant, by its key. */
interface TenantKey {
  readonly merchantId: string;
  readonly id: string;
}

/** Keys as one JSON parameter, written by `keysJson`. */
export const KEYS = "jsonb_to_recordset(?) as k (merchant_id text, id text)";

export function keysJson(keys: readonly TenantKey[]): string {
  return JSON.stringify(keys.map(({ merchantId, id }) => ({ merchant_id: merchantId, id })));
}

/**
 * The rows of these keys, locked, except those that another transaction has locked and is therefore claiming. They are
 * probed by key, in sorted order, behind a fence (see planner.ts), so that no other index is.
 */
export function lockKeys(
  table: "attempts" | "webhook_deliveries",
  further: readonly string[] = [],
): string {
  const columns = ["merchant_id", "id", "status", "next_at", ...further]
    .map((column) => `q.${column}`)
    .join(", ");
  return `
        select ${columns}
        from (select * from ${KEYS} order by k.merchant_id, k.id) k
        cross join lateral (
          select ${columns} from ${table} q
          where q.merchant_id = k.merchant_id and q.id = k.id offset 0 for update skip locked
        ) q`;
}
