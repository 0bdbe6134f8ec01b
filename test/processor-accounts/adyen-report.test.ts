import { newId } from "../../src/ids";
import { dispute, failLater, paymentOf } from "../adyen-simulation/bank";
import { feeRow, reportOf, side } from "../adyen-simulation/report";
import { CAPTURE_INTENT } from "../support/api";
import { postingsOf } from "../support/processor-lists";
import { ask, confirmedAtAdyen } from "./adyen-account";
import { type Reports, change, isOf, startReports } from "./adyen-reports";
import { attemptsOf } from "./world";

/**
 * Adyen's Settlement details report, written by the simulation from its books, against the attempts of the account. What
 * is planted in it is found, and nothing else.
 */

let reports: Reports;
beforeAll(async () => {
  reports = await startReports();
});
beforeEach(() => {
  reports.nextBatch();
});
afterAll(() => reports.stop());

test("what moved agrees with the books, fees are posted, and the payout is recorded with its lines, once", async () => {
  const { adyen, api, account, at, rows, reconcile, tell, paid, refunded } = reports;
  const charge = await paid();
  const refund = await refunded(charge.id, 1_000);
  const held = await confirmedAtAdyen(api, { captureMethod: "MANUAL" });
  await ask(api, CAPTURE_INTENT, { paymentIntentId: held.id, amount: 700, final: false });
  await tell();
  await ask(api, CAPTURE_INTENT, { paymentIntentId: held.id, amount: 1_800 });
  await tell();
  const text = reportOf(adyen.bank, [...rows(), feeRow(adyen.bank, 180, at)]);
  const report = await reconcile(text);
  expect(report).toMatchObject({ status: "COMPLETED", compared: 4, matched: 4, breaksFound: 0 });
  expect(report).toMatchObject({
    ...{ source: "SETTLEMENT_FILE", processor: "adyen", merchantId: api.merchant.id },
    ...{ processorAccountId: account.id, failure: null },
  });
  const [, first, second] = await attemptsOf(api, held.id);
  const fees = [
    { reference: charge.reference, fee: 35 },
    { reference: refund, fee: 10 },
    { reference: first?.id, fee: 35 },
    { reference: second?.id, fee: 35 },
  ];
  for (const { reference, fee } of fees) {
    expect(await api.db("attempts").where({ id: reference }).first()).toMatchObject({ fee });
    const [journal] = await api.db("journals").where({ source_id: reference, kind: "fee" });
    expect(await postingsOf(api, journal.id)).toEqual([
      `PROCESSING_FEES to PROCESSOR_RECEIVABLE ${String(fee)} USD`,
    ]);
  }
  const [payout] = await api.db("payouts").where({ report_id: report.id });
  expect(payout).toMatchObject({
    ...{ status: "PAID", currency: "USD", processor: "adyen", processor_account_id: account.id },
    // Fees of no payment are nobody's here.
    ...{ amount: 5_000 - 1_000 - 3 * 35 - 10, line_count: 8 },
    processor_payout_id: `TX${String(at.batch).padStart(4, "0")}USDXT`,
  });
  const before = await api.db("journals").count();
  expect(await reconcile(text)).toEqual(report);
  expect(await api.db("journals").count()).toEqual(before);
});

test("the same lines in another file change nothing", async () => {
  const { api, rows, reportNow, paid } = reports;
  await paid();
  const all = rows();
  expect(await reportNow(all)).toMatchObject({ matched: 1, breaksFound: 0 });
  const before = await api.db("journals").count();
  const again = await reportNow(all.map((row) => ({ ...row, "Payment Method": "mc" })));
  expect(again).toMatchObject({ status: "COMPLETED", matched: 1, breaksFound: 0 });
  expect(await api.db("journals").count()).toEqual(before);
});

