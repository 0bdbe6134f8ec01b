import { type Statement, type Tx, run } from "../db/db";
import type { EndpointStatus } from "./delivery";

const LOCK: Statement = {
  name: "lock_endpoint_statuses",
  text: `
    select w.id as "id", w.status as "status" from webhook_endpoints w
    where w.merchant_id = ? and w.id = any(?) order by w.id for share`,
};

/** These endpoints' statuses, which stay as they are while the transaction is open. */
export async function lockEndpointStatuses(
  tx: Tx,
  merchantId: string,
  ids: readonly string[],
): Promise<Map<string, EndpointStatus>> {
  const rows = await run<{ id: string; status: EndpointStatus }>(tx, LOCK, [merchantId, ids]);
  return new Map(rows.map(({ id, status }) => [id, status]));
}
