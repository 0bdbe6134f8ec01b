import { createWebhookEndpoint } from "../../src/webhooks/create-webhook-endpoint";
import { ROLES, type RunningWorker, startWorker } from "../../workers/worker";
import { type TestApp, startTestApp } from "../support/app";
import { aConfirmedIntent, aMerchant } from "../support/factories";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { redisIsMissing } from "../support/redis";
import { type TestSentinels, startSentinels } from "../support/redis-sentinel";
import { waitFor } from "../support/wait-for";

const NOT_HERE = redisIsMissing();
const withRedis = NOT_HERE === undefined ? describe : describe.skip;
if (NOT_HERE !== undefined)
  console.info(`Skipped: the queue on Redis with Sentinel (${NOT_HERE}).`);

withRedis("the queue on Redis with Sentinel", () => {
  let sentinels: TestSentinels;
  let t: TestApp;
  let receiver: TestReceiver;
  let worker: RunningWorker;
  beforeAll(async () => {
    sentinels = await startSentinels();
    t = await startTestApp({ REDIS_URL: sentinels.url, ONCEPAY_SWEEP_MS: "50" });
    receiver = await startReceiver();
    worker = await startWorker(t.app, ROLES);
  });
  afterAll(async () => {
    await worker.stop();
    await receiver.close();
    await t.stop();
    await sentinels.stop();
  });

  it("makes every payment once and delivers every webhook when the primary is killed", async () => {
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
      (await t.db("payment_intents").where({ merchant_id: merchantId, status: "SUCCEEDED" }))
        .length;
    await pay(15);
    await waitFor("the first payments", async () => (await made()) >= 5);
    const wiped = await sentinels.wipePrimary();
    await pay(15);
    await wiped.promoted();
    await waitFor("every payment", async () => (await made()) === 30);
    await wiped.comeBack();
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
  });
});