test("each kind of break is found where it was planted, and nowhere else", async () => {
  const { adyen, api, reconcile, rows, reportNow, paid, refunded } = reports;
  const planted = ["AMOUNT", "CURRENCY", "FEE", "STATE", "TIMING", "DUPLICATE", "TWICE"] as const;
  const made = {} as Record<(typeof planted)[number] | "agreed" | "missing", string>;
  for (const kind of [...planted, "agreed", "missing"] as const) {
    made[kind] = (await paid()).reference;
  }
  const refundedOf = await paid();
  const refund = await refunded(refundedOf.id, 900);
  // The fee of this one is known by an earlier report.
  const earlier = rows()
    .filter(isOf(made.FEE))
    .map((row) => ({ ...row, "Batch Number": "77" }));
  expect(await reportNow(earlier)).toMatchObject({ breaksFound: 0 });
  const ghost = newId("attempt");
  let all = rows().filter((row) => !isOf(made.missing)(row));
  const [line = {}] = all.filter(isOf(made.agreed));
  all = change(all, made.AMOUNT, { ...side("Gross", "GC", 2_600), ...side("Net", "NC", 2_565) });
  all = change(all, made.CURRENCY, { "Gross Currency": "EUR", "Net Currency": "EUR" });
  all = change(all, made.FEE, side("Net", "NC", 2_500 - 41));
  // An interchange that the refund got back.
  all = change(all, refund, side("Net", "NC", -880));
  all = all.flatMap((row) => {
    if (isOf(made.TWICE)(row)) return [row, row];
    return isOf(made.DUPLICATE)(row) ? [row, { ...row, "Modification Reference": "AGAIN" }] : [row];
  });
  all.push({ ...line, "Merchant Reference": ghost, "Modification Reference": "GHOST" });
  all.push({
    ...{ ...line, Type: "Refunded", "Modification Reference": "BYHAND" },
    ...{ ...side("Gross", "GC", -300), ...side("Net", "NC", -300), "Interchange (NC)": "" },
  });
  all.push({ ...line, "Merchant Reference": "another shop's", "Modification Reference": "OTHER" });
  const before = await api.db("reconciliation_breaks").count();
  const undo = new Error("undo");
  await api.db
    .transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      const damage = { TIMING: "UNKNOWN", STATE: "DECLINED" } as const;
      for (const [kind, status] of Object.entries(damage)) {
        const settled = status === "UNKNOWN" ? null : tx.fn.now();
        const which = { id: made[kind as keyof typeof damage] };
        await tx("attempts").where(which).update({ status, settled_at: settled });
      }
      await tx.raw("set local session_replication_role = origin");
      const report = await reconcile(reportOf(adyen.bank, all), { db: tx });
      expect(report).toMatchObject({ status: "COMPLETED" });
      const found = await tx("reconciliation_breaks").where({ report_id: report.id });
      expect(
        found
          .filter(({ detail }) => !String(detail).includes("pays out"))
          .map(({ kind, subject_id: subject }) => `${String(kind)} ${String(subject)}`)
          .sort(),
      ).toEqual(
        [
          ...(["AMOUNT", "CURRENCY", "FEE", "STATE", "TIMING", "DUPLICATE"] as const).map(
            (kind) => `${kind} ${made[kind]}`,
          ),
          `DUPLICATE ${made.TWICE}`,
          `FEE ${refund}`,
          `MISSING_HERE ${ghost}`,
          "MISSING_HERE BYHAND",
        ].sort(),
      );
      expect(found.every(({ merchant_id: whose }) => whose === api.merchant.id)).toBe(true);
      // What is paid out otherwise than it was captured, or twice, is said of the payout, too.
      const paidOut = found
        .filter(({ detail }) => String(detail).includes("pays out"))
        .map(({ kind, subject_id: subject }) => `${String(kind)} ${String(subject)}`);
      expect(paidOut.sort()).toEqual(
        [
          ...[`AMOUNT ${made.AMOUNT}`, `CURRENCY ${made.CURRENCY}`],
          // Its amount, and what is kept of it.
          ...[`DUPLICATE ${made.FEE}`, `DUPLICATE ${made.FEE}`],
          ...[`STATE ${made.STATE}`, `STATE ${made.TIMING}`],
        ].sort(),
      );
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  expect(await api.db("reconciliation_breaks").count()).toEqual(before);
});

