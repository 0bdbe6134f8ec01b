import { type Db, type Statement, type Tx, run } from "../db/db";
import type { IntentChange, Rewrite } from "./change";
import type { PaymentIntent } from "./payment-intent";

const REWRITE: Statement = {
  name: "rewrite_payment_intents",
  text: `
    with change as materialized (
      select * from jsonb_to_recordset(?) as c (merchant_id text, id text, from_version int,
        version int, amount bigint, description text, customer text, metadata jsonb,
        personal text, personal_key text, former_customer text, key text, fingerprint text)
    ), rewritten as (
      update payment_intents pi
      set version = c.version, amount = c.amount, description = c.description,
        customer = c.customer, metadata = c.metadata, personal = decode(c.personal, 'base64'),
        personal_key = coalesce(decode(c.personal_key, 'base64'), pi.personal_key),
        updated_at = now()
      from change c
      where pi.merchant_id = c.merchant_id and pi.id = c.id and pi.version = c.from_version
      returning pi.merchant_id, pi.id
    )
    insert into payment_intent_updates
      (merchant_id, idempotency_key, payment_intent_id, fingerprint, former_customer)
    select c.merchant_id, c.key, c.id, decode(c.fingerprint, 'hex'), c.former_customer
    from change c join rewritten r on r.merchant_id = c.merchant_id and r.id = c.id
    returning payment_intent_id`,
};

function toRow(
  { merchantId, id, fromVersion, steps, personalKey }: IntentChange,
  rewrite: Rewrite,
): Record<string, unknown> {
  return {
    merchant_id: merchantId,
    id,
    from_version: fromVersion,
    version: fromVersion + steps.length,
    amount: rewrite.amount,
    description: rewrite.description,
    customer: rewrite.customer,
    metadata: rewrite.metadata,
    personal: rewrite.personal?.toString("base64"),
    personal_key: personalKey?.toString("base64"),
    former_customer: rewrite.formerCustomer,
    key: rewrite.key,
    fingerprint: rewrite.fingerprint,
  };
}

/** Those of the changes that are updates. */
export async function rewriteIntents(tx: Tx, changes: readonly IntentChange[]): Promise<void> {
  const rows = changes.flatMap((change) => (change.rewrite ? [toRow(change, change.rewrite)] : []));
  if (rows.length === 0) return;
  const rewritten = await run(tx, REWRITE, [JSON.stringify(rows)]);
  if (rewritten.length !== rows.length) {
    throw new Error("a locked payment intent was not at the version its update was decided on");
  }
}

export interface MadeByUpdate {
  readonly firstSeenAt: string;
  readonly result: PaymentIntent;
  readonly fingerprint: string;
}

/** The intent that an update with this key has changed, as it stands now. */
export async function findIntentByUpdateKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<MadeByUpdate | undefined> {
  const [row] = await run<MadeByUpdate>(
    db,
    {
      name: "find_intent_by_update_key",
      text: `
        select iso(u.created_at) as "firstSeenAt", encode(u.fingerprint, 'hex') as "fingerprint",
          payment_intent_snapshot(pi) as "result"
        from payment_intent_updates u
        join payment_intents pi on pi.merchant_id = u.merchant_id and pi.id = u.payment_intent_id
        where u.merchant_id = ? and u.idempotency_key = ?`,
    },
    [merchantId, key],
  );
  return row;
}
