import { guardProcessor } from "../../src/processors/guard";
import type { Processor } from "../../src/processors/processor";
import { createSandboxProcessor } from "../../src/processors/sandbox/sandbox-processor";
import { type TestApp, startTestApp } from "../support/app";
import {
  aConfirmedIntent,
  aMerchant,
  anIntent,
  confirmCommand,
  succeeded,
  theIntent,
} from "../support/factories";
import { PATIENCE_MS } from "../support/patience";

/** A processor that does not answer is left alone: payments wait QUEUED, and another processor's go on. */

let t: TestApp;
let plain: Processor;
let nowMs = 0;
const now = () => nowMs;
beforeAll(async () => {
  t = await startTestApp();
  plain = createSandboxProcessor({ baseUrl: t.sandbox.url, timeoutMs: PATIENCE_MS });
});
afterAll(() => t.stop());
afterEach(() => t.sandbox.call("POST", "/admin/outage", { mode: "off" }));

function put(name: string, processor: Processor): void {
  (t.app.processors as Map<string, Processor>).set(name, processor);
}

const attemptOf = async (id: string) => {
  const [attempt] = await t.db("attempts").where({ payment_intent_id: id }).orderBy("id");
  return attempt;
};

async function runNow(): Promise<void> {
  await t.relayOnce();
  await t.runCharges();
}

it("is called no more once so many calls have got no answer, until it answers a probe", async () => {
  const said: boolean[] = [];
  let calls = 0;
  const slow: Processor = {
    ...plain,
    send: async (request) => {
      calls += 1;
      const outcome = await plain.send(request);
      if (outcome.kind === "unknown") nowMs += 5_000;
      return outcome;
    },
  };
  put(
    "sandbox",
    guardProcessor(slow, { callsPerSecond: 0, now, onBreaker: (_, is) => said.push(is) }),
  );
  put("another", { ...plain, name: "another" });
  const merchant = await aMerchant(t);
  await t.sandbox.call("POST", "/admin/outage", { mode: "refuse" });
  const lost = await Promise.all(
    Array.from({ length: 20 }, () => aConfirmedIntent(t, merchant.id)),
  );
  await runNow();
  for (const { id } of lost) expect(await attemptOf(id)).toMatchObject({ status: "UNKNOWN" });
  expect([calls, said]).toEqual([20, [true]]);

  const waiting = await Promise.all(
    Array.from({ length: 3 }, () => aConfirmedIntent(t, merchant.id)),
  );
  await runNow();
  expect(calls).toBe(20);
  for (const { id } of waiting) {
    expect(await attemptOf(id)).toMatchObject({ status: "QUEUED", unknown_since: null });
  }

  await t.sandbox.call("POST", "/admin/outage", { mode: "off" });
  const elsewhere = await anIntent(t, merchant.id);
  const command = confirmCommand(merchant.id, elsewhere.id, { processor: "another" });
  succeeded(await t.app.confirmPaymentIntent(command));
  await runNow();
  expect(await theIntent(t, merchant.id, elsewhere.id)).toMatchObject({ status: "SUCCEEDED" });
  expect(calls).toBe(20);

  nowMs += 5_000;
  for (let round = 0; round < 4; round += 1) {
    await t.makeDue();
    await t.drain();
  }
  expect(said).toEqual([true, false]);
  for (const { id } of [...lost, ...waiting]) {
    expect(await theIntent(t, merchant.id, id)).toMatchObject({ status: "SUCCEEDED" });
  }
});

it("gets no more calls a second than it may: the others wait, and none is lost or made twice", async () => {
  put("sandbox", guardProcessor(plain, { callsPerSecond: 2, now }));
  const merchant = await aMerchant(t);
  const intents = await Promise.all(
    Array.from({ length: 5 }, () => aConfirmedIntent(t, merchant.id)),
  );
  await runNow();
  const statuses = async () =>
    (await Promise.all(intents.map(({ id }) => attemptOf(id)))).map(({ status }) => status).sort();
  expect(await statuses()).toEqual(["QUEUED", "QUEUED", "QUEUED", "SUCCEEDED", "SUCCEEDED"]);
  for (let second = 0; second < 2; second += 1) {
    nowMs += 1_000;
    await t.makeDue();
    await t.sweepOnce();
    await t.runCharges();
  }
  expect(await statuses()).toEqual(Array(5).fill("SUCCEEDED"));
  for (const { id } of intents) expect(await t.movements((await attemptOf(id)).id)).toHaveLength(1);
});
