import { runCommandLine } from "../../src/cli/run-command-line";
import { reconcileReport } from "../../src/reconciliation/reconcile-report";
import { type Notification, newBank } from "../adyen-simulation/bank";
import { feeRow, payoutRows, reportOf, rowsOf, side, written } from "../adyen-simulation/report";
import { MERCHANT_ACCOUNT, signed } from "../adyen-simulation/simulation";
import { newKey } from "../support/api";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { aMerchant } from "../support/factories";
import { CONNECT_ACCOUNT } from "../support/processor-accounts";
import { HMAC_KEY, INPUT, confirmedAtAdyen, post } from "./adyen-account";
import { type Reports, startReports } from "./adyen-reports";
import { attemptsOf } from "./world";

/** Reports that are cut off, another account's, or none; and whoever reads one dies, or is another tenant. */

let reports: Reports;
beforeAll(async () => {
  reports = await startReports();
});
beforeEach(() => {
  reports.nextBatch();
});
afterAll(() => reports.stop());

const runs = () => reports.api.db("reconciliation_runs").count();

test("a report that is cut off anywhere is refused, and leaves nothing", async () => {
  const { adyen, api, paid, reconcile, reportNow, rows } = reports;
  const { id } = await paid();
  await reports.refunded(id, 700);
  const before = await runs();
  const text = reportOf(adyen.bank, rows());
  // Without its last line break it is whole; up to there every byte of the last line counts.
  const last = text.trimEnd().lastIndexOf("\n");
  for (const end of [0, 40, last - 300, last - 1, last, last + 1, last + 60, text.length - 9]) {
    await expect(reconcile(text.slice(0, end))).rejects.toThrow(
      /^(the report is empty|line \d+: (it|a quote)|the report (is not whole|has no line))/,
    );
  }
  expect(await runs()).toEqual(before);
  // Of one that is known to be a part, what is there is compared, and nothing is told as paid out.
  const part = await reconcile(text.slice(0, last + 1), { isPart: true });
  expect(part).toMatchObject({ compared: 2, matched: 2, breaksFound: 0 });
  expect(await api.db("payouts").where({ report_id: part.id })).toEqual([]);
  const whole = await reportNow();
  expect(whole).toMatchObject({ matched: 2, breaksFound: 0 });
  expect(await api.db("payouts").where({ report_id: whole.id })).toHaveLength(1);
  const fees = await api
    .db("journals")
    .where({ kind: "fee" })
    .whereIn(
      "source_id",
      (await attemptsOf(api, id)).map((attempt) => attempt.id),
    );
  expect(fees).toHaveLength(2);
});

test("what cannot be read is named by its line, and nothing of it is kept", async () => {
  const { adyen, paid, reconcile, rows } = reports;
  await paid();
  await paid();
  const before = await runs();
  const text = reportOf(adyen.bank, rows());
  const broken: readonly (readonly [string, string])[] = [
    [text.replace("Psp Reference", "Reference"), "line 1: it is no Settlement details report"],
    ["movement_id,kind\n", "line 1: it is no Settlement details report"],
    [text.replace(/,25\.00,(?!.*,25\.00,)/s, ",25.001,"), "line 3: an amount cannot be said"],
    [text.replace(/\n$/, "\nno,line\n"), "line 5: it has 2 fields"],
    [text.replace(/\n$/, '\n"never closed\n'), "line 5: a quote is not closed"],
    [text.replaceAll(MERCHANT_ACCOUNT, "Another"), `the report has no line of ${MERCHANT_ACCOUNT}`],
    // A line that came twice, and was paid out once.
    [written([...rows(), ...rows(), ...payoutRows(adyen.bank, rows())]), "it is not whole"],
  ];
  for (const [wrong, why] of broken) {
    await expect(reconcile(wrong)).rejects.toThrow(why.replace(/^it /, "the report "));
  }
  expect(await runs()).toEqual(before);
});

