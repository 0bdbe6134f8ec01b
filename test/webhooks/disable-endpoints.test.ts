import { judgeEndpoints } from "../../src/webhooks/disable-endpoints";
import { type TestApp, drive, startTestApp } from "../support/app";
import { anEndpoint, makeEvents } from "../support/endpoints";
import { aMerchant } from "../support/factories";
import { createRecordedQueues } from "../support/recorded-queues";
import { type TestReceiver, startReceiver } from "../support/receiver";

let t: TestApp;
let receiver: TestReceiver;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.stop());
beforeEach(async () => {
  receiver = await startReceiver();
  merchantId = (await aMerchant(t)).id;
});
afterEach(async () => {
  await t.db("webhook_endpoints").update({ status: "DELETED" });
  await receiver.close();
});

/** It has failed since so many hours ago, and up to now. */
const failSince = (id: string, hours: number, untilHours = 0) =>
  t.db.raw(
    `update webhook_endpoints set failures = 50,
       failing_since = now() - ? * interval '1 hour', failed_at = now() - ? * interval '1 hour'
     where id = ?`,
    [hours, untilHours, id],
  );

const told = async (id: string) => {
  const events = await t.db("events").where({ subject_id: id }).orderBy("id");
  return events.map(({ type, object }) => ({ type: type as string, object: object as object }));
};

/** What is said in the log while this is done. */
async function logged(work: () => Promise<unknown>): Promise<object[]> {
  const said: object[] = [];
  const warn = jest
    .spyOn(t.app.log, "warn")
    .mockImplementation((fields: unknown, words?: unknown) => {
      said.push({ ...(fields as object), words });
    });
  await work();
  warn.mockRestore();
  return said;
}

it("warns after an hour, a day, three days and four, once each", async () => {
  const { id } = await anEndpoint(t, merchantId, receiver);
  await failSince(id, 0.9);
  expect(await judgeEndpoints(t.app)).toEqual({ warned: 0, disabled: 0 });
  for (const hours of [1.1, 24.1, 72.1, 96.1]) {
    await failSince(id, hours);
    expect(await judgeEndpoints(t.app)).toEqual({ warned: 1, disabled: 0 });
    expect(await judgeEndpoints(t.app)).toEqual({ warned: 0, disabled: 0 });
  }
  const events = await told(id);
  expect(events.map(({ type }) => type)).toEqual(
    Array.from({ length: 4 }, () => "webhook_endpoint.failing"),
  );
  expect(events[0]?.object).toMatchObject({
    id,
    status: "ENABLED",
    failures: 50,
    failingSince: expect.any(String),
    disablesAt: expect.any(String),
  });
});

it("disables after five days, tells the merchant's other endpoints, and keeps what was on its way", async () => {
  const { id } = await anEndpoint(t, merchantId, receiver);
  receiver.answerWith(500, 500);
  await makeEvents(t, merchantId, 2);
  await t.drain();
  const other = await startReceiver();
  const { secret } = await anEndpoint(t, merchantId, other);
  await failSince(id, 121);
  const said = await logged(() => judgeEndpoints(t.app));
  expect(said).toContainEqual({
    merchantId,
    endpointId: id,
    reason: "it did nothing but fail for 5 days",
    words: "a webhook endpoint is disabled",
  });
  expect(await t.db("webhook_endpoints").where({ id })).toMatchObject([
    {
      status: "DISABLED",
      disabled_reason: "it did nothing but fail for 5 days",
      failures: 0,
      failing_since: null,
    },
  ]);
  const deliveries = await t.db("webhook_deliveries").where({ endpoint_id: id });
  expect(deliveries).toMatchObject([{ status: "PAUSED" }, { status: "PAUSED" }]);
  await t.drain();
  expect(other.received.map((webhook) => other.verify(webhook, secret).type)).toEqual([
    "webhook_endpoint.disabled",
  ]);
  await other.close();
});

it("does not take one that failed long ago, and got nothing since, for one that keeps failing", async () => {
  const { id } = await anEndpoint(t, merchantId, receiver);
  await failSince(id, 1_000, 990);
  receiver.answerWith(500);
  await makeEvents(t, merchantId, 1);
  await t.drain();
  expect(await t.db("webhook_endpoints").where({ id })).toMatchObject([
    { failures: 1, status: "ENABLED" },
  ]);
  expect(await judgeEndpoints(t.app)).toEqual({ warned: 0, disabled: 0 });
});

it("says in the log when a delivery dies and when an endpoint is paused", async () => {
  const { id } = await anEndpoint(t, merchantId, receiver);
  await failSince(id, 0.5);
  receiver.answerWith(500);
  await makeEvents(t, merchantId, 1);
  const paused = await logged(() => t.drain());
  expect(paused).toMatchObject([{ merchantId, endpointId: id, count: 51, reason: "answered 500" }]);
  await t.db("webhook_endpoints").where({ id }).update({
    failures: 0,
    failing_since: null,
    failed_at: null,
    breaker: "CLOSED",
    paused_until: null,
  });
  await t.db("webhook_deliveries").where({ endpoint_id: id }).update({ tries: 9, tries_early: 0 });
  receiver.answerWith(500);
  await t.makeDue();
  const [died] = await logged(() => t.drain());
  expect(died).toMatchObject({
    endpointId: id,
    count: 10,
    words: "a webhook delivery is a dead letter",
  });
});

describe("what is kept of tries", () => {
  const kept = () =>
    t
      .db("webhook_delivery_attempts")
      .where({ merchant_id: merchantId })
      .orderBy(["delivery_id", "number"]);

  it("is each that failed and those after it, and nothing of what succeeds at once", async () => {
    await anEndpoint(t, merchantId, receiver);
    await makeEvents(t, merchantId, 2);
    await t.drain();
    expect(await kept()).toEqual([]);
    receiver.answerWith(500, 404);
    await makeEvents(t, merchantId, 1);
    await t.drain();
    await t.makeDue();
    await t.drain();
    await t.makeDue();
    await t.drain();
    expect(await kept()).toMatchObject([
      { number: 1, status_code: 500, error_class: "SERVER_ERROR", error: "answered 500" },
      { number: 2, status_code: 404 },
      { number: 3, status_code: 204, error_class: null, error: null },
    ]);
  });

  it("is everything where the installation wants that", async () => {
    const keeping = t.anotherApp({ ONCEPAY_KEEP_WEBHOOK_SUCCESSES: "true" });
    await anEndpoint(t, merchantId, receiver);
    await makeEvents(t, merchantId, 3);
    await drive(keeping, createRecordedQueues(), t.db).drain();
    expect((await kept()).map(({ number, status_code }) => [number, status_code])).toEqual([
      [1, 204],
      [1, 204],
      [1, 204],
    ]);
  });

  it("cannot be changed or deleted, but for what a receiver said, which can be taken away", async () => {
    await anEndpoint(t, merchantId, receiver);
    receiver.answerWith(500);
    await makeEvents(t, merchantId, 1);
    await t.drain();
    const rows = () => t.db("webhook_delivery_attempts").where({ merchant_id: merchantId });
    await expect(rows().update({ status_code: 200 })).rejects.toThrow("append-only");
    await expect(rows().update({ response_body: "x" })).rejects.toThrow("append-only");
    await expect(rows().del()).rejects.toThrow("append-only");
    await rows().update({ response_body: null });
    expect(await kept()).toHaveLength(1);
  });
});
