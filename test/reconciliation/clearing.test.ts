import { transact } from "../../src/db/transact";
import type { Tx } from "../../src/db/db";
import { bookSuspense, bookSuspenseRelease } from "../../src/ledger/journals";
import { insertJournals } from "../../src/ledger/ledger-store";
import { takeBalanceSnapshots } from "../../src/ledger/take-balance-snapshots";
import type { Log } from "../../src/observability/log";
import { registry } from "../../src/observability/metrics";
import { observeReconciliation } from "../../src/observability/reconciliation-gauges";
import { cancelPaymentIntent } from "../../src/payments/cancel-payment-intent";
import { closeBreak, lockBreak } from "../../src/reconciliation/break-store";
import type { ClearedWithin } from "../../src/reconciliation/clearing-store";
import { proveBooks } from "../../src/reconciliation/prove-books";
import { postCorrection } from "../../src/reconciliation/resolve-break";
import { type TestApp, startTestApp } from "../support/app";
import { aBreak } from "../support/breaks";
import { aDispute, chargeOf, decideAtNetwork, hearOf } from "../support/disputes";
import { aMerchant, aSettledIntent, cancelCommand } from "../support/factories";
import { hearOfPayout } from "../support/payouts";

/** What is open in the accounts that should be empty: each item with its age, found when it is too old, and closed when it is cleared. */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
});
afterAll(() => t.stop());

const log = { error: () => undefined } as unknown as Log;

// Whatever was posted before this moment is old.
const AT_ONCE: ClearedWithin = { suspense: 0, disputes: 0, payouts: 48 };

/** Of whatever has been posted, instead of what is a minute old. */
async function prove(clearedWithin?: ClearedWithin): Promise<void> {
  await takeBalanceSnapshots(t.db, { limit: 100, postingsMin: 1_000, marginMs: 0 });
  const options = { everyMs: 0, ...(clearedWithin && { clearedWithin }) };
  while ((await proveBooks({ db: t.app.db, log }, options)).more);
}

const items = () =>
  t.db("clearing_items").where({ merchant_id: merchantId }).orderBy("item_id").select();

const breaks = (subjectId: string) =>
  t.db("reconciliation_breaks").where({ subject_id: subjectId, kind: "UNCLEARED" });

/** A charge that is settled, and is nothing but what the postings of a test are about. */
async function aCharge(): Promise<{ id: string; post: (journal: Booking) => Promise<void> }> {
  const { id: paymentIntentId } = await aSettledIntent(t, merchantId);
  const id = await chargeOf(t, paymentIntentId);
  const fact = { merchantId, paymentIntentId, sourceId: id, currency: "USD" };
  const post = (book: Booking) => transact(t.db, (tx) => insertJournals(tx, [book(fact, 700)]));
  return { id, post };
}
type Booking = typeof bookSuspense;

test("money in suspense is as old as its posting, a break when that is too long ago, and none when it is gone", async () => {
  const { id, post } = await aCharge();
  await post(bookSuspense);
  await prove();
  const posted = await t.db("journals").where({ source_id: id, kind: "suspense" }).first();
  expect(await items()).toMatchObject([
    {
      item_id: id,
      kind: "SUSPENSE",
      currency: "USD",
      amount: "700",
      payment_intent_id: posted.payment_intent_id,
      open_since: posted.created_at,
    },
  ]);
  // A day has not passed.
  expect(await breaks(id)).toEqual([]);
  await prove(AT_ONCE);
  const [found] = await breaks(id);
  expect(found).toMatchObject({
    merchant_id: merchantId,
    status: "OPEN",
    source: "LEDGER",
    payment_intent_id: posted.payment_intent_id,
  });
  expect(found.detail).toMatch(/^SUSPENSE has held 700 USD of it since 20\S+Z$/);
  await prove(AT_ONCE);
  expect(await breaks(id)).toHaveLength(1);
  await post(bookSuspenseRelease);
  await prove(AT_ONCE);
  expect(await items()).toEqual([]);
  expect(await breaks(id)).toMatchObject([{ status: "RESOLVED", resolution: "CLOSED_ITSELF" }]);
  const told = await t.db("events").where({ subject_id: found.id }).orderBy("id").pluck("type");
  expect(told.sort()).toEqual(["reconciliation.break_found", "reconciliation.break_resolved"]);
});

test("what one payment has too much in suspense does not make up for what another lacks", async () => {
  const [over, under] = [await aCharge(), await aCharge()];
  await over.post(bookSuspense);
  await under.post(bookSuspenseRelease);
  await prove(AT_ONCE);
  expect((await items()).map(({ item_id, amount }) => [item_id, amount])).toEqual([
    [over.id, "700"],
    [under.id, "-700"],
  ]);
  for (const { id } of [over, under]) expect(await breaks(id)).toMatchObject([{ status: "OPEN" }]);
  await over.post(bookSuspenseRelease);
  await prove(AT_ONCE);
  expect(await breaks(over.id)).toMatchObject([{ status: "RESOLVED" }]);
  expect(await breaks(under.id)).toMatchObject([{ status: "OPEN" }]);
  await under.post(bookSuspense);
  await prove(AT_ONCE);
  expect(await items()).toEqual([]);
});