test("killed between any two slices it goes on, and has each effect once", async () => {
  const { adyen, aFile, api, at, given, paid, rows } = reports;
  const { reference } = await paid();
  const [line = {}] = rows();
  // Others' lines, more than are stored at once, and some of another account.
  const theirs = Array.from({ length: 12_000 }, (_none, index) => ({
    ...{ ...line, "Merchant Reference": `order ${String(index)}` },
    ...(index % 3 === 0 && { "Merchant Account": "AnotherShop" }),
  }));
  const all = [line, ...theirs, feeRow(adyen.bank, 180, at)];
  const file = await aFile(reportOf(adyen.bank, all));
  let told = 0;
  const killed = new Error("killed");
  // After the first lines are stored, and after the last ones.
  for (let times = 0; times < 2; times += 1) {
    told = 0;
    const tell = (): void => {
      told += 1;
      if (told === 2) throw killed;
    };
    await expect(reconcileReport(given({ tell }), file)).rejects.toBe(killed);
  }
  for (const point of ["reconcile.inside_transaction", "reconcile.after_slice"] as const) {
    crashOnceAt(point);
    await dying(reconcileReport(given(), file));
    expectCrashed(point);
  }
  const report = await reconcileReport(given(), file);
  expect(report).toMatchObject({ status: "COMPLETED", compared: 1, matched: 1, breaksFound: 0 });
  expect(report.lines).toBe(8_003 + 1 + 1);
  const ofRun = { run_id: report.id };
  const [payout] = await api.db("processor_payouts").where(ofRun);
  // A charge is two parts: its amount and its fee.
  expect(payout).toMatchObject({ line_count: 8_000 + 2 + 1, repeated: 0 });
  expect(await api.db("processor_payout_lines").where(ofRun).count()).toEqual([{ count: 8_003 }]);
  expect(await api.db("journals").where({ source_id: reference, kind: "fee" })).toHaveLength(1);
  expect(await api.db("payouts").where({ report_id: report.id })).toMatchObject([
    { amount: 2_465, line_count: 2 },
  ]);
  expect(await reconcileReport(given(), file)).toEqual(report);
});

test("two who read the same report at once store and compare it once", async () => {
  const { adyen, aFile, api, given, paid, rows } = reports;
  const { reference } = await paid();
  const file = await aFile(reportOf(adyen.bank, rows()));
  const both = await Promise.allSettled([
    reconcileReport(given(), file),
    reconcileReport(given(), file),
  ]);
  for (const one of both) {
    if (one.status === "rejected")
      expect(String(one.reason)).toContain("another process is reading");
  }
  const report = await reconcileReport(given(), file);
  expect(report).toMatchObject({ lines: 4, compared: 1, matched: 1, breaksFound: 0 });
  expect(await api.db("journals").where({ source_id: reference, kind: "fee" })).toHaveLength(1);
});

test("whatever another tenant's report says of our payments is that tenant's break, and changes nothing of ours", async () => {
  const { adyen, api, at, paid, reconcile, rows } = reports;
  const mine = await paid();
  const other = await aMerchant(api);
  const bank = { ...newBank("AnotherShop_ECOM", Date.now), payments: adyen.bank.payments };
  adyen.banks.set("AQE_of_another_shop", bank);
  const input = {
    ...{ ...INPUT, credentials: { apiKey: "AQE_of_another_shop" } },
    settings: { merchantAccount: bank.merchantAccount },
  };
  const { data, error } = await api.send({
    ...{ query: CONNECT_ACCOUNT, variables: { input, key: newKey() }, key: other.secretKey },
  });
  expect(error).toBeUndefined();
  const { id } = data.connectProcessorAccount.processorAccount as { id: string };
  const theirs = rows().map((row) => ({ ...row, "Merchant Account": bank.merchantAccount }));
  bank.movements.push(...adyen.bank.movements.slice(at.movementsFrom));
  expect(rowsOf(bank, { batch: at.batch })).toEqual(theirs);
  const account = {
    ...{ merchantId: other.id, processorAccountId: id, processor: "adyen" },
    externalAccountId: bank.merchantAccount,
  };
  // Ours are in the same file, and passed over.
  const text = reportOf(bank, [...rows(), ...theirs]);
  const report = await reconcile(text, { account });
  expect(report).toMatchObject({ merchantId: other.id, processorAccountId: id, compared: 1 });
  expect(await api.db("reconciliation_breaks").where({ report_id: report.id })).toMatchObject([
    {
      ...{ kind: "MISSING_HERE", merchant_id: other.id, processor_account_id: id },
      ...{ subject_id: mine.reference, payment_intent_id: null },
    },
  ]);
  expect(await api.db("attempts").where({ id: mine.reference }).first()).toMatchObject({
    fee: null,
  });
  expect(await api.db("payouts").where({ report_id: report.id })).toEqual([]);
  // Under our own account the same file has the line that is ours, and no more.
  expect(await reconcile(reportOf(adyen.bank, [...rows(), ...theirs]))).toMatchObject({
    ...{ compared: 1, matched: 1, breaksFound: 0 },
  });
});

