import { isPlainSuccess } from "../../src/webhooks/first-tries";
import type { ClaimedDelivery } from "../../src/webhooks/delivery-store";
import { newRelay, relayOnce } from "../../workers/relay-outbox";
import { type TestApp, startTestApp } from "../support/app";
import { anEndpoint, makeEvents } from "../support/endpoints";
import { aConfirmedIntent, aMerchant, theIntent } from "../support/factories";
import { type WholeProcess, aWholeProcess } from "../support/here";
import { recordOf } from "../support/plans";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";

/** What a relay hands to its own process, and what it leaves to jobs. */

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
  process = await aWholeProcess(t);
});
afterEach(async () => {
  await process.end();
  await t.drain();
  await receiver.close();
});

const deliveries = () => t.db("webhook_deliveries").where({ merchant_id: merchantId });
const statuses = async (): Promise<string[]> =>
  (await deliveries()).map(({ status }) => status as string);
const jobs = (): number =>
  t.queues.take("deliver-webhooks").length + t.queues.take("run-attempts").length;

it("charges and delivers without a job, and each delivery is tried once", async () => {
  await anEndpoint(t, merchantId, receiver);
  const { id } = await aConfirmedIntent(t, merchantId);
  await process.relayOnce();
  await process.end();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
  expect(jobs()).toBe(0);
  expect(receiver.received).toHaveLength(2);
  expect(await deliveries()).toMatchObject([
    { status: "SUCCEEDED", tries: 1, next_at: null },
    { status: "SUCCEEDED", tries: 1, next_at: null },
  ]);
});

it("goes on as with a job where a first try fails", async () => {
  await anEndpoint(t, merchantId, receiver);
  await makeEvents(t, merchantId, 2);
  receiver.answerWith(500);
  await process.relayOnce();
  await process.end();
  expect((await statuses()).sort()).toEqual(["RETRYING", "SUCCEEDED"]);
  expect(t.queues.take("deliver-webhooks")).toHaveLength(1);
  expect(await t.db("webhook_delivery_attempts").where({ merchant_id: merchantId })).toHaveLength(
    1,
  );
  await t.makeDue();
});

it.each([
  ["has a rate", { rate_limit: 5 }],
  ["is ordered", { ordered: true }],
])("leaves what goes to an endpoint that %s to a job", async (_, row) => {
  await anEndpoint(t, merchantId, { ...receiver, row });
  await makeEvents(t, merchantId, 3);
  await process.relayOnce();
  expect(await statuses()).toEqual(Array(3).fill("SCHEDULED"));
  expect(t.queues.take("deliver-webhooks")).toHaveLength(1);
});

it("posts nothing to an endpoint that is paused or disabled", async () => {
  const paused = { breaker: "OPEN", paused_until: new Date(Date.now() + 600_000) };
  await anEndpoint(t, merchantId, { ...receiver, row: paused });
  await anEndpoint(t, merchantId, { ...receiver, row: { status: "DISABLED" } });
  await makeEvents(t, merchantId, 2);
  await process.relayOnce();
  await process.end();
  expect((await statuses()).sort()).toEqual(["PAUSED", "PAUSED", "SCHEDULED", "SCHEDULED"]);
  expect(receiver.received).toEqual([]);
  expect(jobs()).toBe(0);
});

it("holds what an endpoint has no place for, as a job would, and sends it in its turn", async () => {
  await anEndpoint(t, merchantId, { ...receiver, row: { concurrency: 1 } });
  await makeEvents(t, merchantId, 40);
  await process.relayOnce();
  await process.end();
  await t.makeDue();
  await t.drain();
  expect(await statuses()).toEqual(Array(40).fill("SUCCEEDED"));
  expect(receiver.received).toHaveLength(40);
  expect((await deliveries()).map(({ tries }) => tries as number)).toEqual(Array(40).fill(1));
});

it("takes no more than it has room for, and what is relayed again no second time", async () => {
  await anEndpoint(t, merchantId, receiver);
  await makeEvents(t, merchantId, 5);
  const { deliveries: own } = process.here;
  if (!own) throw new Error("it delivers nothing");
  const small = { ...own, room: () => 3 };
  await relayOnce(t.app, t.queues, newRelay(0, { deliveries: small }));
  expect((await statuses()).filter((status) => status === "SCHEDULED")).toHaveLength(2);
  await process.end();
  expect(receiver.received).toHaveLength(3);
  await t.drain();
  expect(receiver.received).toHaveLength(5);
});

it("leaves everything to jobs when it is ending", async () => {
  await anEndpoint(t, merchantId, receiver);
  const { id } = await aConfirmedIntent(t, merchantId);
  await process.end();
  await process.relayOnce();
  expect(await statuses()).toEqual(["SCHEDULED", "SCHEDULED"]);
  await t.drain();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
});

describe("a first try that is posted before its row is written", () => {
  const quickly = async (): Promise<void> => {
    await process.end();
    const { id } = await anEndpoint(t, merchantId, receiver);
    process = await aWholeProcess(t, { merchantId, id });
  };

  it("is the first version of its row when it succeeds at once", async () => {
    await quickly();
    await waitFor("a row that was written once", async () => {
      await makeEvents(t, merchantId, 1);
      await process.relayOnce();
      return (await deliveries()).some(
        ({ status, created_at, updated_at }) =>
          status === "SUCCEEDED" && Number(created_at) === Number(updated_at),
      );
    });
    await process.end();
    const rows = await deliveries();
    expect(rows.map(({ status, tries }) => [status, tries] as unknown)).toEqual(
      rows.map(() => ["SUCCEEDED", 1]),
    );
    expect(receiver.received).toHaveLength(rows.length);
  });

  it("is recorded after its row where there is more to say of it", async () => {
    await quickly();
    await makeEvents(t, merchantId, 2);
    receiver.answerWith(503, 410);
    await process.relayOnce();
    await process.end();
    expect((await statuses()).sort()).toEqual(["DEAD", "PAUSED"]);
    expect(await t.db("webhook_delivery_attempts").where({ merchant_id: merchantId })).toHaveLength(
      2,
    );
    t.queues.wipe();
  });

  it("is made at most once more, however often the rows cannot be written", async () => {
    await quickly();
    await makeEvents(t, merchantId, 4);
    await t.db.raw(`
      create function refuse_rows() returns trigger language plpgsql as $$
      begin raise exception 'no room'; end $$;
      create trigger refuse_rows before insert on webhook_deliveries
        for each row execute function refuse_rows()`);
    for (let times = 0; times < 3; times += 1) {
      await expect(process.relayOnce()).rejects.toThrow("no room");
      // As if nobody were to blame: the server takes no writes for a while, and says so.
      process.relay.isWary = false;
    }
    expect(receiver.received).toHaveLength(4);
    await t.db.raw("drop function refuse_rows cascade");
    await t.db.raw("update outbox set aside_until = null");
    await t.drain();
    expect(await statuses()).toEqual(Array(4).fill("SUCCEEDED"));
    expect(receiver.received).toHaveLength(8);
    expect(new Set(receiver.received.map(({ id, body }) => id + body)).size).toBe(4);
  });

  it("leaves an answer that says something to be found and erased in its row", () => {
    const plain = recordOf({ tries: 1 } as ClaimedDelivery);
    expect(isPlainSuccess(plain)).toBe(true);
    expect(isPlainSuccess({ ...plain, responseBody: "thank you, Ada" })).toBe(false);
  });
});
