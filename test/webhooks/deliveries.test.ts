import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type DeliveryJobs, openDeliveryJobs } from "../../workers/deliver-webhooks";
import { type TestApp, startTestApp } from "../support/app";
import { anEndpoint, makeEvents } from "../support/endpoints";
import { aMerchant } from "../support/factories";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { waitFor } from "../support/wait-for";

/** Endpoints beside each other: what is slow or gone holds up nobody else, and gets all that is its own. */

let t: TestApp;
let receiver: TestReceiver;
let jobs: DeliveryJobs;
let merchantId: string;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_WEBHOOK_SCHEDULE_MS: "600000,600000,600000,600000" });
});
afterAll(() => t.stop());
beforeEach(async () => {
  receiver = await startReceiver();
  merchantId = (await aMerchant(t)).id;
  jobs = openDeliveryJobs(t.app, t.queues);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await jobs.stop();
  await receiver.close();
});

/** Takes what it is sent, and answers when it is told to. */
async function startHanging(): Promise<{ url: string; count(): number; answerAll(): void }> {
  const open: ServerResponse[] = [];
  let count = 0;
  let isOver = false;
  const server = createServer((request, response) => {
    count += 1;
    request.resume();
    if (isOver || request.url === "/quick") response.writeHead(204).end();
    else open.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const answerAll = (): void => {
    isOver = true;
    for (const response of open.splice(0)) response.writeHead(204).end();
  };
  closing.push(async () => {
    answerAll();
    await jobs.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${String(port)}/`, count: () => count, answerAll };
}

async function takeAll(): Promise<void> {
  while ((await t.relayOnce()) > 0);
  for (const data of t.queues.take("deliver-webhooks")) await jobs.take(data);
}

async function statusesOf(endpointId: string): Promise<Record<string, number>> {
  const { rows } = await t.db.raw<{ rows: { status: string; count: number }[] }>(
    `select case when next_at = 'infinity' then 'HELD' else status end as status, count(*)::int
     from webhook_deliveries where merchant_id = ? and endpoint_id = ? group by 1`,
    [merchantId, endpointId],
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

const endpointRow = async (id: string) => {
  const [row] = await t.db("webhook_endpoints").where({ id });
  return row as Record<string, unknown>;
};

it("delivers to others while one hangs, and is over with a job while it does", async () => {
  const hanging = await startHanging();
  const slow = await anEndpoint(t, merchantId, hanging);
  const other = await anEndpoint(t, merchantId, receiver);
  await makeEvents(t, merchantId, 30);
  await takeAll();
  await waitFor("the other", async () => (await statusesOf(other.id))["SUCCEEDED"] === 30);
  // Some in the air, none of them answered; what there is no room for is held.
  expect(await statusesOf(slow.id)).not.toHaveProperty("SUCCEEDED");
  expect(hanging.count()).toBeLessThan(130);
  hanging.answerAll();
  await waitFor("the slow one", async () => (await statusesOf(slow.id))["SUCCEEDED"] === 30);
  expect(hanging.count()).toBe(30);
});

it("delivers to another endpoint of the same host while a hundred connections to it hang", async () => {
  const hanging = await startHanging();
  const row = { concurrency: 100 };
  await anEndpoint(t, merchantId, { url: hanging.url, row });
  await makeEvents(t, merchantId, 100);
  await takeAll();
  await waitFor("a hundred that hang", () => hanging.count() === 100);
  const neighbour = (await aMerchant(t)).id;
  const { id } = await anEndpoint(t, neighbour, { url: `${hanging.url}quick` });
  await makeEvents(t, neighbour, 5);
  await takeAll();
  await waitFor("the neighbour", async () => {
    const told = await t.db("webhook_deliveries").where({ endpoint_id: id, status: "SUCCEEDED" });
    return told.length === 5;
  });
});

it("gives an endpoint no more at a time than its concurrency, and holds the rest, oldest first", async () => {
  const hanging = await startHanging();
  const row = { concurrency: 2 };
  const slow = await anEndpoint(t, merchantId, { url: hanging.url, row });
  await makeEvents(t, merchantId, 4);
  // The first claim teaches the worker what the endpoint's settings are.
  await takeAll();
  await waitFor("two in the air", () => hanging.count() === 2);
  await makeEvents(t, merchantId, 20);
  await takeAll();
  expect(await statusesOf(slow.id)).toEqual({ IN_FLIGHT: 18, HELD: 6 });
  expect(hanging.count()).toBe(2);
  hanging.answerAll();
  await waitFor("all", async () => (await statusesOf(slow.id))["SUCCEEDED"] === 24);
  const { rows } = await t.db.raw<{ rows: { inOrder: boolean }[] }>(
    `select bool_and(updated_at >= previous) as "inOrder" from (
       select updated_at, lag(updated_at, 4) over (order by id) as previous
       from webhook_deliveries where endpoint_id = ?) d where previous is not null`,
    [slow.id],
  );
  expect(rows).toEqual([{ inOrder: true }]);
});

it("gives back what it has claimed for an endpoint that turns out to hang", async () => {
  const hanging = await startHanging();
  const row = { concurrency: 10, timeout_ms: 200 };
  const slow = await anEndpoint(t, merchantId, { url: hanging.url, row });
  await makeEvents(t, merchantId, 60);
  await takeAll();
  // It has four places from the third failure on, and nothing is claimed beyond them.
  await waitFor("what is too much to be held", async () => {
    const { HELD = 0, RETRYING = 0 } = await statusesOf(slow.id);
    return RETRYING >= 10 && HELD + RETRYING >= 56;
  });
  const released = await t.db("webhook_deliveries").where({ endpoint_id: slow.id, tries: 0 });
  for (const { status } of released) expect(status).toBe("SCHEDULED");
  hanging.answerAll();
  await waitFor("all", async () => {
    await t.sweepOnce();
    await takeAll();
    return (await statusesOf(slow.id))["SUCCEEDED"] === 60;
  });
});

it("sends an endpoint no more than its rate, from all processes together", async () => {
  const row = { rate_limit: 20 };
  const { id } = await anEndpoint(t, merchantId, { url: receiver.url, row });
  const others = openDeliveryJobs(t.anotherApp(), t.queues);
  await makeEvents(t, merchantId, 60);
  while ((await t.relayOnce()) > 0);
  const startedAt = performance.now();
  const data = t.queues.take("deliver-webhooks");
  const keys = data.flatMap((job) => job.keys);
  await Promise.all([
    jobs.take({ keys: keys.slice(0, 30) }),
    others.take({ keys: keys.slice(30) }),
  ]);
  await waitFor("all", async () => (await statusesOf(id))["SUCCEEDED"] === 60);
  // Never quicker, however slow the machine is.
  expect(performance.now() - startedAt).toBeGreaterThan((59 / 20) * 1_000);
  await others.stop();
});

it("gives an endpoint its own time to answer", async () => {
  const hanging = await startHanging();
  await anEndpoint(t, merchantId, { url: hanging.url, row: { timeout_ms: 150 } });
  await makeEvents(t, merchantId, 1);
  await t.drain();
  expect(await t.db("webhook_deliveries").where({ merchant_id: merchantId })).toMatchObject([
    { status: "RETRYING", error: "no answer within 0.15 seconds" },
  ]);
});

describe("an endpoint that fails", () => {
  const fail = (times: number): void => {
    receiver.answerWith(...Array.from({ length: times }, () => 500));
  };

  /** Its failures began so long ago. */
  const age = (id: string, interval: string) =>
    t.db.raw(
      "update webhook_endpoints set failing_since = failing_since - ?::interval where id = ?",
      [interval, id],
    );

  it("is written only when it fails and when it answers again", async () => {
    const { id } = await anEndpoint(t, merchantId, receiver);
    const version = async () =>
      (await t.db.raw("select xmin::text from webhook_endpoints where id = ?", [id])).rows;
    const before = await version();
    await makeEvents(t, merchantId, 5);
    await t.drain();
    expect(await statusesOf(id)).toEqual({ SUCCEEDED: 5 });
    expect(await version()).toEqual(before);
    fail(1);
    await makeEvents(t, merchantId, 1);
    await t.drain();
    expect(await endpointRow(id)).toMatchObject({ failures: 1, breaker: "CLOSED" });
    await makeEvents(t, merchantId, 1);
    await t.drain();
    expect(await endpointRow(id)).toMatchObject({ failures: 0, failing_since: null });
  });

  it("is paused when it keeps failing, keeps what is meant for it, and is asked with one at a time", async () => {
    const { id } = await anEndpoint(t, merchantId, receiver);
    fail(12);
    await makeEvents(t, merchantId, 10);
    await t.drain();
    // Ten in a row, but all within moments: that is not enough.
    expect(await endpointRow(id)).toMatchObject({ failures: 10, breaker: "CLOSED" });
    await age(id, "10 minutes");
    await makeEvents(t, merchantId, 1);
    await t.drain();
    const paused = await endpointRow(id);
    expect(paused).toMatchObject({ breaker: "OPEN", failures: 11 });
    // For a tenth of how long it has been failing.
    const pauseMs =
      (paused["paused_until"] as Date).getTime() - (paused["failed_at"] as Date).getTime();
    expect(pauseMs / 1_000).toBeCloseTo(60, 0);
    await makeEvents(t, merchantId, 20);
    await t.drain();
    expect(receiver.received).toHaveLength(11);
    expect(await statusesOf(id)).toEqual({ RETRYING: 10, HELD: 21 });
    // What comes due meanwhile is held, too, and uses up no tries.
    await t.makeDue();
    await t.drain();
    expect(await statusesOf(id)).toEqual({ HELD: 31 });
    await t.db.raw("update webhook_endpoints set paused_until = now() where id = ?", [id]);
    await t.sweepOnce();
    await t.drain();
    expect(receiver.received).toHaveLength(12);
    expect(await endpointRow(id)).toMatchObject({ breaker: "OPEN", failures: 12 });
  });

  it("gets all that waited for it, once, when it answers again", async () => {
    const { id } = await anEndpoint(t, merchantId, receiver);
    fail(60);
    await makeEvents(t, merchantId, 60);
    await t.drain();
    await age(id, "10 minutes");
    fail(1);
    await makeEvents(t, merchantId, 1);
    await t.drain();
    expect(await endpointRow(id)).toMatchObject({ breaker: "OPEN" });
    await makeEvents(t, merchantId, 580);
    await t.drain();
    const before = receiver.received.length;
    expect((await statusesOf(id))["SUCCEEDED"]).toBeUndefined();
    await t.db.raw("update webhook_endpoints set paused_until = now() where id = ?", [id]);
    await t.sweepOnce();
    await t.deliverWebhooks();
    expect(await statusesOf(id)).toEqual({ SUCCEEDED: 641 });
    expect(receiver.received.length - before).toBe(641);
    expect(await endpointRow(id)).toMatchObject({
      breaker: "CLOSED",
      failures: 0,
      paused_until: null,
      recovered_at: null,
    });
  });

  it("gets what waits for its next try also when it was never paused", async () => {
    const { id } = await anEndpoint(t, merchantId, receiver);
    fail(3);
    await makeEvents(t, merchantId, 3);
    await t.drain();
    expect(await statusesOf(id)).toEqual({ RETRYING: 3 });
    await makeEvents(t, merchantId, 1);
    await t.drain();
    expect(await statusesOf(id)).toEqual({ SUCCEEDED: 4 });
    expect(await t.db("webhook_deliveries").where({ endpoint_id: id, tries: 2 })).toMatchObject(
      Array.from({ length: 3 }, () => ({ tries_early: 1 })),
    );
  });

  it("is caught up by another process when the one that heard it answer dies", async () => {
    const { id } = await anEndpoint(t, merchantId, receiver);
    fail(3);
    await makeEvents(t, merchantId, 3);
    await t.drain();
    await t
      .db("webhook_endpoints")
      .where({ id })
      .update({ failures: 0, failing_since: null, failed_at: null, recovered_at: t.db.fn.now() });
    await t.sweepOnce();
    await t.deliverWebhooks();
    expect(await statusesOf(id)).toEqual({ SUCCEEDED: 3 });
    expect(await endpointRow(id)).toMatchObject({ recovered_at: null });
  });

  it("does not get an event that it always refuses again with every other", async () => {
    const { id } = await anEndpoint(t, merchantId, receiver);
    let tries = 0;
    for (let round = 0; round < 6; round += 1) {
      fail(1);
      await t.makeDue();
      if (round === 0) await makeEvents(t, merchantId, 1);
      await t.drain();
      tries = receiver.received.length;
      // It accepts another: the refused one is tried once before its time, and refused.
      receiver.answerWith(204, 400);
      await makeEvents(t, merchantId, 1);
      await t.drain();
      const [refused] = await t.db("webhook_deliveries").where({ endpoint_id: id }).orderBy("id");
      expect(refused.tries_early).toBeLessThanOrEqual(refused.tries / 2);
      if (refused.status === "DEAD") break;
    }
    expect(tries).toBeLessThan(20);
    expect((await statusesOf(id))["DEAD"]).toBe(1);
  });

  it("waits as long as a receiver asks for, also when others are accepted", async () => {
    const { id } = await anEndpoint(t, merchantId, receiver);
    receiver.answerWith({ status: 429, headers: { "retry-after": "1200" } });
    await makeEvents(t, merchantId, 1);
    await t.drain();
    await makeEvents(t, merchantId, 3);
    await t.drain();
    expect(await statusesOf(id)).toEqual({ RETRYING: 1, SUCCEEDED: 3 });
  });
});
