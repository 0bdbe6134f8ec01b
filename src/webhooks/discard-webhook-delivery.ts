import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import type { Execution } from "../idempotency/execution";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { type DeliveryStatus, type WebhookDelivery, mayBe, refuseDelivery } from "./delivery";
import { DELIVERY_COLUMNS } from "./delivery-store";

/*
 * Guarantees: a delivery that somebody discards is not tried any more, and says why. One that a worker is posting at
 * this moment is refused: it may be delivered already. It can be replayed later, which makes a new delivery.
 */

export interface DiscardWebhookDelivery {
  readonly merchantId: string;
  readonly key: string;
  readonly deliveryId: string;
  readonly reason: string;
  readonly audit?: AuditedWrite | undefined;
}

const LOCK: Statement = {
  name: "lock_delivery_to_discard",
  text: `
    select d.status as "status" from webhook_deliveries d
    where d.merchant_id = ? and d.id = ? for update`,
};

const DISCARD: Statement = {
  name: "discard_delivery",
  text: `
    update webhook_deliveries d
    set status = 'DISCARDED', discard_reason = ?, next_at = null, updated_at = now()
    where d.merchant_id = ? and d.id = ? returning ${DELIVERY_COLUMNS}`,
};

// What is discarded stays so, and creates nothing that could keep the key.
export const discardOperation: KeyedOperation<WebhookDelivery> = { name: "discardWebhookDelivery" };

export async function discardWebhookDelivery(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  command: DiscardWebhookDelivery,
): Promise<Outcome<WebhookDelivery>> {
  const { merchantId, key, deliveryId, reason, audit } = command;
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(discardOperation.name, { deliveryId, reason }).toString("hex"),
    audit,
  };
  return once<WebhookDelivery>(db, request, {
    operation: discardOperation,
    execute: (tx) => execute(tx, command),
  });
}

async function execute(
  tx: Tx,
  { merchantId, deliveryId, reason }: DiscardWebhookDelivery,
): Promise<Execution<WebhookDelivery, undefined>> {
  const [found] = await run<{ status: DeliveryStatus }>(tx, LOCK, [merchantId, deliveryId]);
  if (!found) {
    return { failure: { code: "NOT_FOUND", details: { object: "delivery", id: deliveryId } } };
  }
  const { status } = found;
  if (!mayBe("DISCARD", status)) return { failure: refuseDelivery({ id: deliveryId, status }) };
  const rows = await run<WebhookDelivery>(tx, DISCARD, [reason, merchantId, deliveryId]);
  return {
    result: rows[0] as WebhookDelivery,
    audited: { before: { status }, after: { status: "DISCARDED" } },
  };
}
