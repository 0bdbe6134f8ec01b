import type { App } from "../app";
import { type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import { violatedConstraint } from "../db/errors";
import { Failure, verdict } from "../failures";
import { type Outcome, keyReused } from "../idempotency/keys";
import { newId } from "../ids";
import type { DeliveryStatus, WebhookDelivery } from "./delivery";
import { DELIVERY_COLUMNS } from "./delivery-store";

/*
 * Guarantees: a replay is a new delivery of the same event, with the same bytes and the same webhook-id, linked to the
 * one it repeats; one for one (merchant, key). The old one stays as it is: a dead one is still what happened.
 */

export interface ReplayWebhookDelivery {
  readonly merchantId: string;
  readonly key: string;
  readonly deliveryId: string;
}

const OPERATION = "replayWebhookDelivery";

/** What is still under way would be delivered twice for nothing. */
const REPLAYABLE: readonly DeliveryStatus[] = ["DEAD", "SUCCEEDED", "DISCARDED"];

const FIND_BY_KEY: Statement = {
  name: "find_replay_by_key",
  text: `
    select ${DELIVERY_COLUMNS} from webhook_deliveries d
    join webhook_replays r on r.merchant_id = d.merchant_id and r.delivery_id = d.id
    where r.merchant_id = ? and r.idempotency_key = ?`,
};

const FIND: Statement = {
  name: "find_delivery_to_replay",
  text: `select ${DELIVERY_COLUMNS} from webhook_deliveries d where d.merchant_id = ? and d.id = ?`,
};

const INSERT_KEY: Statement = {
  name: "insert_webhook_replay",
  text: "insert into webhook_replays (merchant_id, idempotency_key, delivery_id) values (?, ?, ?)",
};

const INSERT: Statement = {
  name: "insert_replay_delivery",
  text: `
    insert into webhook_deliveries (merchant_id, id, event_id, endpoint_id, replay_of)
    select d.merchant_id, ?, d.event_id, d.endpoint_id, d.id
    from webhook_deliveries d where d.merchant_id = ? and d.id = ?`,
};

const INSERT_MESSAGE: Statement = {
  name: "insert_replay_message",
  text: "insert into outbox (merchant_id, delivery_id) values (?, ?)",
};

export async function replayWebhookDelivery(
  app: App,
  command: ReplayWebhookDelivery,
): Promise<Outcome<WebhookDelivery>> {
  const { db } = app;
  const { merchantId, key, deliveryId } = command;
  const known = await findByKey(app, command);
  if (known) return replayed(command, known);
  const [original] = await run<WebhookDelivery>(db, FIND, [merchantId, deliveryId]);
  if (!original) {
    throw verdict({ code: "NOT_FOUND", details: { object: "delivery", id: deliveryId } });
  }
  if (!REPLAYABLE.includes(original.status)) {
    throw new Failure(
      "INVALID_STATE",
      `This delivery is ${original.status}: it is still under way.`,
      {
        id: deliveryId,
        currentState: original.status,
        allowedActions: [],
      },
    );
  }
  const id = newId("webhookDelivery");
  try {
    await transact(db, async (tx) => {
      await run(tx, INSERT_KEY, [merchantId, key, id]);
      await run(tx, INSERT, [id, merchantId, deliveryId]);
      await run(tx, INSERT_MESSAGE, [merchantId, id]);
    });
  } catch (error) {
    if (violatedConstraint(error) !== "webhook_replays_spent_key") throw error;
  }
  const created = await findByKey(app, command);
  if (!created) throw new Error("a replay that was just created is not there");
  if (created.id !== id) return replayed(command, created);
  return { status: "EXECUTED", firstSeenAt: created.createdAt, result: created };
}

async function findByKey(
  { db }: App,
  { merchantId, key }: ReplayWebhookDelivery,
): Promise<WebhookDelivery | undefined> {
  const [row] = await run<WebhookDelivery>(db, FIND_BY_KEY, [merchantId, key]);
  return row;
}

function replayed(
  command: ReplayWebhookDelivery,
  known: WebhookDelivery,
): Outcome<WebhookDelivery> {
  if (known.replayOf !== command.deliveryId) {
    throw keyReused({ ...command, operation: OPERATION }, known.createdAt);
  }
  return { status: "REPLAYED", firstSeenAt: known.createdAt, result: known };
}
