import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { App } from "../../src/app";
import type { FailpointName } from "../../src/failpoints";
import { setStatus } from "../../src/webhooks/endpoint-store";
import { openDeliveryJobs } from "../../workers/deliver-webhooks";
import { newRelay, relayOnce } from "../../workers/relay-outbox";
import { sweepOnce } from "../../workers/sweep";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { anEndpoint, makeEvents } from "../support/endpoints";
import { aConfirmedIntent, aMerchant, anIntent, confirmCommand } from "../support/factories";

/** Endpoints that get the events of each payment in strict order. */

let t: TestApp;
let others: App;
let receiver: OrderlyReceiver;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_WEBHOOK_SCHEDULE_MS: "600000,600000,600000,600000,600000" });
  others = t.anotherApp();
});
afterAll(() => t.stop());
beforeEach(async () => {
  receiver = await startOrderlyReceiver();
  merchantId = (await aMerchant(t)).id;
});
afterEach(() => receiver.close());

interface Seen {
  readonly subjectId: string;
  readonly sequence: number;
  readonly id: string;
}

interface OrderlyReceiver {
  readonly url: string;
  /** Everything that was sent, as it came. */
  readonly seen: Seen[];
  /** What each is answered with; 204 if it says nothing. */
  answer: (seen: Seen) => number | undefined;
  /** The sequences of a payment, each where it was first seen. */
  firstSeen(subjectId: string): number[];
  /** The same, each where it was first accepted. */
  firstAccepted(subjectId: string): number[];
  close(): Promise<void>;
}

