import { sqlState } from "../../src/db/errors";
import { type TestApp, startTestApp } from "../support/app";
import { aMerchant } from "../support/factories";
import { aPayout } from "../support/payouts";

/**
 * What the database refuses about payouts by itself, of the processes' own role too; and that each guard is what stands in
 * the way: without it, the same statement goes through.
 */

let t: TestApp;
let merchantId: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
  await aPayout(t, merchantId);
});
afterAll(() => t.stop());

const CHECK = "23514";
const DENIED = "42501";
const RESTRICTED = "23001";

/** In a transaction that is taken back; with what the owner has changed before. */
async function asApplication(statement: string, ownerFirst?: string): Promise<string> {
  try {
    await t.db.transaction(async (tx) => {
      if (ownerFirst !== undefined) await tx.raw(ownerFirst);
      await tx.raw("set local role oncepay_system");
      await tx.raw(statement);
      throw new Error("allowed");
    });
  } catch (error) {
    return sqlState(error) ?? (error as Error).message;
  }
  return "allowed";
}

const payout = (amount: number, lines: number) => `
  insert into payouts (merchant_id, id, processor, processor_payout_id, report_id, status, amount,
    currency, line_count, arrives_at, changed_at)
  select merchant_id, 'po_new', 'sandbox', 'pay_new', 'rec', 'PAID', ${String(amount)}, 'USD',
    ${String(lines)}, now(), now()
  from payouts limit 1`;
const lines = (id: string, ...amounts: readonly number[]) => `
  insert into payout_lines (merchant_id, payout_id, line, kind, amount, attempt_id,
    payment_intent_id, movement_id)
  select p.merchant_id, ${id}, 100 + l.n, 'CHARGE', l.amount, 'att', 'pi', 'mov'
  from payouts p cross join unnest(array[${amounts.join(", ")}]::bigint[])
    with ordinality l (amount, n)
  limit ${String(amounts.length)}`;
const both = (amount: number, count: number, ...amounts: readonly number[]) =>
  `with p as (${payout(amount, count)}) ${lines("'po_new'", ...amounts)}`;

test("a payout is the sum of its lines, all of which come with it", async () => {
  expect(await asApplication(both(700, 2, 1_000, -300))).toBe("allowed");
  expect(await asApplication(both(701, 2, 1_000, -300))).toBe(CHECK);
  expect(await asApplication(both(700, 3, 1_000, -300))).toBe(CHECK);
  expect(await asApplication(both(700, 1, 1_000, -300))).toBe(CHECK);
  expect(await asApplication(payout(700, 1))).toBe(CHECK);
  expect(await asApplication(payout(0, 0))).toBe(CHECK);
  expect(await asApplication(lines("'po_none'", 5))).toBe(CHECK);
  // Nor one that changes nothing of the sum.
  expect(await asApplication(lines("p.id", 5, -5))).toBe(CHECK);
  expect(await asApplication(both(0, 2, 0, 0))).toBe(CHECK);
});

test("without the guards, all of that goes through", async () => {
  const off = `alter table payouts disable trigger check_payouts;
    alter table payout_lines disable trigger check_payout_lines`;
  expect(await asApplication(both(701, 2, 1_000, -300), off)).toBe("allowed");
  expect(await asApplication(payout(700, 1), off)).toBe("allowed");
  expect(await asApplication(lines("'po_none'", 5), off)).toBe("allowed");
  expect(await asApplication(lines("p.id", 5, -5), off)).toBe("allowed");
});

test("goes forward, and stays what it is", async () => {
  const set = (change: string, before?: string) =>
    asApplication(`update payouts set version = version + 1, ${change}`, before);
  const paid = "update payouts set version = version + 1, status = 'PAID'";
  const failed = "update payouts set version = version + 1, status = 'FAILED'";
  expect(await set("status = 'PAID'")).toBe("allowed");
  expect(await set("status = 'FAILED'")).toBe("allowed");
  expect(await set("status = 'FAILED'", paid)).toBe("allowed");
  expect(await set("status = 'IN_TRANSIT'", paid)).toBe(CHECK);
  expect(await set("status = 'PAID'", paid)).toBe(CHECK);
  for (const status of ["IN_TRANSIT", "PAID", "FAILED"]) {
    expect(await set(`status = '${status}'`, failed)).toBe(CHECK);
  }
  for (const change of ["amount = amount + 1", "currency = 'EUR'", "line_count = 9"]) {
    expect(await set(`status = 'PAID', ${change}`)).toBe(CHECK);
  }
  const off = "alter table payouts disable trigger guard_payout";
  expect(await set("status = 'PAID', amount = amount + 1", off)).toBe("allowed");
});

test("no update of a line, and nothing is deleted", async () => {
  for (const table of ["payouts", "payout_lines"]) {
    expect(await asApplication(`delete from ${table}`)).toBe(DENIED);
    expect(await asApplication(`truncate ${table}`)).toBe(DENIED);
  }
  expect(await asApplication("update payout_lines set amount = amount + 1")).toBe(DENIED);
  const granted = "grant all on payouts, payout_lines to oncepay_system";
  expect(await asApplication("update payout_lines set amount = amount + 1", granted)).toBe(
    RESTRICTED,
  );
  expect(await asApplication("delete from payouts", granted)).toBe(RESTRICTED);
});

test("knows one payout of a merchant by a processor's id of it", async () => {
  const again = both(5, 1, 5).replace("'pay_new'", "processor_payout_id");
  expect(await asApplication(again)).toBe("23505");
});
