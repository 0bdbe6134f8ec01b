import { type Db, type Statement, run } from "../db";
import type { Capture, Refund } from "./payment-intent";

/** Captures and refunds by the idempotency keys that made them, which they keep for ever. */

const FIND_CAPTURE_MADE: Statement = {
  name: "find_capture_made",
  text: `
    select e.object as "object" from captures c
    join transitions t on t.merchant_id = c.merchant_id and t.payment_intent_id = c.payment_intent_id
    join events e on e.merchant_id = t.merchant_id and e.id = t.event_id and e.type = 'capture.created'
    where c.merchant_id = ? and c.idempotency_key = ? and e.object ->> 'id' = c.id`,
};

/** The capture as it stood when the mutation with this key committed. */
export async function findCaptureMade(
  db: Db,
  merchantId: string,
  key: string,
): Promise<Capture | undefined> {
  const [row] = await run<{ object: Capture }>(db, FIND_CAPTURE_MADE, [merchantId, key]);
  return row?.object;
}

const FIND_REFUND_BY_KEY: Statement = {
  name: "find_refund_by_key",
  text: `
    select refund_snapshot(r) as "snapshot" from refunds r
    where r.merchant_id = ? and r.idempotency_key = ?`,
};

export async function findRefundByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<Refund | undefined> {
  const [row] = await run<{ snapshot: Refund }>(db, FIND_REFUND_BY_KEY, [merchantId, key]);
  return row?.snapshot;
}