async function startOrderlyReceiver(): Promise<OrderlyReceiver> {
  const seen: Seen[] = [];
  const accepted: Seen[] = [];
  const first = (those: readonly Seen[], subjectId: string): number[] => {
    const sequences = those.flatMap((one) => (one.subjectId === subjectId ? [one.sequence] : []));
    return [...new Set(sequences)];
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = JSON.parse(Buffer.concat(chunks).toString()) as Seen;
      seen.push(one);
      const status = receiving.answer(one) ?? 204;
      if (status === 204) accepted.push(one);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const receiving: OrderlyReceiver = {
    url: `http://127.0.0.1:${String(port)}/hook`,
    seen,
    answer: () => undefined,
    firstSeen: (subjectId) => first(seen, subjectId),
    firstAccepted: (subjectId) => first(accepted, subjectId),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiving;
}

const anOrderedEndpoint = (row: object = {}) =>
  anEndpoint(t, merchantId, { url: receiver.url, row: { ordered: true, ...row } });

const deliveriesOf = (endpointId: string) =>
  t.db("webhook_deliveries").where({ endpoint_id: endpointId, merchant_id: merchantId });

async function subjectsOf(): Promise<string[]> {
  const rows = await t.db("events").where({ merchant_id: merchantId }).distinct("subject_id");
  return rows.map(({ subject_id }: { subject_id: string }) => subject_id).sort();
}

const isOver = async (endpointId: string): Promise<boolean> => {
  const [left] = await deliveriesOf(endpointId)
    .whereIn("status", ["SCHEDULED", "IN_FLIGHT", "RETRYING", "PAUSED"])
    .limit(1);
  return left === undefined && (await t.db("outbox")).length === 0;
};

/** Every event of every payment came, and each payment's in order. */
async function expectAllInOrder(endpointId: string): Promise<void> {
  for (const subjectId of await subjectsOf()) {
    const events = await t.db("events").where({ merchant_id: merchantId, subject_id: subjectId });
    const sequences = events.map((_, index) => index + 1);
    expect(receiver.firstSeen(subjectId)).toEqual(sequences);
    expect(receiver.firstAccepted(subjectId)).toEqual(sequences);
  }
  const statuses = await deliveriesOf(endpointId).distinct("status");
  expect(statuses).toEqual([{ status: "SUCCEEDED" }]);
}

/** The same numbers every time: a receiver that fails a third of what it is sent. */
function failAThird(): void {
  let state = 7;
  receiver.answer = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % 3 === 0 ? 503 : undefined;
  };
}

test("many payments, a receiver that fails at random, two workers, no jobs left now and then", async () => {
  const { id } = await anOrderedEndpoint();
  failAThird();
  const workers = [openDeliveryJobs(t.app, t.queues), openDeliveryJobs(others, t.queues)];
  await Promise.all(Array.from({ length: 15 }, () => aConfirmedIntent(t, merchantId)));
  for (let round = 0; round < 100 && (round < 2 || !(await isOver(id))); round += 1) {
    await t.relayOnce();
    await t.runCharges();
    if (round % 4 === 3) t.queues.wipe();
    const jobs = t.queues.take("deliver-webhooks");
    await Promise.all(jobs.flatMap((job) => workers.map((worker) => worker.run(job))));
    await t.makeDue();
    await t.sweepOnce();
  }
  await expectAllInOrder(id);
  expect(receiver.seen.length).toBeGreaterThan(15 * 3);
  await Promise.all(workers.map((worker) => worker.stop()));
});

test.each<FailpointName>([
  "relay.after_publish",
  "webhook.after_claim",
  "webhook.after_post",
  "webhook.after_record",
])("a process dies at %s: another goes on, in order", async (name) => {
  const { id } = await anOrderedEndpoint();
  await Promise.all(Array.from({ length: 3 }, () => aConfirmedIntent(t, merchantId)));
  crashOnceAt(name);
  for (let life = 0; life < 6 && !(await isOver(id)); life += 1) {
    await dying(t.drain());
    t.queues.wipe();
    await t.killWorker();
    await t.makeDue();
  }
  expectCrashed(name);
  await t.drain();
  await expectAllInOrder(id);
});

test("one that fails holds up its own payment and no other; a dead letter frees the next", async () => {
  const { id } = await anOrderedEndpoint();
  const bad = await aConfirmedIntent(t, merchantId);
  const good = await aConfirmedIntent(t, merchantId);
  receiver.answer = (one) => (one.subjectId === bad.id && one.sequence === 1 ? 500 : undefined);
  await t.drain();
  expect(receiver.firstSeen(bad.id)).toEqual([1]);
  expect(receiver.firstSeen(good.id).slice(0, 3)).toEqual([1, 2, 3]);
  for (let tries = 0; tries < 6; tries += 1) {
    await t.makeDue();
    await t.sweepOnce();
    await t.drain();
  }
  expect(receiver.firstSeen(bad.id).slice(0, 3)).toEqual([1, 2, 3]);
  const [dead] = await deliveriesOf(id).where({ status: "DEAD" });
  expect(dead).toMatchObject({ line_subject: bad.id, line_sequence: 1 });
  expect(await deliveriesOf(id).whereNot({ status: "SUCCEEDED" })).toHaveLength(1);
});

test("what a person discards frees the next", async () => {
  const { id } = await anOrderedEndpoint();
  const intent = await aConfirmedIntent(t, merchantId);
  receiver.answer = ({ sequence }) => (sequence === 1 ? 500 : undefined);
  await t.drain();
  expect(receiver.firstSeen(intent.id)).toEqual([1]);
  await deliveriesOf(id)
    .where({ status: "RETRYING" })
    .update({ status: "DISCARDED", next_at: null });
  await t.sweepOnce();
  await t.drain();
  expect(receiver.firstSeen(intent.id).slice(0, 3)).toEqual([1, 2, 3]);
});

test("an absence, a pause and a time of being disabled change nothing about the order", async () => {
  const { id } = await anOrderedEndpoint();
  receiver.answer = () => 503;
  await Promise.all(Array.from({ length: 4 }, () => aConfirmedIntent(t, merchantId)));
  await t.drain();
  const set = (status: "ENABLED" | "DISABLED") =>
    t.app.db.transaction((tx) => setStatus(tx, { merchantId, id }, { status }));
  await set("DISABLED");
  await Promise.all(Array.from({ length: 4 }, () => aConfirmedIntent(t, merchantId)));
  await t.drain();
  await t.sweepOnce();
  expect(await deliveriesOf(id).distinct("status")).toEqual([{ status: "PAUSED" }]);
  receiver.answer = () => undefined;
  await set("ENABLED");
  // Its breaker is open when it comes back.
  const open = { breaker: "OPEN", paused_until: new Date(Date.now() - 1_000) };
  await t.db("webhook_endpoints").where({ id }).update(open);
  for (let round = 0; round < 20 && !(await isOver(id)); round += 1) {
    await t.sweepOnce();
    await t.drain();
    await t.makeDue();
  }
  await expectAllInOrder(id);
});

test("events whose row a relay may have died of hold up their successors, until they are set aside for good", async () => {
  await anOrderedEndpoint();
  const intent = await anIntent(t, merchantId);
  await t.db("outbox").update({ relay_deaths: 1, aside_until: null });
  const event = await t.db("events").where({ subject_id: intent.id }).first<{ id: string }>("id");
  await t.app.confirmPaymentIntent(confirmCommand(merchantId, intent.id));
  // Relayed as by a relay that passes over the one that is suspected.
  const first = t.db("outbox").where({ event_id: event?.id });
  await first.clone().update({ relay_deaths: 2, aside_until: new Date(Date.now() + 3_600_000) });
  await relayOnce(t.app, t.queues, newRelay());
  await t.deliverWebhooks();
  await t.sweepOnce();
  await t.deliverWebhooks();
  expect(receiver.firstSeen(intent.id)).toEqual([]);
  await first.clone().update({ relay_deaths: 8, aside_until: "infinity" });
  await t.sweepOnce();
  await t.deliverWebhooks();
  expect(receiver.firstSeen(intent.id)[0]).toBe(2);
  await first.clone().update({ relay_deaths: 1, aside_until: null });
  await t.drain();
  expect(receiver.firstSeen(intent.id)).toContain(1);
});

test("what is published ahead of a backlog is not sent ahead of it", async () => {
  await anOrderedEndpoint();
  await makeEvents(t, merchantId, 120);
  const intent = await anIntent(t, merchantId);
  await t.db.raw("update outbox set created_at = now() - interval '1 minute'");
  const relay = newRelay(50);
  await relayOnce(t.app, t.queues, relay);
  // New, and about a payment that is still in the backlog.
  await t.app.confirmPaymentIntent(confirmCommand(merchantId, intent.id));
  await relayOnce(t.app, t.queues, relay);
  expect(relay.backlog?.ahead.size).toBeGreaterThan(0);
  await t.deliverWebhooks();
  expect(receiver.firstSeen(intent.id)).toEqual([]);
  expect(receiver.seen.length).toBeLessThan(120);
  while ((await t.db("outbox")).length > 0) await relayOnce(t.app, t.queues, relay);
  await t.drain();
  for (const subjectId of await subjectsOf()) {
    const sequences = receiver.firstSeen(subjectId);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect(sequences[0]).toBe(1);
  }
});

test("one that wants no order any more gets everything at once; one that begins to want it, from then on", async () => {
  const { id } = await anOrderedEndpoint();
  const intent = await aConfirmedIntent(t, merchantId);
  receiver.answer = ({ sequence }) => (sequence === 1 ? 500 : undefined);
  await t.drain();
  expect(receiver.firstSeen(intent.id)).toEqual([1]);
  const wants = (ordered: boolean) => t.db("webhook_endpoints").where({ id }).update({ ordered });
  await wants(false);
  await t.sweepOnce();
  await t.drain();
  expect(receiver.firstSeen(intent.id).slice(0, 3)).toEqual([1, 2, 3]);
  const before = await anIntent(t, merchantId);
  await t.drain();
  await wants(true);
  expect(
    await deliveriesOf(id).whereNotNull("line_subject").andWhere({ status: "SCHEDULED" }),
  ).toEqual([]);
  const after = await aConfirmedIntent(t, merchantId);
  await t.drain();
  expect(receiver.firstSeen(before.id)).toEqual([1]);
  expect(receiver.firstSeen(after.id)).toEqual([1]);
  const standing = await deliveriesOf(id).where({ line_subject: after.id, stands: true });
  expect(standing.length).toBeGreaterThan(0);
});

test("a replay is in no line, and other endpoints cost nothing", async () => {
  const { id } = await anEndpoint(t, merchantId, { url: receiver.url });
  const heard: string[] = [];
  const listen = ({ sql }: { sql: string }): void => void heard.push(sql);
  const client = t.app.db.client as NodeJS.EventEmitter;
  client.on("query", listen);
  await t.relayOnce();
  await Promise.all(Array.from({ length: 3 }, () => aConfirmedIntent(t, merchantId)));
  for (let round = 0; round < 4; round += 1) {
    await t.relayOnce();
    await t.runCharges();
    await t.deliverWebhooks();
  }
  client.off("query", listen);
  expect(heard.filter((sql) => sql.includes("let_go as"))).toEqual([]);
  expect(heard.length).toBeGreaterThan(5);
  expect(await deliveriesOf(id).whereNotNull("line_subject")).toEqual([]);
  await sweepOnce(t.app, t.queues);
  await t.drain();
});
