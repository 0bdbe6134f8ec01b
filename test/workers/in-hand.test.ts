import type { FailpointName } from "../../src/failpoints";
import { endRelay, newRelay, relayNext, relayOnce } from "../../workers/relay-outbox";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { anEndpoint, makeEvents } from "../support/endpoints";
import { aConfirmedIntent, aMerchant, theIntent } from "../support/factories";
import { type WholeProcess, aWholeProcess } from "../support/here";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";

/** A relay begins with the next batch while the first tries of the one before it are being answered and written. */

let t: TestApp;
let receiver: TestReceiver;
let merchantId: string;
let process: WholeProcess;
beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.stop());
beforeEach(async () => {
  receiver = await startReceiver();
  merchantId = (await aMerchant(t)).id;
  const { id } = await anEndpoint(t, merchantId, receiver);
  process = await aWholeProcess(t, { merchantId, id });
});
afterEach(async () => {
  await process.end();
  await t.drain();
  await receiver.close();
});

const outbox = (): Promise<string[]> =>
  t.db("outbox").orderBy("id").pluck("event_id") as Promise<string[]>;
const feed = (): Promise<string[]> =>
  t
    .db("event_feed")
    .where({ merchant_id: merchantId })
    .orderBy("position")
    .pluck("event_id") as Promise<string[]>;
const statuses = (): Promise<string[]> =>
  t.db("webhook_deliveries").where({ merchant_id: merchantId }).pluck("status") as Promise<
    string[]
  >;

/** A relay whose first batch is over, though its rows are written, when it is told how. */
function relayHeldUp(how: Promise<void>): ReturnType<typeof newRelay> {
  const { deliveries: own } = process.here;
  if (!own) throw new Error("it delivers nothing");
  let times = 0;
  return newRelay(0, {
    deliveries: {
      ...own,
      begin: async (planned, before) => {
        times += 1;
        const isFirst = times === 1;
        await own.begin(planned, before);
        if (isFirst) await how;
      },
    },
  });
}

async function twoBatches(relay: ReturnType<typeof newRelay>): Promise<string[]> {
  await makeEvents(t, merchantId, 2);
  expect(await relayNext(t.app, t.queues, relay)).toBe(2);
  await makeEvents(t, merchantId, 3);
  expect(await relayNext(t.app, t.queues, relay)).toBe(3);
  await waitFor("all webhooks", () => Promise.resolve(receiver.received.length >= 5));
  const events = await outbox();
  expect(events).toHaveLength(5);
  return events;
}

it("posts the next one's webhooks meanwhile, and tells of both in their order", async () => {
  let goOn: () => void = () => undefined;
  const relay = relayHeldUp(
    new Promise((resolve) => {
      goOn = resolve;
    }),
  );
  const events = await twoBatches(relay);
  goOn();
  await endRelay(relay);
  expect(await outbox()).toEqual([]);
  expect(await feed()).toEqual(events);
  await process.end();
  expect(await statuses()).toEqual(Array(5).fill("SUCCEEDED"));
  expect(receiver.received).toHaveLength(5);
});

it("tells in its turn of what nobody wants to hear", async () => {
  let goOn: () => void = () => undefined;
  const relay = relayHeldUp(
    new Promise((resolve) => {
      goOn = resolve;
    }),
  );
  await makeEvents(t, merchantId, 2);
  await relayNext(t.app, t.queues, relay);
  await t.db("webhook_endpoints").update({ event_types: ["payment_intent.canceled"] });
  await makeEvents(t, merchantId, 3);
  const events = await outbox();
  expect(await relayNext(t.app, t.queues, relay)).toBe(3);
  // Marking takes no longer than a few of these.
  for (let times = 0; times < 5; times += 1) expect(await outbox()).toEqual(events);
  goOn();
  await endRelay(relay);
  expect(await feed()).toEqual(events);
});

it("begins again with all of them when the first one fails, and still tells of them in their order", async () => {
  let fail: (error: Error) => void = () => undefined;
  const relay = relayHeldUp(
    new Promise((_, reject) => {
      fail = reject;
    }),
  );
  const events = await twoBatches(relay);
  fail(new Error("no feed"));
  await expect(endRelay(relay)).rejects.toThrow("no feed");
  expect(await outbox()).toEqual(events);
  while ((await relayOnce(t.app, t.queues, relay)) > 0);
  await process.end();
  await t.drain();
  expect(await feed()).toEqual(events);
  expect(await statuses()).toEqual(Array(5).fill("SUCCEEDED"));
  // Of the second batch no row was written: its webhooks are posted once more, in the same bytes.
  expect(receiver.received).toHaveLength(8);
  expect(new Set(receiver.received.map(({ id, body }) => id + body)).size).toBe(5);
});

it.each<FailpointName>([
  "relay.after_claim",
  "relay.after_publish",
  "relay.after_mark",
  "webhook.after_claim",
  "webhook.before_post",
  "webhook.after_post",
  "webhook.after_record",
])("loses nothing, and keeps the order, when it dies at %s with two in hand", async (point) => {
  const { relay } = process;
  crashOnceAt(point);
  await makeEvents(t, merchantId, 2);
  const first = await outbox();
  await dying(relayNext(t.app, t.queues, relay));
  await makeEvents(t, merchantId, 3);
  const second = (await outbox()).filter((id) => !first.includes(id));
  await dying(relayNext(t.app, t.queues, relay));
  await dying(endRelay(relay));
  await process.end();
  expectCrashed(point);
  await t.makeDue();
  await t.sweepOnce();
  await t.drain();
  expect(await feed()).toEqual([...first, ...second]);
  expect(await statuses()).toEqual(Array(5).fill("SUCCEEDED"));
  expect(new Set(receiver.received.map(({ id, body }) => id + body)).size).toBe(5);
});

it("charges as many as there is room for, and leaves the others to a job", async () => {
  const { charges: own } = process.here;
  if (!own) throw new Error("it charges nothing");
  const payments = [await aConfirmedIntent(t, merchantId), await aConfirmedIntent(t, merchantId)];
  const begin: typeof own.begin = async ([first, ...others]) =>
    first ? [...(await own.begin([first])), ...others] : [];
  await relayOnce(t.app, t.queues, newRelay(0, { charges: { begin } }));
  const jobs = t.queues.take("run-attempts");
  expect(jobs.flatMap(({ keys }) => keys)).toHaveLength(1);
  await process.end();
  await t.makeDue();
  await t.drain();
  for (const { id } of payments) {
    expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
  }
});
