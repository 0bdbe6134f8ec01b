import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { findDeliveries } from "../../src/webhooks/list-deliveries";
import {
  type CreatedEndpoint,
  createWebhookEndpoint,
} from "../../src/webhooks/create-webhook-endpoint";
import type { App } from "../../src/app";
import { replayWebhookDelivery } from "../../src/webhooks/replay-webhook-delivery";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed, surviveCrash } from "../support/crash";
import { aMerchant, aSettledIntent, anIntent, createCommand } from "../support/factories";
import { type TestReceiver, startReceiver } from "../support/receiver";

const TRIES = 4;

let t: TestApp;
let receiver: TestReceiver;
let merchantId: string;
beforeAll(async () => {
  // Four tries; nobody waits between them, because the rows are moved instead.
  t = await startTestApp({ ONCEPAY_WEBHOOK_SCHEDULE_MS: "600000,600000,600000" });
});
afterAll(() => t.stop());
beforeEach(async () => {
  receiver = await startReceiver();
  merchantId = (await aMerchant(t)).id;
});
afterEach(() => receiver.close());

async function anEndpoint(
  eventTypes: string[] = [],
  url = receiver.url,
): Promise<CreatedEndpoint & { secret: string }> {
  const key = `${url} ${eventTypes.join(",")}`;
  const input = { merchantId, key, url, eventTypes, description: null };
  const { secret, ...made } = await createWebhookEndpoint(t.app, input);
  return { ...made, secret: secret ?? "" };
}

const deliveries = () =>
  t.db("webhook_deliveries").where({ merchant_id: merchantId }).orderBy("id");

/** Lets every wait be over, as often as there are tries. */
async function deliverToTheEnd(): Promise<void> {
  for (let tries = 0; tries <= TRIES; tries += 1) {
    await t.drain();
    await t.makeDue();
  }
  await t.drain();
}

