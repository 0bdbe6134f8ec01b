import { auditBooks } from "../../src/audit/audit-books";
import { type TestApp, startTestApp } from "../support/app";
import { aMerchant } from "../support/factories";
import { aPayout } from "../support/payouts";

/** Each test breaks one thing about a payout, and expects the audit to say so. */

let t: TestApp;
beforeAll(async () => {
  t = await startTestApp();
  const merchantId = (await aMerchant(t)).id;
  for (const outcome of [undefined, "paid", "failed"] as const) {
    await aPayout(t, merchantId, outcome);
  }
});
afterAll(() => t.stop());

/** With triggers and foreign keys off, and taken back: the audit looks at the same transaction. */
async function auditAfter(change: string): Promise<string[]> {
  const undo = new Error("undo");
  let found: string[] = [];
  await t.db
    .transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      await tx.raw(change);
      const payouts = () => t.sandbox.payouts();
      const violations = await auditBooks(tx, { payouts });
      found = violations.map(({ invariant, check }) => `${invariant} ${check}`);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return [...new Set(found)];
}

it("finds nothing in payouts that are in order", async () => {
  expect(await t.db("payouts").distinct("status")).toHaveLength(3);
  expect(await auditAfter("select 1")).toEqual([]);
});

const LINES = "I4 a payout is the sum of its lines";
const OWNER = "I12 what is paid out is of the payout's merchant and processor";
const POSTINGS = "I9 each payout's postings agree with its status";
const EVENTS = "I7 each payout has an event for each of its versions";
const THERE = "I9 payouts and the network's books agree";

it.each([
  [LINES, "update payout_lines set amount = amount + 1 where line = 1"],
  [LINES, "delete from payout_lines where line = 1"],
  [LINES, "update payout_lines set payout_id = payout_id || '_of_nobody'"],
  [OWNER, "update payout_lines set attempt_id = 'att_of_nobody' where line = 1"],
  [POSTINGS, "update payouts set status = 'PAID' where status = 'IN_TRANSIT'"],
  [POSTINGS, "update payouts set status = 'IN_TRANSIT' where status = 'FAILED'"],
  [
    POSTINGS,
    "delete from postings p using journals j where j.id = p.journal_id and j.kind = 'payout'",
  ],
  [EVENTS, "update payouts set version = version + 1"],
  [EVENTS, "delete from events where type = 'payout.failed'"],
  [THERE, "update payouts set processor_payout_id = 'pay_of_nobody' where status = 'PAID'"],
  [THERE, "update payouts set status = 'FAILED' where status = 'IN_TRANSIT'"],
  [THERE, "update payouts set amount = amount + 1 where status = 'PAID'"],
])("says: %s", async (expected, change) => {
  expect(await auditAfter(change)).toContain(expected);
});
