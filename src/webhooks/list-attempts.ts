import { type Db, type Statement, run } from "../db/db";
import type { DeliveryAttempt } from "./delivery";

/** So many tries are shown; a delivery has ten as a rule, and more where its endpoint was paused for long. */
export const ATTEMPTS_SHOWN = 25;

// Each delivery is probed by itself, in the primary key's order.
const FIND: Statement = {
  name: "find_webhook_delivery_attempts",
  text: `
    select a.delivery_id as "deliveryId", a.number as "number", iso(a.started_at) as "startedAt",
      a.duration_ms as "durationMs", a.status_code as "statusCode", a.error_class as "errorClass",
      a.error as "error", a.response_body as "responseBody"
    from (select distinct unnest(?::text[]) as id) k
    cross join lateral (
      select * from webhook_delivery_attempts a
      where a.merchant_id = ? and a.delivery_id = k.id order by a.number desc limit ?
    ) a
    order by a.delivery_id, a.number desc`,
};

/** The latest tries of each of these deliveries that are kept, newest first. */
export async function findDeliveryAttempts(
  db: Db,
  merchantId: string,
  deliveryIds: readonly string[],
): Promise<DeliveryAttempt[][]> {
  const bindings = [deliveryIds, merchantId, ATTEMPTS_SHOWN];
  const rows = await run<DeliveryAttempt & { deliveryId: string }>(db, FIND, bindings);
  const byDelivery = new Map<string, DeliveryAttempt[]>(deliveryIds.map((id) => [id, []]));
  for (const { deliveryId, ...attempt } of rows) byDelivery.get(deliveryId)?.push(attempt);
  return deliveryIds.map((id) => byDelivery.get(id) ?? []);
}