it("tells of every change of an intent, signed as the official library wants it", async () => {
  const { secret } = await anEndpoint();
  const intent = await aSettledIntent(t, merchantId);
  const told = receiver.received.map((webhook) => receiver.verify(webhook, secret));
  expect(told.map(({ type }) => type)).toEqual([
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.succeeded",
  ]);
  expect(told.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect(receiver.received.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
  expect(told[2]).toMatchObject({ apiVersion: expect.any(String), data: { object: intent } });
});

it.each([
  ["standardwebhooks", Webhook],
  ["svix", SvixWebhook],
])(
  "is refused by %s when anything about it was changed, or with another secret",
  async (_, Library) => {
    const { secret } = await anEndpoint();
    await anIntent(t, merchantId);
    await t.drain();
    const [webhook] = receiver.received;
    if (!webhook) throw new Error("nothing was received");
    const { body } = webhook;
    const headers = webhook.headers as Record<string, string>;
    const verify = (changed: {
      body?: string;
      secret?: string;
      headers?: Record<string, string>;
    }) =>
      new Library(changed.secret ?? secret).verify(changed.body ?? body, {
        ...headers,
        ...changed.headers,
      });
    expect(verify({})).toEqual(JSON.parse(body));
    const anHour = String(Number(webhook.timestamp) - 3_600);
    const aSecond = String(Number(webhook.timestamp) + 1);
    for (const changed of [
      { body: body.replace("1000", "9000") },
      { body: `${body} ` },
      { headers: { "webhook-id": `${webhook.id}x` } },
      { headers: { "webhook-timestamp": aSecond } },
      { headers: { "webhook-timestamp": anHour } },
      { headers: { "webhook-signature": "v1,AAAA" } },
      { secret: `whsec_${Buffer.alloc(32, 1).toString("base64")}` },
    ]) {
      expect(() => verify(changed)).toThrow();
    }
  },
);

it("tries again after a failure, with the same id and the same bytes", async () => {
  const { secret } = await anEndpoint();
  receiver.answerWith(500, 429);
  await anIntent(t, merchantId);
  await deliverToTheEnd();
  expect(receiver.received).toHaveLength(3);
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  for (const webhook of receiver.received) receiver.verify(webhook, secret);
  expect(await deliveries()).toMatchObject([{ status: "SUCCEEDED", tries: 3, status_code: 204 }]);
});

it("waits as long as the receiver asks for", async () => {
  await anEndpoint();
  receiver.answerWith({ status: 503, headers: { "retry-after": "1200" } });
  await anIntent(t, merchantId);
  await t.drain();
  const [delivery] = await deliveries();
  expect(delivery).toMatchObject({ status: "RETRYING", tries: 1, status_code: 503 });
  expect(delivery.next_at.getTime()).toBeGreaterThan(Date.now() + 1_000_000);
});

it.each([
  ["302", { status: 302, headers: { location: "/elsewhere" } }],
  ["404", 404],
  ["500", 500],
])(
  "takes %s for a failure, and keeps it as a dead letter after the last try",
  async (_, answer) => {
    await anEndpoint();
    receiver.answerWith(...Array.from({ length: TRIES }, () => answer));
    await anIntent(t, merchantId);
    await deliverToTheEnd();
    expect(receiver.received).toHaveLength(TRIES);
    expect(await deliveries()).toMatchObject([{ status: "DEAD", tries: TRIES, next_at: null }]);
  },
);

it("takes silence for a failure", async () => {
  await anEndpoint([], "http://127.0.0.1:1/nobody");
  await anIntent(t, merchantId);
  await t.drain();
  expect(await deliveries()).toMatchObject([{ status: "RETRYING", error: "connection refused" }]);
});

it("disables an endpoint that is gone, and keeps back what was on its way there", async () => {
  const { result: endpoint } = await anEndpoint();
  receiver.answerWith(500, 410);
  await anIntent(t, merchantId);
  await t.drain();
  await t.makeDue();
  await anIntent(t, merchantId);
  await deliverToTheEnd();
  await anIntent(t, merchantId);
  await deliverToTheEnd();
  expect(await t.db("webhook_endpoints").where({ id: endpoint.id })).toMatchObject([
    { status: "DISABLED", disabled_reason: expect.stringContaining("410") },
  ]);
  // The third tells that the endpoint is disabled, which it will hear when it is not.
  const statuses = (await deliveries()).map(({ status }) => status as string);
  expect(statuses.sort()).toEqual(["DEAD", "PAUSED", "PAUSED", "PAUSED"]);
  const { rows } = await t.db.raw(
    "select type, object from events where merchant_id = ? and subject_id = ?",
    [merchantId, endpoint.id],
  );
  expect(rows).toMatchObject([
    {
      type: "webhook_endpoint.disabled",
      object: { id: endpoint.id, status: "DISABLED", disabledReason: "it answered 410 Gone" },
    },
  ]);
  const count = receiver.received.length;
  await deliverToTheEnd();
  expect(receiver.received).toHaveLength(count);
});

it("tells each endpoint what it asked for, whatever becomes of the other", async () => {
  const other = await startReceiver();
  const all = await anEndpoint();
  const some = await anEndpoint(["payment_intent.succeeded"], other.url);
  receiver.answerWith(500, 500, 500, 500, 500, 500);
  await aSettledIntent(t, merchantId);
  expect(other.received.map((webhook) => other.verify(webhook, some.secret).type)).toEqual([
    "payment_intent.succeeded",
  ]);
  await deliverToTheEnd();
  const types = receiver.received.map((webhook) => receiver.verify(webhook, all.secret).type);
  expect(new Set(types).size).toBe(3);
  await other.close();
});

it("lets an endpoint whose secret cannot be opened fail alone, down to a dead letter", async () => {
  const other = await startReceiver();
  const broken = await anEndpoint();
  await anEndpoint([], other.url);
  await t
    .db("webhook_endpoints")
    .where({ id: broken.result.id })
    .update({ secret: Buffer.alloc(64) });
  await anIntent(t, merchantId);
  await deliverToTheEnd();
  expect(other.received).toHaveLength(1);
  expect(receiver.received).toEqual([]);
  const [dead] = await deliveries().where({ endpoint_id: broken.result.id });
  expect(dead).toMatchObject({ status: "DEAD", tries: TRIES, error: "it could not be signed" });
  await other.close();
});

it("tells no merchant of another's payments", async () => {
  await anEndpoint();
  const stranger = await aMerchant(t);
  await anIntent(t, stranger.id);
  await t.drain();
  expect(receiver.received).toEqual([]);
});

describe("a replay", () => {
  /** A tenant's way into the database, as the API gives it. */
  const own = (app: App, of: string) => app.forTenant(of);

  async function aDeadDelivery(): Promise<string> {
    await anEndpoint();
    receiver.answerWith(500, 500, 500, 500);
    await anIntent(t, merchantId);
    await deliverToTheEnd();
    const [dead] = await deliveries();
    expect(dead.status).toBe("DEAD");
    return dead.id as string;
  }

  it("is a new delivery of the same event, with the same id and the same bytes", async () => {
    const deliveryId = await aDeadDelivery();
    const outcome = await replayWebhookDelivery(own(t.app, merchantId), {
      merchantId,
      key: "again",
      deliveryId,
      force: false,
    });
    expect(outcome).toMatchObject({ status: "EXECUTED", result: { replayOf: deliveryId } });
    await deliverToTheEnd();
    expect(receiver.received).toHaveLength(TRIES + 1);
    expect(new Set(receiver.received.map(({ id, body }) => id + body)).size).toBe(1);
    expect((await findDeliveries(t.db, merchantId, [outcome.result.id]))[0]).toMatchObject({
      status: "SUCCEEDED",
    });
    expect(await findDeliveries(t.db, merchantId, [deliveryId])).toMatchObject([
      { status: "DEAD" },
    ]);
  });

  it("is made once for its key, also for a crowd", async () => {
    const deliveryId = await aDeadDelivery();
    const command = { merchantId, key: "once", deliveryId, force: false };
    const apps = [t.app, t.anotherApp()];
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        replayWebhookDelivery(own(apps[n % 2] ?? t.app, merchantId), command),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "EXECUTED")).toHaveLength(1);
    expect(new Set(outcomes.map(({ result }) => result.id)).size).toBe(1);
  });

  it("is refused while the delivery is still under way, and of another merchant's", async () => {
    await anEndpoint();
    receiver.answerWith(500);
    await anIntent(t, merchantId);
    await t.drain();
    const [{ id }] = await deliveries();
    const replay = (of: string) =>
      replayWebhookDelivery(own(t.app, of), {
        merchantId: of,
        key: "k",
        deliveryId: id,
        force: false,
      });
    await expect(replay(merchantId)).rejects.toMatchObject({ code: "INVALID_STATE" });
    const stranger = await aMerchant(t);
    await expect(replay(stranger.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a worker that dies", () => {
  it.each([
    ["webhook.after_claim", 1],
    ["webhook.before_post", 1],
    ["webhook.after_post", 2],
    ["webhook.after_record", 1],
  ] as const)(
    "at %s leaves a delivery that is posted %i times, under one id",
    async (point, times) => {
      const { secret } = await anEndpoint();
      await anIntent(t, merchantId);
      crashOnceAt(point);
      await surviveCrash(t);
      expectCrashed(point);
      expect(receiver.received).toHaveLength(times);
      expect(new Set(receiver.received.map(({ id, body }) => id + body)).size).toBe(1);
      for (const webhook of receiver.received) receiver.verify(webhook, secret);
      expect(await deliveries()).toMatchObject([{ status: "SUCCEEDED" }]);
    },
  );

  it("as a relay, after it has published and before it has marked, loses and doubles nothing", async () => {
    await anEndpoint();
    await Promise.all(
      Array.from({ length: 10 }, () => t.app.createPaymentIntent(createCommand(merchantId))),
    );
    crashOnceAt("relay.after_publish");
    await dying(t.relayOnce());
    expectCrashed("relay.after_publish");
    await t.deliverWebhooks();
    expect(receiver.received).toHaveLength(10);
    // The next relay publishes all of it again; the rows know what has been delivered.
    expect(await t.relayOnce()).toBe(10);
    await t.drain();
    expect(receiver.received).toHaveLength(10);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(10);
    expect(await deliveries()).toHaveLength(10);
  });
});
