import type { FailpointName } from "../../src/failpoints";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { anEndpoint } from "../support/endpoints";
import { aConfirmedIntent, aMerchant, theIntent } from "../support/factories";
import { aWholeProcess } from "../support/here";
import { type TestReceiver, startReceiver } from "../support/receiver";
import { RELAYED } from "./charging";

/** Processes that begin with what they relay, without jobs, and die between any two steps of it. */

let t: TestApp;
let receiver: TestReceiver;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "0,600000" });
});
afterAll(() => t.stop());
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  await t.sandbox.call("DELETE", "/admin/faults");
});

const LIVES = 6;

async function live(quick?: { merchantId: string; id: string }): Promise<void> {
  const process = await aWholeProcess(t, quick);
  await dying(process.relayOnce());
  await process.end();
  // The one before it may have died with some of it.
  await t.makeDue();
  await t.sweepOnce();
}

const POINTS: readonly FailpointName[] = [
  ...RELAYED,
  "webhook.after_claim",
  "webhook.before_post",
  "webhook.after_post",
  "webhook.after_record",
];

const BEFORE_ROWS = POINTS.filter((point) => /^(relay|webhook)/.test(point));
const CASES = [
  ...POINTS.map((point) => ({ point, rows: "before the first tries" as const })),
  ...BEFORE_ROWS.map((point) => ({ point, rows: "with what came of them" as const })),
];

it.each(CASES)("dying at $point, rows written $rows", async ({ point, rows }) => {
  const { id: merchantId } = await aMerchant(t);
  const { secret, id: endpointId } = await anEndpoint(t, merchantId, receiver);
  const quick = rows === "with what came of them" ? { merchantId, id: endpointId } : undefined;
  const { id } = await aConfirmedIntent(t, merchantId);
  crashOnceAt(point);
  for (let life = 0; life < LIVES; life += 1) await dying(live(quick));
  expectCrashed(point);
  await t.killWorker();
  await t.drain();
  expect(await theIntent(t, merchantId, id)).toMatchObject({
    status: "SUCCEEDED",
    amountCaptured: 1_000,
  });
  const attempts = await t.db("attempts").where({ payment_intent_id: id, status: "SUCCEEDED" });
  const movements = await Promise.all(attempts.map((attempt) => t.movements(attempt.id as string)));
  expect(movements.flat()).toHaveLength(1);
  const told = receiver.received.map((webhook) => receiver.verify(webhook, secret));
  expect(new Set(told.map(({ sequence }) => sequence))).toEqual(new Set([1, 2, 3]));
  // Those that were on their way when it died are posted once more, under the same id and in the same bytes.
  expect(told.length).toBeLessThanOrEqual(6);
  expect(new Set(receiver.received.map((one) => one.id + one.body)).size).toBe(3);
  const deliveries = await t.db("webhook_deliveries").where({ merchant_id: merchantId });
  expect(deliveries.map(({ status }) => status as string)).toEqual(Array(3).fill("SUCCEEDED"));
});
