import { attemptsDoubted } from "../../src/observability/metrics";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, expectCrashed } from "../support/crash";
import { aMerchant, anIntent, confirmCommand, succeeded } from "../support/factories";
import { PREPARES, addPreparing } from "../support/preparing";

/** The rows as a promoted or a restored server has them, with the last commits of its predecessor missing. */

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_LOOKUP_SCHEDULE_MS: "0,600000" });
  addPreparing(t);
});
afterAll(async () => {
  await t.drain();
  await t.stop();
});

interface Payment {
  readonly merchantId: string;
  readonly id: string;
}

async function aQueued(processor: string): Promise<Payment> {
  const merchantId = (await aMerchant(t)).id;
  const { id } = await anIntent(t, merchantId);
  succeeded(await t.app.confirmPaymentIntent(confirmCommand(merchantId, id, { processor })));
  await t.relayOnce();
  return { merchantId, id };
}

const attemptsOf = ({ id }: Payment) =>
  t.db("attempts").where({ payment_intent_id: id }).orderBy("id");

async function movedOf(payment: Payment): Promise<number> {
  const attempts = await attemptsOf(payment);
  return (await Promise.all(attempts.map((attempt) => t.movements(attempt.id)))).flat().length;
}

/** It was charged, and nobody wrote down what came of it. */
async function charge(): Promise<void> {
  crashOnceAt("charge.before_settle");
  await t.runCharges().catch(() => undefined);
  expectCrashed("charge.before_settle");
}

const doubted = async (): Promise<number> => (await attemptsDoubted.get()).values[0]?.value ?? 0;

/** As the database itself would never let it become. */
async function lose({ id }: Payment, values: object): Promise<void> {
  await t.db.transaction(async (tx) => {
    await tx.raw("set local session_replication_role = replica");
    await tx("attempts")
      .where({ payment_intent_id: id })
      .update({ ...values, timeline: 0 });
  });
}

const UNSENT = { status: "QUEUED", worker_id: null, sends: 0, sent_at: null };

it("sends what was queued on this timeline, and nothing that was queued on another", async () => {
  const payment = await aQueued("sandbox");
  const [{ timeline }] = (await attemptsOf(payment)) as [{ timeline: number }];
  expect(timeline).toBe(1);
  await attemptsOf(payment).update({ timeline: 0 });
  await t.runCharges();
  expect(await movedOf(payment)).toBe(0);
  expect(await attemptsOf(payment)).toMatchObject([{ status: "QUEUED", sends: 0 }]);
  const before = await doubted();
  await t.sweepOnce();
  expect(await doubted()).toBe(before + 1);
  await t.drain();
  expect(await movedOf(payment)).toBe(1);
  expect(await t.db("payment_intents").where({ id: payment.id })).toMatchObject([
    { status: "SUCCEEDED" },
  ]);
});

it.each(["sandbox", PREPARES])(
  "finds what was charged and is queued again, by %s",
  async (name) => {
    const payment = await aQueued(name);
    await charge();
    await lose(payment, { ...UNSENT, processor_ref: null });
    await t.killWorker();
    await t.runCharges();
    await t.sweepOnce();
    await t.drain();
    expect(await movedOf(payment)).toBe(1);
    expect(await attemptsOf(payment)).toMatchObject([{ status: "SUCCEEDED" }]);
  },
);

it("does not take for unsent what was prepared, when the commit of its name may be lost", async () => {
  const payment = await aQueued(PREPARES);
  await charge();
  await lose(payment, { processor_ref: null });
  await t.killWorker();
  await t.sweepOnce();
  await t.drain();
  expect(await movedOf(payment)).toBe(1);
  expect(await attemptsOf(payment)).toMatchObject([{ status: "SUCCEEDED" }]);
});
