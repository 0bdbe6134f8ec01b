import { configureFailpoints, failpointCounts } from "../../src/failpoints";
import type { ProcessorRequest } from "../../src/processors/processor";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, expectCrashed, surviveCrash } from "../support/crash";
import {
  type Given,
  aMerchant,
  anIntent,
  confirmCommand,
  succeeded,
  theIntent,
} from "../support/factories";
import { PREPARES, addPreparing } from "../support/preparing";
import { waitFor } from "../support/wait-for";
import type { CreatePaymentIntent } from "../../src/payments/create-payment-intent";
import { CHARGES, CHARGING, PREPARING } from "./charging";

/**
 * What a processor prepares is prepared, its name committed, and then sent. Whoever dies between any two of these, and
 * whoever is only taken for dead: the card network's books show one movement.
 */

let t: TestApp;
let processor: ReturnType<typeof addPreparing>;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "0,600000" });
  processor = addPreparing(t);
});
afterAll(() => t.stop());
afterEach(async () => {
  processor.between({});
  await t.sandbox.call("DELETE", "/admin/faults");
});

async function aConfirmed(given: Given<CreatePaymentIntent> = {}) {
  const merchant = await aMerchant(t);
  const { id } = await anIntent(t, merchant.id, given);
  const command = confirmCommand(merchant.id, id, { processor: PREPARES });
  succeeded(await t.app.confirmPaymentIntent(command));
  return { merchantId: merchant.id, id };
}

const attemptsOf = (id: string) => t.db("attempts").where({ payment_intent_id: id }).orderBy("id");

/** Of all attempts of the payment together; what was undone did not stand. */
async function movedOnce(id: string): Promise<void> {
  const attempts = await attemptsOf(id);
  const moved = (await Promise.all(attempts.map((attempt) => t.movements(attempt.id)))).flat();
  const reversed = moved.filter(({ kind }) => kind === "reverse").length;
  expect(moved.length - 2 * reversed).toBe(1);
}

describe.each(CHARGES)("%s", (_what, given, ends) => {
  it.each([...CHARGING, ...PREPARING])("moves once when its worker fails at %s", async (point) => {
    const { merchantId, id } = await aConfirmed(given);
    crashOnceAt(point);
    await surviveCrash(t);
    expectCrashed(point);
    expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
    await movedOnce(id);
  });

  it.each(["prepare.after_call", "prepare.after_commit"] as const)(
    "moves once when its worker is gone for good at %s",
    async (point) => {
      const { merchantId, id } = await aConfirmed(given);
      configureFailpoints(`${point}:hang#1`);
      await t.relayOnce();
      void t.runCharges();
      await waitFor("the failpoint", () => Promise.resolve(failpointCounts()[point] === 1));
      const [held] = await attemptsOf(id);
      expect(held).toMatchObject({ status: "SENT", sends: 1 });
      expect(held.processor_ref === null).toBe(point === "prepare.after_call");
      await t.killWorker();
      await surviveCrash(t);
      expect(await theIntent(t, merchantId, id)).toMatchObject(ends);
      await movedOnce(id);
      const attempts = await attemptsOf(id);
      // Without its name it was never sent, so it is sent now; with it, it is undone first.
      expect(attempts.map(({ status, sends }) => [status, sends])).toEqual(
        point === "prepare.after_call"
          ? [["SUCCEEDED", 2]]
          : [
              ["ABANDONED", 1],
              ["SUCCEEDED", 1],
            ],
      );
    },
  );
});

it("is not sent by a worker that was taken for dead while it was preparing", async () => {
  const { merchantId, id } = await aConfirmed();
  let wakeUp: () => void = () => undefined;
  const asleep = new Promise<void>((resolve) => {
    wakeUp = resolve;
  });
  const prepareAfter = (moment: () => Promise<void>) => ({
    prepare: async (request: ProcessorRequest) => {
      const prepared = await processor.real.prepare?.(request);
      await moment();
      return prepared ?? { kind: "unsent" as const, reason: "it cannot prepare" };
    },
  });
  processor.between(prepareAfter(() => asleep));
  await t.relayOnce();
  const slow = t.runCharges();
  await waitFor("the claim", async () => (await attemptsOf(id))[0].status === "SENT");
  await t.killWorker();
  // Another worker finds that it was never sent, and prepares it; at that moment the first one goes on.
  processor.between(
    prepareAfter(async () => {
      wakeUp();
      await slow;
    }),
  );
  processor.sent.length = 0;
  await t.sweepOnce();
  await t.makeDue();
  await t.drain();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
  expect(await attemptsOf(id)).toMatchObject([{ status: "SUCCEEDED", sends: 2 }]);
  expect(processor.sent).toHaveLength(1);
  await movedOnce(id);
});

it("waits, and is not unknown, while nothing can be prepared", async () => {
  const { merchantId, id } = await aConfirmed();
  await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "prepare", count: 2 });
  await t.relayOnce();
  await t.runCharges();
  expect(await attemptsOf(id)).toMatchObject([
    { status: "QUEUED", unknown_since: null, processor_ref: null },
  ]);
  await t.makeDue();
  await t.drain();
  await t.makeDue();
  await t.drain();
  expect(await theIntent(t, merchantId, id)).toMatchObject({ status: "SUCCEEDED" });
  await movedOnce(id);
});

it("keeps the processor's name for good", async () => {
  const { id } = await aConfirmed();
  await t.drain();
  const [attempt] = await attemptsOf(id);
  expect(attempt).toMatchObject({
    status: "SUCCEEDED",
    processor_ref: attempt.processor_charge_id,
  });
  const change = t.db("attempts").where({ id: attempt.id }).update({ processor_ref: "another" });
  await expect(change).rejects.toThrow();
});
