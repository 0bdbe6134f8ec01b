import type { AuditedWrite } from "../audit-log/record-write";
import { type Db, type Statement, type Tx, run } from "../db/db";
import type { StoredFailure } from "../failures";
import type { Execution } from "../idempotency/execution";
import { fingerprint } from "../idempotency/fingerprint";
import { type KeyedOperation, type Outcome, madeBy } from "../idempotency/keys";
import { once } from "../idempotency/once";
import type { ReplayCache } from "../idempotency/replay-cache/replay-cache";
import { newId } from "../ids";
import { refuseEndpoint } from "./change-endpoint-once";
import { type WebhookDelivery, mayBe, refuseDelivery } from "./delivery";
import { DELIVERY_COLUMNS } from "./delivery-store";
import { lockEndpointStatuses } from "./lock-endpoint-statuses";

/*
 * Guarantees: a replay is a new delivery of the same event, with the same bytes and the same webhook-id, linked to the
 * one it repeats; one for one (merchant, key). The old one stays as it is, a dead one is still what happened, but for
 * the id of the one that repeats it: whoever wants to repeat it once more must say so. Nothing is replayed to an endpoint
 * that is disabled.
 */

export interface ReplayWebhookDelivery {
  readonly merchantId: string;
  readonly key: string;
  readonly deliveryId: string;
  /** Also when it has been delivered, or replayed before. */
  readonly force: boolean;
  readonly audit?: AuditedWrite | undefined;
}

const FIND: Statement = {
  name: "find_delivery_to_replay",
  // Locked, so that the verdict is about a state that lasts until it is stored, and two who replay it do so in turn.
  text: `
    select ${DELIVERY_COLUMNS} from webhook_deliveries d
    where d.merchant_id = ? and d.id = ? for update`,
};

const INSERT_KEY: Statement = {
  name: "insert_webhook_replay",
  text: "insert into webhook_replays (merchant_id, idempotency_key, delivery_id) values (?, ?, ?)",
};

const INSERT: Statement = {
  name: "insert_replay_delivery",
  text: `
    insert into webhook_deliveries as d (merchant_id, id, event_id, endpoint_id, replay_of,
      traceparent)
    select o.merchant_id, ?, o.event_id, o.endpoint_id, o.id, o.traceparent
    from webhook_deliveries o where o.merchant_id = ? and o.id = ? returning ${DELIVERY_COLUMNS}`,
};

const MARK: Statement = {
  name: "mark_delivery_replayed",
  text: "update webhook_deliveries set replayed_as = ? where merchant_id = ? and id = ?",
};

const INSERT_MESSAGE: Statement = {
  name: "insert_replay_message",
  text: "insert into outbox (merchant_id, delivery_id) values (?, ?)",
};

const FIND_BY_KEY: Statement = {
  name: "find_replay_by_key",
  text: `
    select ${DELIVERY_COLUMNS} from webhook_replays r
    join webhook_deliveries d on d.merchant_id = r.merchant_id and d.id = r.delivery_id
    where r.merchant_id = ? and r.idempotency_key = ?`,
};

/** What a key created, kept in a table of its own for as long as the delivery is. */
export async function findReplayByKey(
  db: Db,
  merchantId: string,
  key: string,
): Promise<WebhookDelivery | undefined> {
  const [row] = await run<WebhookDelivery>(db, FIND_BY_KEY, [merchantId, key]);
  return row;
}

export const replayOperation: KeyedOperation<WebhookDelivery> = {
  name: "replayWebhookDelivery",
  findMade: madeBy(findReplayByKey),
  spentKey: "webhook_replays_spent_key",
};

export async function replayWebhookDelivery(
  { db, replays }: { readonly db: Db; readonly replays: ReplayCache },
  command: ReplayWebhookDelivery,
): Promise<Outcome<WebhookDelivery>> {
  const { merchantId, key, deliveryId, force, audit } = command;
  // Without force it is what it was before there was such a thing: keys of that time are still known.
  const asked = { deliveryId, ...(force && { force }) };
  const request = {
    merchantId,
    key,
    replays,
    fingerprint: fingerprint(replayOperation.name, asked).toString("hex"),
    audit,
  };
  return once<WebhookDelivery>(db, request, {
    operation: replayOperation,
    execute: (tx) => execute(tx, command),
    isSame: (made) => made.result.replayOf === deliveryId,
  });
}

async function execute(
  tx: Tx,
  command: ReplayWebhookDelivery,
): Promise<Execution<WebhookDelivery, undefined>> {
  const { merchantId, key, deliveryId } = command;
  const [original] = await run<WebhookDelivery>(tx, FIND, [merchantId, deliveryId]);
  if (!original) {
    return { failure: { code: "NOT_FOUND", details: { object: "delivery", id: deliveryId } } };
  }
  const refused = refusal(original, command) ?? (await endpointRefusal(tx, merchantId, original));
  if (refused) return { failure: refused };
  const id = newId("webhookDelivery");
  await run(tx, INSERT_KEY, [merchantId, key, id]);
  const made = await run<WebhookDelivery>(tx, INSERT, [id, merchantId, deliveryId]);
  await run(tx, MARK, [id, merchantId, deliveryId]);
  await run(tx, INSERT_MESSAGE, [merchantId, id]);
  return {
    result: made[0] as WebhookDelivery,
    audited: {
      before: { status: original.status, replayedAs: original.replayedAs },
      after: { status: original.status, replayedAs: id },
    },
  };
}

function refusal(
  original: WebhookDelivery,
  { force }: ReplayWebhookDelivery,
): StoredFailure | undefined {
  const { status, replayedAs } = original;
  if (!mayBe("REPLAY", status)) return refuseDelivery(original);
  const isDelivered = status === "SUCCEEDED";
  if (force || (!isDelivered && replayedAs === null)) return undefined;
  const because = isDelivered ? "It has been delivered." : "It has been replayed.";
  return refuseDelivery(original, { because, replayedAs, needs: "force" });
}

async function endpointRefusal(
  tx: Tx,
  merchantId: string,
  { endpointId: id }: WebhookDelivery,
): Promise<StoredFailure | undefined> {
  const status = (await lockEndpointStatuses(tx, merchantId, [id])).get(id) ?? "DELETED";
  return status === "ENABLED" ? undefined : refuseEndpoint({ id, status });
}
