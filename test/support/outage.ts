import { createWebhookEndpoint } from "../../src/webhooks/create-webhook-endpoint";
import type { TestApp } from "./app";
import { aConfirmedIntent, aMerchant } from "./factories";
import type { TestReceiver } from "./receiver";
import { waitFor } from "./wait-for";

/** A part of the queue that goes while payments are made. */
interface Outage {
  /** It is gone when this resolves. */
  begin(): Promise<{
    /** Once payments have been made without it. */
    over?(): Promise<void>;
    /** Once every payment is made. */
    after?(): Promise<void>;
  }>;
}

/** Thirty payments of a merchant of their own, half of them before it: each is made once, and each webhook delivered. */
export async function payThroughOutage(
  { t, receiver }: { readonly t: TestApp; readonly receiver: TestReceiver },
  outage: Outage,
): Promise<void> {
  const merchantId = (await aMerchant(t)).id;
  await createWebhookEndpoint(t.app, {
    merchantId,
    key: "hook",
    url: receiver.url,
    eventTypes: ["payment_intent.succeeded"],
    description: null,
  });
  const pay = (count: number) =>
    Promise.all(Array.from({ length: count }, () => aConfirmedIntent(t, merchantId)));
  const made = async (): Promise<number> =>
    (await t.db("payment_intents").where({ merchant_id: merchantId, status: "SUCCEEDED" })).length;
  await pay(15);
  await waitFor("the first payments", async () => (await made()) >= 5);
  const gone = await outage.begin();
  await pay(15);
  await gone.over?.();
  await waitFor("every payment", async () => (await made()) === 30);
  await gone.after?.();
  await waitFor("every webhook", async () => {
    const { rows } = await t.db.raw<{ rows: unknown[] }>(
      "select from outbox union all select from webhook_deliveries where next_at is not null",
    );
    return rows.length === 0;
  });
  const attempts = await t.db("attempts").where({ merchant_id: merchantId });
  const ids = new Set(attempts.map(({ id }) => String(id)));
  const moved = await t.movements();
  expect(moved.filter(({ reference }) => ids.has(reference))).toHaveLength(30);
  const told = await t.db("webhook_deliveries").where({ merchant_id: merchantId });
  expect(told.map(({ status }) => String(status))).toEqual(
    Array.from({ length: 30 }, () => "SUCCEEDED"),
  );
}
