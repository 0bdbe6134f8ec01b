import { type Statement, type Tx, run } from "../db/db";
import { inOrder, sealPersonalData } from "../events/personal-data";
import type { NewRefund } from "./change";

const INSERT_REFUNDS: Statement = {
  name: "insert_refunds",
  text: `
    insert into refunds (merchant_id, id, payment_intent_id, status, amount, currency, reason,
      note, metadata, personal, idempotency_key)
    select merchant_id, id, payment_intent_id, 'PENDING', amount, currency, reason, note, metadata,
      decode(personal, 'base64'), key
    from jsonb_to_recordset(?) as c (merchant_id text, id text, payment_intent_id text,
      amount bigint, currency text, reason text, note text, metadata jsonb, personal text,
      key text)`,
};

export async function insertRefunds(tx: Tx, refunds: readonly NewRefund[]): Promise<void> {
  if (refunds.length === 0) return;
  const rows = refunds.map(({ merchantId, paymentIntentId, personalKey, ...rest }) => ({
    merchant_id: merchantId,
    payment_intent_id: paymentIntentId,
    personal:
      personalKey &&
      sealPersonalData(personalKey, { metadata: inOrder(rest.metadata), note: rest.note }).toString(
        "base64",
      ),
    ...rest,
  }));
  await run(tx, INSERT_REFUNDS, [JSON.stringify(rows)]);
}
