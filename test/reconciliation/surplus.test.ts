import { trialBalance } from "../../src/ledger/balance-store";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, expectCrashed } from "../support/crash";
import { aCapturedIntent, aMerchant, refundCommand } from "../support/factories";
import { listing, postingsOf } from "../support/processor-lists";

/** Money that moved more than once for one attempt: the sandbox network's own books say what stands in the end. */

let t: TestApp;
let lists: ReturnType<typeof listing>;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  lists = listing(t);
  merchantId = (await aMerchant(t)).id;
});
afterAll(async () => {
  await t.drain();
  await t.stop();
});

const TWICE = "it moved twice there, and once here";
const REVERSED = [`DUPLICATE RESOLVED REVERSED ${TWICE}`];

interface Moved {
  readonly intentId: string;
  readonly reference: string;
}

async function aCharge(): Promise<Moved> {
  const { id: intentId } = await aCapturedIntent(t, merchantId);
  return { intentId, reference: await lastAttempt(intentId) };
}

async function lastAttempt(intentId: string): Promise<string> {
  const rows = t.db("attempts").where({ payment_intent_id: intentId }).orderBy("id", "desc");
  const last: { id: string } = await rows.first("id");
  return last.id;
}

/** As if it had been sent a second time: the network takes it for another request. */
async function chargedTwice(): Promise<Moved> {
  const charge = await aCharge();
  await t.sandbox.charge(charge.reference);
  return charge;
}

const movementsOf = (reference: string) => t.sandbox.movements(reference);
const kindsOf = async (reference: string): Promise<string[]> =>
  (await movementsOf(reference)).map(({ kind }) => kind);

/** How much the sandbox would pay out in dollars, and how much we say that it owes. */
async function owed(): Promise<{ theirs: number; ours: number }> {
  const { body } = await t.sandbox.post("/admin/payouts", { currency: "USD" });
  const [payout] = (body as { payouts: { id: string; amount: number }[] }).payouts;
  await t.sandbox.post(`/admin/payouts/${String(payout?.id)}`, { outcome: "failed" });
  const { rows } = await t.db.raw<{ rows: { ours: string }[] }>(
    `select sum(case when p.debit_account_id = a.id then p.amount else -p.amount end) as ours
     from ledger_accounts a
     join postings p on p.merchant_id = a.merchant_id and a.id in (p.debit_account_id, p.credit_account_id)
     where a.kind = 'PROCESSOR_RECEIVABLE' and a.currency = 'USD' and not p.pending`,
  );
  return { theirs: Number(payout?.amount), ours: Number(rows[0]?.ours) };
}

test("of a charge that moved twice one movement stands, whoever dies on the way, and the fee is posted", async () => {
  const { intentId, reference } = await chargedTwice();
  const [first, second] = await movementsOf(reference);
  expect(await lists.listAnew()).toBe(1);
  expect(await lists.shown(reference)).toEqual([`DUPLICATE OPEN ${TWICE}`]);
  for (const point of ["reconcile.after_claim", "reconcile.after_reverse"] as const) {
    crashOnceAt(point);
    await lists.seeTo();
    expectCrashed(point);
    expect(await lists.shown(reference)).toEqual([`DUPLICATE OPEN ${TWICE}`]);
    expect(await kindsOf(reference)).toHaveLength(point === "reconcile.after_claim" ? 2 : 3);
    expect((await lists.rowsOf(reference))[0]).toMatchObject({ reversing: [second?.id] });
  }
  // What is being given back cannot be posted as if it stood; nor does the list that has it say more.
  const id = String((await lists.rowsOf(reference))[0]?.["id"]);
  await expect(lists.approve(merchantId, id)).rejects.toMatchObject({
    code: "INVALID_STATE",
    details: {
      because: "What moved more than once is being given back.",
      allowedActions: ["EXPLAIN", "DISMISS"],
    },
  });
  expect(await lists.listAnew()).toBe(0);
  await lists.seeTo();
  await lists.seeTo();
  expect(await lists.shown(reference)).toEqual(REVERSED);
  const moved = await movementsOf(reference);
  expect(moved.map(({ kind }) => kind)).toEqual(["capture", "capture", "reverse"]);
  expect(moved[2]?.chargeId).toBe(second?.chargeId);
  expect(first?.chargeId).not.toBe(second?.chargeId);

  const [found] = await lists.rowsOf(reference);
  expect(found?.["explanation"]).toContain(second?.id);
  expect(await postingsOf(t, found?.["journal_id"])).toEqual([
    "PROCESSING_FEES to PROCESSOR_RECEIVABLE 59 USD",
  ]);
  expect(await t.db("audit_log").where({ subject_id: id, outcome: "SUCCEEDED" })).toMatchObject([
    {
      ...{ action: "WRITE", actor_kind: "SYSTEM", operation: "resolveReconciliationBreak" },
      details: {
        ...{ reason: "policy", objects: 1, before: { status: "OPEN" } },
        after: { status: "RESOLVED", journalId: found?.["journal_id"] },
      },
    },
  ]);
  const evidence = await t.db("attempt_evidence").where({ attempt_id: reference });
  expect(evidence.filter(({ source }) => source === "reconciliation")).toMatchObject([
    { effect: "surplus", outcome: { kind: "reversed", movementIds: [second?.id] } },
  ]);
  expect(await lists.listAnew()).toBe(0);
  const balances = await owed();
  expect(balances.ours).toBe(balances.theirs);
  expect(await trialBalance(t.db, merchantId)).toMatchObject({ balanced: true });

  // What stands is the payment's, all of it.
  await refundPaymentIntent(t.db, refundCommand(merchantId, intentId, { amount: 1_000 }));
  await t.drain();
  expect(await kindsOf(await lastAttempt(intentId))).toEqual(["refund"]);
  expect(await lists.listAnew()).toBe(0);
});

