import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { trialBalance } from "../../src/ledger/balance-store";
import { reconcileFile } from "../../src/reconciliation/reconcile-file";
import type { Report } from "../../src/reconciliation/report-store";
import { type TestApp, startTestApp } from "../support/app";
import {
  aConfirmedIntent,
  aMerchant,
  aSettledIntent,
  captureCommand,
  succeeded,
} from "../support/factories";
import { capturePaymentIntent } from "../../src/payments/capture-payment-intent";

/** Fees in a currency of their own, and fees that only the settlement file tells: a real network, and a real database. */

let t: TestApp;
let directory: string;
beforeAll(async () => {
  t = await startTestApp();
  directory = await mkdtemp(path.join(tmpdir(), "oncepay-fees-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  await t.stop();
});

const HOUR_MS = 3_600_000;
let statements = 0;

async function theirFile(): Promise<string> {
  statements += 1;
  const edge = HOUR_MS + statements;
  const [from, to] = [-edge, edge].map((ms) => new Date(Date.now() + ms).toISOString());
  return (await t.sandbox.get(`/v1/settlement?from=${String(from)}&to=${String(to)}`))
    .body as string;
}

async function reconcile(text: string, tell: () => void = () => undefined): Promise<Report> {
  const file = path.join(directory, "settlement.csv");
  await writeFile(file, text);
  const processor = t.app.processors.get("sandbox");
  if (!processor) throw new Error("there is no sandbox");
  return reconcileFile({ db: t.app.db, processor, tell }, file);
}

/** What was posted as fees, in the order of journals' kinds. */
async function feesOf(merchantId: string): Promise<string[]> {
  const { rows } = await t.db.raw<{ rows: { fee: string }[] }>(
    `select j.kind || ' ' || p.amount || ' ' || p.currency as fee
     from journals j
     join postings p on p.merchant_id = j.merchant_id and p.journal_id = j.id
     join ledger_accounts a on a.merchant_id = p.merchant_id and a.id = p.debit_account_id
     where j.merchant_id = ? and a.kind = 'PROCESSING_FEES' order by 1`,
    [merchantId],
  );
  return rows.map(({ fee }) => fee);
}

const breaksOf = async (report: Report) =>
  (await t.db("reconciliation_breaks").where({ report_id: report.id }).orderBy("kind")).map(
    ({ kind, detail }) => `${String(kind)}: ${String(detail)}`,
  );

const paid = (merchantId: string, currency: string, paymentMethod: string) =>
  aSettledIntent(t, merchantId, { amount: 1_000, currency, paymentMethod });

async function expectBalanced(merchantId: string): Promise<void> {
  expect(await trialBalance(t.db, merchantId)).toMatchObject({ balanced: true });
}

test.each(["JPY", "USD", "KWD"])("of a payment in %s, in euros", async (currency) => {
  const { id: merchantId } = await aMerchant(t);
  await paid(merchantId, currency, "pm_card_feeInEuros");
  await paid(merchantId, "EUR", "pm_card_feeInEuros");
  expect(await feesOf(merchantId)).toEqual(["capture 59 EUR", "fee 59 EUR"]);
  const attempts = await t.db("attempts").where({ merchant_id: merchantId }).orderBy("id");
  expect(attempts.map(({ fee, fee_currency: of }) => [fee, of])).toEqual([
    [59, "EUR"],
    [59, null],
  ]);
  const report = await reconcile(await theirFile());
  expect(await breaksOf(report)).toEqual([]);
  await expectBalanced(merchantId);
});

test.each(["JPY", "USD", "KWD"])("of a payment in %s, told by the file alone", async (currency) => {
  const { id: merchantId } = await aMerchant(t);
  await paid(merchantId, currency, "pm_card_feeLater");
  const held = await aSettledIntent(t, merchantId, {
    ...{ amount: 2_000, currency, paymentMethod: "pm_card_feeLater" },
    captureMethod: "MANUAL",
  });
  const command = captureCommand(merchantId, held.id, { amount: 1_500 });
  succeeded(await capturePaymentIntent(t.app.db, command));
  await t.drain();
  expect(await feesOf(merchantId)).toEqual([]);
  // Killed before each commit after the first, and read again.
  const file = await theirFile();
  for (let done = false; !done;) {
    let commits = 0;
    const tell = () => {
      commits += 1;
      if (commits > 1) throw new Error("killed");
    };
    const report = await reconcile(file, tell).catch(() => undefined);
    done = report?.status === "COMPLETED";
    if (report) expect(await breaksOf(report)).toEqual([]);
  }
  const fees = [`fee 59 ${currency}`, `fee 74 ${currency}`];
  expect(await feesOf(merchantId)).toEqual(fees);
  const again = await reconcile(await theirFile());
  expect(again.matched).toBe(again.compared);
  expect(await breaksOf(again)).toEqual([]);
  expect(await feesOf(merchantId)).toEqual(fees);
  await expectBalanced(merchantId);
});

test("told late and in another currency, and then otherwise", async () => {
  const { id: merchantId } = await aMerchant(t);
  const { id } = await paid(merchantId, "USD", "pm_card_feeLater");
  const attempt = (await t.db("attempts").where({ payment_intent_id: id }).first()) as {
    id: string;
  };
  const told = (fee: string, currency: string) => async () =>
    (await theirFile())
      .split("\n")
      .map((line) =>
        line.includes(`,${attempt.id},`)
          ? line.split(",").with(4, fee).with(8, currency).join(",")
          : line,
      )
      .join("\n");
  expect(await breaksOf(await reconcile(await told("55", "EUR")()))).toEqual([]);
  expect(await feesOf(merchantId)).toEqual(["fee 55 EUR"]);
  expect(await breaksOf(await reconcile(await told("56", "EUR")()))).toEqual([
    "FEE: a fee of 56 EUR there, and of 55 here",
  ]);
  const other = await reconcile(await told("55", "")());
  expect(await breaksOf(other)).toEqual(["FEE: a fee of 55 USD there, and of 55 EUR here"]);
  const [found] = await t.db("reconciliation_breaks").where({ report_id: other.id });
  // No journal could correct it: it would cross currencies.
  expect(found).toMatchObject({ merchant_id: merchantId, proposal: null });
  expect(await feesOf(merchantId)).toEqual(["fee 55 EUR"]);
  await expectBalanced(merchantId);
});

test.each([
  ["pm_card_visa", "USD"],
  ["pm_card_feeInEuros", "EUR"],
  ["pm_card_feeLater", "USD"],
])("of a charge that came too late and was given back: %s", async (source, currency) => {
  const { id: merchantId } = await aMerchant(t);
  const intent = await aConfirmedIntent(t, merchantId);
  const its = t.db("attempts").where({ payment_intent_id: intent.id, operation: "charge" });
  const { id: attemptId }: { id: string } = await its.first();
  const about = { merchantId, attemptId, paymentIntentId: intent.id, source: "test" };
  const no = { kind: "declined", code: "card_declined", message: "no", hard: true } as const;
  await t.app.settleAttempt({ ...about, outcome: no });
  await t.sandbox.charge(attemptId, { source });
  const isTold = source !== "pm_card_feeLater";
  const fees = [`fee 59 ${currency}`];
  for (let heard = 0; heard < 2; heard += 1) {
    const { body } = await t.sandbox.lookUp(attemptId);
    await t.app.settleAttempt({
      ...about,
      outcome: {
        ...{ kind: "approved", processorChargeId: body.charge_id, amountMinor: body.amount },
        feeMinor: body.fee,
        ...(body.fee_currency !== undefined && { feeCurrency: body.fee_currency }),
      },
    });
    expect(await feesOf(merchantId)).toEqual(isTold ? fees : []);
  }
  await t.drain();
  const moved = await t.sandbox.movements(attemptId);
  expect(moved.map(({ kind }) => kind)).toEqual(["capture", "reverse"]);
  // The network keeps it all the same, and its file says so.
  await reconcile(await theirFile());
  expect(await feesOf(merchantId)).toEqual(fees);
  await reconcile(await theirFile());
  expect(await feesOf(merchantId)).toEqual(fees);
  expect(await t.db("reconciliation_breaks").where({ subject_id: attemptId })).toEqual([]);
  expect(await balanceOf(merchantId, "SUSPENSE")).toBe(0);
  await expectBalanced(merchantId);
});

test("of a charge that was undone by its reference before anybody heard of it", async () => {
  const { id: merchantId } = await aMerchant(t);
  const intent = await aConfirmedIntent(t, merchantId);
  const { id: attemptId }: { id: string } = await t
    .db("attempts")
    .where({ payment_intent_id: intent.id })
    .first();
  await t.sandbox.charge(attemptId);
  await t.sandbox.reverse(attemptId);
  const about = { merchantId, attemptId, paymentIntentId: intent.id, source: "test" };
  const no = { kind: "declined", code: "card_declined", message: "no", hard: true } as const;
  await t.app.settleAttempt({ ...about, outcome: no });
  await reconcile(await theirFile());
  expect(await feesOf(merchantId)).toEqual(["fee 59 USD"]);
  // The network's first word arrives last: its fee is posted already.
  await t.app.settleAttempt({
    ...about,
    outcome: { kind: "approved", processorChargeId: "ch_1", amountMinor: 1_000, feeMinor: 59 },
  });
  await t.drain();
  expect(await feesOf(merchantId)).toEqual(["fee 59 USD"]);
  expect(await t.db("reconciliation_breaks").where({ subject_id: attemptId })).toEqual([]);
  expect(await balanceOf(merchantId, "SUSPENSE")).toBe(0);
  await expectBalanced(merchantId);
});

async function balanceOf(merchantId: string, kind: string): Promise<number> {
  const { rows } = await t.db.raw<{ rows: { balance: string }[] }>(
    `select coalesce(sum(case when p.credit_account_id = a.id then p.amount else -p.amount end), 0)
       as balance
     from ledger_accounts a
     join postings p on p.merchant_id = a.merchant_id
       and a.id in (p.debit_account_id, p.credit_account_id) and not p.pending
     where a.merchant_id = ? and a.kind = ?`,
    [merchantId, kind],
  );
  return Number(rows[0]?.balance);
}

test("a file from before fees had a currency is read as it was", async () => {
  const { id: merchantId } = await aMerchant(t);
  const { id } = await paid(merchantId, "USD", "pm_card_visa");
  const text = (await theirFile())
    .split("\n")
    .map((line) => (line.split(",").length === 9 ? line.slice(0, line.lastIndexOf(",")) : line));
  const report = await reconcile(text.join("\n"));
  expect(report.status).toBe("COMPLETED");
  const its = t.db("attempts").where({ payment_intent_id: id }).select("id");
  expect(await t.db("processor_lines").whereIn("reference", its)).toMatchObject([
    { run_id: report.id, fee: 59, fee_currency: null },
  ]);
  expect(await t.db("reconciliation_breaks").whereIn("subject_id", its)).toEqual([]);
});
