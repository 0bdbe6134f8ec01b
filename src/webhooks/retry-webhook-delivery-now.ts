import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import type { StoredFailure } from "../failures";
import type { Execution } from "../idempotency/execution";
import { fingerprint } from "../idempotency/fingerprint";
import type { KeyedOperation, Outcome } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { type DeliveryStatus, type WebhookDelivery, refuseDelivery } from "./delivery";
import { DELIVERY_COLUMNS } from "./delivery-store";

/*
 * Guarantees: a delivery that waits for its next try is due now, and the relay is told so, whatever the receiver asked
 * for; if its endpoint is paused, the pause is over, and one delivery is let out to see whether it is back. It is the
 * same delivery, on the same schedule afterwards. One that is due already is refused, as is one in any other state.
 */

export interface RetryWebhookDeliveryNow {
  readonly merchantId: string;
  readonly key: string;
  readonly deliveryId: string;
  readonly audit?: AuditedWrite | undefined;
}

const LOCK: Statement = {
  name: "lock_delivery_to_retry",
  text: `
    select d.status as "status", d.status = 'RETRYING' and d.next_at > clock_timestamp() as "waits",
      iso(nullif(d.next_at, 'infinity')) as "nextAt"
    from webhook_deliveries d where d.merchant_id = ? and d.id = ? for update`,
};

const HURRY: Statement = {
  name: "hurry_delivery",
  text: `
    with hurried as (
      update webhook_deliveries d set next_at = now(), not_before = null, updated_at = now()
      where d.merchant_id = ? and d.id = ? returning d.*
    ), asked as (
      update webhook_endpoints w set paused_until = now()
      from hurried h
      where w.merchant_id = h.merchant_id and w.id = h.endpoint_id and w.breaker <> 'CLOSED'
    ), message as (
      insert into outbox (merchant_id, delivery_id) select merchant_id, id from hurried
    )
    select ${DELIVERY_COLUMNS} from hurried d`,
};

export const retryNowOperation: KeyedOperation<WebhookDelivery> = {
  name: "retryWebhookDeliveryNow",
};

export async function retryWebhookDeliveryNow(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  command: RetryWebhookDeliveryNow,
): Promise<Outcome<WebhookDelivery>> {
  const { merchantId, key, deliveryId, audit } = command;
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(retryNowOperation.name, { deliveryId }).toString("hex"),
    audit,
  };
  return once<WebhookDelivery>(db, request, {
    operation: retryNowOperation,
    execute: (tx) => execute(tx, command),
  });
}

interface Waiting {
  readonly status: DeliveryStatus;
  readonly waits: boolean;
  readonly nextAt: string | null;
}

function refusalOf(
  delivery: Pick<WebhookDelivery, "id" | "status">,
  nextAt: string | null,
): StoredFailure {
  if (delivery.status !== "RETRYING") return refuseDelivery(delivery, { nextAt });
  return refuseDelivery(delivery, {
    because: "It is due already.",
    nextAt,
    allowedActions: ["DISCARD"],
  });
}

async function execute(
  tx: Tx,
  { merchantId, deliveryId }: RetryWebhookDeliveryNow,
): Promise<Execution<WebhookDelivery, undefined>> {
  const [found] = await run<Waiting>(tx, LOCK, [merchantId, deliveryId]);
  if (!found) {
    return { failure: { code: "NOT_FOUND", details: { object: "delivery", id: deliveryId } } };
  }
  const { status, waits, nextAt } = found;
  if (!waits) return { failure: refusalOf({ id: deliveryId, status }, nextAt) };
  const rows = await run<WebhookDelivery>(tx, HURRY, [merchantId, deliveryId]);
  const result = rows[0] as WebhookDelivery;
  return {
    result,
    audited: { before: { status, nextAt }, after: { status, nextAt: result.nextAt } },
  };
}