test("what moved and is not known here yet waits, and agrees once it is told", async () => {
  const { adyen, api, breaksOf, lists, reportNow, tell } = reports;
  adyen.server.faults.push({ fault: "lose_answer" });
  const { reference } = await confirmedAtAdyen(api);
  const report = await reportNow();
  expect(await breaksOf(report)).toContain(`TIMING ${reference}`);
  await tell();
  await lists.seeTo();
  const [waited] = (await lists.rowsOf(reference)).filter(({ kind }) => kind === "TIMING");
  expect(waited).toMatchObject({ status: "RESOLVED", resolution: "CLOSED_ITSELF" });
});

test("that a report can be downloaded is acknowledged, and changes nothing", async () => {
  const { account, adyen, api } = reports;
  const inbox = () => api.db("inbox").count();
  const before = await inbox();
  const item: Notification = {
    pspReference: "settlement_detail_report_batch_4.csv",
    merchantReference: "",
    merchantAccountCode: MERCHANT_ACCOUNT,
    amount: { value: 0, currency: "EUR" },
    eventCode: "REPORT_AVAILABLE",
    success: "true",
    eventDate: new Date().toISOString(),
    reason: "https://ca-test.adyen.com/reports/download/x.csv",
    additionalData: {},
  };
  expect(adyen.bank.notifications).toEqual([]);
  const body = signed([item], HMAC_KEY);
  expect(await post(api, account, body)).toEqual({ status: 200, text: "[accepted]" });
  expect(await inbox()).toEqual(before);
});

test("from a terminal: the report of an account is compared, and found clean the second time", async () => {
  const { account, adyen, aFile, api, paid, rows } = reports;
  const { reference } = await paid();
  const all = rows().map((row) => ({ ...row, ...side("Gross", "GC", 2_600) }));
  const file = await aFile(reportOf(adyen.bank, all));
  const said: string[] = [];
  const command = async (...args: string[]): Promise<string> => {
    said.length = 0;
    const code = await runCommandLine(["ops", "reconcile", "--file", file, ...args], {
      environment: { DATABASE_URL: api.databaseUrl },
      out: (text) => (said.push(text), true),
      error: (text) => (said.push(text), true),
    });
    return `${String(code)} ${said.join("")}`;
  };
  expect(await command("--account", "pac_of_nobody")).toMatch(/^2 .*no processor account/s);
  expect(await command("--account", account.id, "--processor", "sandbox")).toMatch(/^2 /);
  expect(await command("--part")).toMatch(/^2 .*--account/s);
  const done = await command("--account", account.id, "--json");
  expect(done).toMatch(/^1 /);
  expect(JSON.parse(done.slice(done.indexOf("{")))).toMatchObject({
    ...{ status: "COMPLETED", processorAccountId: account.id },
  });
  expect(await reports.lists.rowsOf(reference)).toMatchObject([{ kind: "AMOUNT" }, {}]);
});
