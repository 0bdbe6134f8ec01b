import { type Db, type Statement, run } from "../db";
import type { Capture } from "./payment-intent";

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