test("of a refund that moved twice one movement stands", async () => {
  const { intentId, reference: charge } = await aCharge();
  await refundPaymentIntent(t.db, refundCommand(merchantId, intentId, { amount: 300 }));
  await t.drain();
  const reference = await lastAttempt(intentId);
  await t.sandbox.refund(charge, { reference, amount: 300 });
  expect(await lists.listAnew()).toBe(1);
  await t.sandbox.setFault({ fault: "lose_response", rate: 1, operation: "reverse", count: 1 });
  await lists.seeTo();
  expect(await lists.shown(reference)).toEqual([`DUPLICATE OPEN ${TWICE}`]);
  await lists.seeTo();
  expect(await lists.shown(reference)).toEqual(REVERSED);
  expect(await kindsOf(reference)).toEqual(["refund", "refund", "reverse"]);
  expect((await lists.rowsOf(reference))[0]).toMatchObject({ journal_id: null });
  expect(await lists.listAnew()).toBe(0);
  const balances = await owed();
  expect(balances.ours).toBe(balances.theirs);
});

test("it is left for a person where that is configured", async () => {
  const { reference } = await chargedTwice();
  await lists.listAnew();
  await lists.seeTo({ duplicateMovements: "leave" });
  await lists.seeTo();
  expect(await lists.rowsOf(reference)).toMatchObject([
    { status: "OPEN", next_at: null, reversing: null, explanation: null },
  ]);
  expect(await kindsOf(reference)).toEqual(["capture", "capture"]);
  await undoAll(reference);
});

/** The audit at the end wants one movement for each attempt. */
async function undoAll(reference: string): Promise<void> {
  const [, second] = await movementsOf(reference);
  await t.sandbox.post(`/v1/movements/${String(second?.id)}/reverse`, { reference });
}

test("a processor that cannot take back one movement: the break says so, once, and stays", async () => {
  const { reference } = await chargedTwice();
  await lists.listAnew();
  const sandbox = t.app.processors.get("sandbox");
  if (!sandbox) throw new Error("there is no sandbox");
  const { reverseMovement: _cannot, ...others } = sandbox;
  const processors = t.app.processors as Map<string, typeof sandbox>;
  processors.set("sandbox", others);
  await lists.seeTo();
  await lists.seeTo();
  processors.set("sandbox", sandbox);
  const [found] = await lists.rowsOf(reference);
  expect(found).toMatchObject({ status: "EXPLAINED", owner: "policy", next_at: null });
  expect(found?.["explanation"]).toBe(
    "sandbox cannot take back one movement by itself: a person has to give it back",
  );
  const entries = await t.db("audit_log").where({ subject_id: found?.["id"] });
  expect(entries).toMatchObject([{ actor_kind: "SYSTEM", details: { reason: "policy" } }]);
  expect(await kindsOf(reference)).toEqual(["capture", "capture"]);
  // A person's decision is open: it is posted to suspense.
  expect(await lists.approve(merchantId, found?.["id"])).toMatchObject({
    ...{ status: "RESOLVED", resolution: "CORRECTED" },
  });
  await undoAll(reference);
});

test("nothing is taken back where the one that is to stay has been taken back already", async () => {
  const { reference } = await chargedTwice();
  const [first] = await movementsOf(reference);
  await lists.listAnew();
  await t.sandbox.post(`/v1/movements/${String(first?.id)}/reverse`, { reference });
  await lists.seeTo();
  expect(await lists.rowsOf(reference)).toMatchObject([
    { status: "EXPLAINED", explanation: expect.stringContaining("does not stand") },
  ]);
  expect(await kindsOf(reference)).toEqual(["capture", "capture", "reverse"]);
});

test("nor where something was taken back that the list knows of", async () => {
  const { reference } = await chargedTwice();
  await t.sandbox.charge(reference);
  const [, , third] = await movementsOf(reference);
  await t.sandbox.post(`/v1/movements/${String(third?.id)}/reverse`, { reference });
  await lists.listAnew();
  await lists.seeTo();
  expect(await lists.rowsOf(reference)).toMatchObject([
    { status: "EXPLAINED", explanation: expect.stringContaining("which movement is to stay") },
  ]);
  expect(await kindsOf(reference)).toHaveLength(4);
  await undoAll(reference);
});

test("the database keeps what is being given back as it was decided", async () => {
  const change = (values: object, where: object) =>
    t.db("reconciliation_breaks").where(where).update(values);
  const { reference } = await chargedTwice();
  await lists.listAnew();
  const where = { subject_id: reference };
  const resolved = { status: "RESOLVED", resolution: "REVERSED", resolved_at: new Date() };
  await expect(change(resolved, where)).rejects.toThrow("reconciliation_breaks_surplus");
  await expect(change({ reversing: [] }, where)).rejects.toThrow("reversing_check");
  await change({ reversing: ["mov_1"] }, where);
  await expect(change({ reversing: ["mov_2"] }, where)).rejects.toThrow("found as it is");
  await expect(change({ reversing: null }, where)).rejects.toThrow("found as it is");
  await change({ ...resolved, resolution: "DISMISSED", next_at: null }, where);
  await undoAll(reference);
});
