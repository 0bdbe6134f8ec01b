import { type Statement, type Tx, run } from "../db/db";

const LOCK: Statement = {
  name: "lock_enabled_endpoints",
  text: `
    select w.id as "id" from webhook_endpoints w
    where w.merchant_id = ? and w.id = any(?) and w.status = 'ENABLED'
    order by w.id for share`,
};

/** Those of these endpoints that are enabled, and stay so while the transaction is open. */
export async function lockEnabledEndpoints(
  tx: Tx,
  merchantId: string,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await run<{ id: string }>(tx, LOCK, [merchantId, ids]);
  return rows.map(({ id }) => id);
}