test("a refund that came back agrees, whether it was told or not, and in whichever report", async () => {
  const { adyen, at, nextBatch, tell, rows, lists, reportNow, breaksOf, paid, refunded } = reports;
  const one = await paid();
  const refund = await refunded(one.id, 800);
  failLater(adyen.bank, "REFUND_FAILED", refund);
  await tell();
  // Its refund is paid out before what takes it back.
  const all = rows();
  const [reversed = {}] = all.filter((row) => row.Type === "RefundedReversed");
  const first = await reportNow(all.filter((row) => row.Type !== "RefundedReversed"));
  expect(await breaksOf(first)).toEqual([`TIMING ${refund}`]);
  await lists.seeTo();
  const [open] = await lists.rowsOf(refund);
  expect(open).toMatchObject({ status: "OPEN", next_at: null });
  const second = await reportNow([{ ...reversed, "Batch Number": String(at.batch + 1) }]);
  expect(second).toMatchObject({ breaksFound: 0, breaksClosed: 1, matched: 1 });
  expect((await lists.rowsOf(refund))[0]).toMatchObject({ resolution: "CLOSED_ITSELF" });
  nextBatch();
});

test("a refund that came back, and that no webhook told of, is a break until one does", async () => {
  const { adyen, tell, lists, reportNow, breaksOf, paid, refunded } = reports;
  const one = await paid();
  const refund = await refunded(one.id, 800);
  failLater(adyen.bank, "REFUND_FAILED", refund);
  const report = await reportNow();
  expect(await breaksOf(report)).toEqual([`STATE ${refund}`]);
  expect(await lists.shown(refund)).toEqual([
    "STATE OPEN it was taken back there, and stands here",
  ]);
  await tell();
  await lists.seeTo();
  expect((await lists.rowsOf(refund))[0]).toMatchObject({ resolution: "CLOSED_ITSELF" });
});

test("a chargeback: its fee is proposed, its steps agree, and one that nobody told of is taken for news", async () => {
  const { adyen, api, at, nextBatch, rows, tell, lists, reportNow, breaksOf, paid } = reports;
  const [told, untold] = [await paid(), await paid()];
  for (const { reference } of [told, untold]) {
    dispute(adyen.bank, paymentOf(adyen.bank, reference), "CHARGEBACK");
    if (reference === told.reference) await tell();
  }
  adyen.bank.notifications.splice(0);
  const [known = "", unknown = ""] = adyen.bank.disputes
    .slice(at.disputesFrom)
    .map(({ psp }) => psp);
  const report = await reportNow();
  expect(await breaksOf(report)).toEqual([`FEE ${known}`, `MISSING_HERE ${unknown}`].sort());
  const [fee] = await lists.rowsOf(known);
  await lists.approve(api.merchant.id, fee?.["id"]);
  const [approved] = await lists.rowsOf(known);
  expect(await postingsOf(api, approved?.["journal_id"])).toEqual([
    "PROCESSING_FEES to PROCESSOR_RECEIVABLE 750 USD",
  ]);
  await lists.seeTo();
  expect(await api.db("disputes").where({ processor_dispute_id: unknown })).toMatchObject([
    { status: "OPEN", amount: 2_500, fee: 750, attempt_id: untold.reference },
  ]);
  // In the next batch one is given back, and the other one is lost.
  nextBatch();
  dispute(adyen.bank, paymentOf(adyen.bank, told.reference), "CHARGEBACK_REVERSED");
  dispute(adyen.bank, paymentOf(adyen.bank, untold.reference), "SECOND_CHARGEBACK");
  adyen.bank.notifications.splice(0);
  const next = await reportNow([...rows(), feeRow(adyen.bank, -180, at)]);
  expect(await breaksOf(next)).toEqual([`STATE ${unknown}`]);
  await lists.seeTo();
  expect(await api.db("disputes").where({ processor_dispute_id: unknown })).toMatchObject([
    { status: "LOST", fee: 750 },
  ]);
  const payouts = await api.db("payouts").whereIn("report_id", [report.id, next.id]).orderBy("id");
  expect(payouts.map(({ amount }) => Number(amount))).toEqual([2 * (2_500 - 35 - 2_500 - 750), 0]);
});