test("what gives money back is of the attempt that moved it", async () => {
  const card = { paymentMethod: "pm_card_threeDSecureRequired" };
  const intent = await aSettledIntent(t, merchantId, card);
  await cancelPaymentIntent(t.db, cancelCommand(merchantId, intent.id));
  await t.sandbox.post(`${new URL(intent.nextAction?.redirectUrl ?? "").pathname}/complete`);
  const attemptId = await chargeOf(t, intent.id);
  const approved = { processorChargeId: "ch_late", amountMinor: 1_000, feeMinor: 0 };
  const outcome = { kind: "approved" as const, ...approved };
  const about = { merchantId, attemptId, paymentIntentId: intent.id };
  await t.app.settleAttempt({ ...about, outcome, source: "webhook" });
  await prove();
  expect(await items()).toMatchObject([{ item_id: attemptId, amount: "1000" }]);
  await t.drain();
  await prove();
  expect(await items()).toEqual([]);
});

test("a correction is of what its break is about", async () => {
  const { id, post } = await aCharge();
  await post(bookSuspense);
  const attempt = await t.db("attempts").where({ id }).first();
  const breakId = await aBreak(t.db, merchantId, {
    subjectId: id,
    paymentIntentId: attempt.payment_intent_id,
    proposal: {
      corrects: null,
      postings: [{ debit: "SUSPENSE", credit: "PROCESSOR_RECEIVABLE", amount: 700 }],
    },
  });
  await prove();
  expect(await items()).toMatchObject([{ item_id: id, amount: "700" }]);
  await transact(t.db, async (tx: Tx) => {
    const found = await lockBreak(tx, merchantId, breakId);
    if (!found) throw new Error("the break is gone");
    const journalId = await postCorrection(tx, found);
    await closeBreak(tx, found, { resolution: "CORRECTED", explanation: "given back", journalId });
  });
  await prove();
  expect(await items()).toEqual([]);
});

test("a dispute that nobody decides is a break after months, and one that was decided is none", async () => {
  const { id } = await aSettledIntent(t, merchantId);
  const dispute = await aDispute(t, id, { amount: 400 });
  const { id: itemId } = await t.db("disputes").where({ payment_intent_id: id }).first("id");
  await prove();
  expect(await items()).toMatchObject([
    { item_id: itemId, kind: "DISPUTES", amount: "400", payment_intent_id: id },
  ]);
  expect(await breaks(itemId)).toEqual([]);
  await prove(AT_ONCE);
  expect(await breaks(itemId)).toMatchObject([{ status: "OPEN", payment_intent_id: id }]);
  expect(await hearOf(t, await decideAtNetwork(t, dispute, "lost"))).toBe("applied");
  await prove(AT_ONCE);
  expect(await items()).toEqual([]);
  expect(await breaks(itemId)).toMatchObject([{ status: "RESOLVED" }]);
});

test("a payout that does not arrive is a break, which closes when it does, and is measured", async () => {
  const isDue = async (daysAgo: number): Promise<string> => {
    await aSettledIntent(t, merchantId, { amount: 50_000 });
    const arrivesAt = new Date(Date.now() - daysAgo * 86_400_000).toISOString();
    const { body } = await t.sandbox.post("/admin/payouts", { arrivesAt });
    const [sent] = (body as { payouts: { id: string }[] }).payouts;
    await hearOfPayout(t, sent?.id ?? "");
    return sent?.id ?? "";
  };
  const itemOf = async (id: string): Promise<string> =>
    (await t.db("payouts").where({ processor_payout_id: id }).first("id")).id as string;
  const early = await isDue(-2);
  const late = await isDue(3);
  await prove();
  expect(await items()).toMatchObject([{ kind: "PAYOUTS" }, { kind: "PAYOUTS" }]);
  expect(await breaks(await itemOf(early))).toEqual([]);
  expect(await breaks(await itemOf(late))).toMatchObject([
    { status: "OPEN", payment_intent_id: null },
  ]);
  observeReconciliation(t.app.db, () => true);
  const text = await registry.metrics();
  expect(text).toMatch(/oncepay_clearing_oldest_seconds\{account="PAYOUTS"\} \d/);
  expect(text).not.toContain('oncepay_clearing_oldest_seconds{account="SUSPENSE"}');
  expect(text).toMatch(/oncepay_paid_out_timestamp_seconds\{processor="sandbox"\} 1\d{9}/);
  expect(text).toMatch(/oncepay_payout_overdue_seconds 2592\d\d/);
  for (const id of [late, early]) await hearOfPayout(t, id, "paid");
  await prove();
  expect(await items()).toEqual([]);
  expect(await breaks(await itemOf(late))).toMatchObject([{ status: "RESOLVED" }]);
});

test("what a worker of an earlier release has added up is read for its items as well", async () => {
  const { id, post } = await aCharge();
  await post(bookSuspense);
  await prove();
  await t.db("clearing_items").where({ item_id: id }).delete();
  const posted = await t.db("journals").where({ source_id: id, kind: "suspense" }).first();
  await t
    .db("audit_marks")
    .where({ merchant_id: merchantId })
    .update({ cleared_before: posted.created_at });
  await prove();
  expect(await items()).toMatchObject([{ item_id: id, amount: "700" }]);
  await post(bookSuspenseRelease);
  await prove();
  expect(await items()).toEqual([]);
});

test("a pass walks past merchants that have nothing new, so many at a time", async () => {
  const idle = Array.from({ length: 1_500 }, (_, n) => ({ id: `mer_0${String(n)}`, name: "idle" }));
  await t.db.batchInsert("merchants", idle, 500);
  const steps: boolean[] = [];
  const step = async () => {
    const { more } = await proveBooks({ db: t.app.db, log }, { everyMs: 0 });
    steps.push(more);
    return more;
  };
  while (await step());
  // Two walks of a thousand, and the end.
  expect(steps).toEqual([true, true, false]);
});
