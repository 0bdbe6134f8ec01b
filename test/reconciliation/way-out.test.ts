import { takeBalanceSnapshots } from "../../src/ledger/take-balance-snapshots";
import { trialBalance } from "../../src/ledger/balance-store";
import type { Log } from "../../src/observability/log";
import { proveBooks } from "../../src/reconciliation/prove-books";
import { type TestApp, startTestApp } from "../support/app";
import { aBreak } from "../support/breaks";
import { aCapturedIntent, aMerchant } from "../support/factories";
import { chargeOf } from "../support/disputes";
import { listing, postingsOf } from "../support/processor-lists";

/** What an approved correction has put into suspense, and how it comes out again: when somebody approves that, too. */

let t: TestApp;
let lists: ReturnType<typeof listing>;
beforeAll(async () => {
  t = await startTestApp({ ONCEPAY_DUPLICATE_MOVEMENTS: "leave" });
  lists = listing(t);
});
afterAll(async () => {
  await t.drain();
  await t.stop();
});

const log = { error: () => undefined } as unknown as Log;

/** Of whatever has been posted, however young it is. */
async function prove(): Promise<void> {
  await takeBalanceSnapshots(t.db, { limit: 100, postingsMin: 1_000, marginMs: 0 });
  const clearedWithin = { suspense: 0, disputes: 2_880, payouts: 48 };
  while ((await proveBooks({ db: t.app.db, log }, { everyMs: 0, clearedWithin })).more);
}

interface Corrected {
  readonly merchantId: string;
  readonly reference: string;
  readonly journalId: string;
}

/** A charge of 1000, and a difference of so much, which was posted to suspense. */
async function corrected(difference: number): Promise<Corrected> {
  const { id: merchantId } = await aMerchant(t);
  const reference = await chargeOf(t, (await aCapturedIntent(t, merchantId)).id);
  const [debit, credit] = ["PROCESSOR_RECEIVABLE", "SUSPENSE"] as const;
  const amount = Math.abs(difference);
  const posting = difference > 0 ? { debit, credit } : { debit: credit, credit: debit };
  const breakId = await aBreak(t.db, merchantId, {
    ...{ kind: "AMOUNT", subjectId: reference, detail: `${String(difference)} more there` },
    proposal: { corrects: null, postings: [{ ...posting, amount }] },
  });
  const result = await lists.approve(merchantId, breakId);
  return { merchantId, reference, journalId: String(result.journalId) };
}

const uncleared = async (reference: string) =>
  (await lists.rowsOf(reference)).filter(({ kind }) => kind === "UNCLEARED");

async function balances(merchantId: string): Promise<Record<string, number>> {
  const { rows } = await t.db.raw<{ rows: { kind: string; balance: string }[] }>(
    `select a.kind, sum(case when p.debit_account_id = a.id then p.amount else -p.amount end) as balance
     from ledger_accounts a
     join postings p on p.merchant_id = a.merchant_id
       and a.id in (p.debit_account_id, p.credit_account_id) and not p.pending
     where a.merchant_id = ? group by a.kind`,
    [merchantId],
  );
  return Object.fromEntries(rows.map(({ kind, balance }) => [kind, Number(balance)]));
}

test.each([
  ["too much", 300, "SUSPENSE to MERCHANT_BALANCE 300 USD", -1_300],
  ["too little", -300, "MERCHANT_BALANCE to SUSPENSE 300 USD", -700],
])("%s there becomes the merchant's when somebody says so", async (_what, by, posting, owed) => {
  const { merchantId, reference, journalId } = await corrected(by);
  await prove();
  const [found] = await uncleared(reference);
  expect(found).toMatchObject({ status: "OPEN", proposal: { corrects: journalId } });
  // Nothing is posted by itself, and nothing else is proposed after an hour.
  await lists.seeTo();
  await prove();
  expect(await uncleared(reference)).toMatchObject([{ status: "OPEN" }]);
  expect((await balances(merchantId))["SUSPENSE"]).toBe(-by);
  const result = await lists.approve(merchantId, found?.["id"]);
  expect(await postingsOf(t, result.journalId)).toEqual([posting]);
  const [journal] = await t.db("journals").where({ id: result.journalId });
  expect(journal).toMatchObject({ kind: "correction", corrects_journal_id: journalId });
  expect(await balances(merchantId)).toMatchObject({ SUSPENSE: 0, MERCHANT_BALANCE: owed });
  await prove();
  expect(await t.db("clearing_items").where({ merchant_id: merchantId })).toEqual([]);
  expect(await uncleared(reference)).toMatchObject([{ resolution: "CORRECTED" }]);
  expect(await trialBalance(t.db, merchantId)).toMatchObject({ balanced: true });
});

test("what the processor takes back afterwards is no longer with it, and that is proposed instead", async () => {
  const { id: merchantId } = await aMerchant(t);
  const reference = await chargeOf(t, (await aCapturedIntent(t, merchantId)).id);
  await t.sandbox.charge(reference);
  await lists.listAnew();
  const [duplicate] = await lists.rowsOf(reference);
  const posted = await lists.approve(merchantId, duplicate?.["id"]);
  await prove();
  const [first] = await uncleared(reference);
  expect(first?.["proposal"]).toMatchObject({
    postings: [{ debit: "SUSPENSE", credit: "MERCHANT_BALANCE", amount: 1_000 }],
  });
  const [, second] = await t.sandbox.movements(reference);
  await t.sandbox.post(`/v1/movements/${String(second?.id)}/reverse`, { reference });
  await lists.listAnew();
  await lists.seeTo();
  const [, other] = await uncleared(reference);
  expect(await uncleared(reference)).toMatchObject([
    { status: "RESOLVED", resolution: "CLOSED_ITSELF" },
    { status: "OPEN", detail: expect.stringMatching(/, and the processor has taken it back$/) },
  ]);
  const result = await lists.approve(merchantId, other?.["id"]);
  expect(await postingsOf(t, result.journalId)).toEqual([
    "SUSPENSE to PROCESSOR_RECEIVABLE 1000 USD",
  ]);
  expect(await balances(merchantId)).toMatchObject({ SUSPENSE: 0, MERCHANT_BALANCE: -1_000 });
  // In a file of its own, what took it back is no news about what stands.
  await t.db("processor_lines").where({ reference }).whereNot({ kind: "reverse" }).delete();
  await t
    .db("reconciliation_runs")
    .where({ source: "PROCESSOR_LIST" })
    .update({ status: "COMPARING", position: "", finished_at: null });
  await lists.goOn();
  expect((await lists.rowsOf(reference)).filter(({ kind }) => kind === "STATE")).toEqual([]);
  // What was released is no correction of the charge: it agrees.
  expect(posted.journalId).not.toBeNull();
  expect(await lists.listAnew()).toBe(0);
  expect((await lists.shown(reference)).filter((text) => !text.includes("RESOLVED"))).toEqual([]);
});

test("a way out of what has left suspense otherwise is refused", async () => {
  const { merchantId, reference, journalId } = await corrected(300);
  await prove();
  const [found] = await uncleared(reference);
  const back = await aBreak(t.db, merchantId, {
    ...{ kind: "AMOUNT", subjectId: reference, detail: "300 less there again" },
    proposal: {
      corrects: journalId,
      postings: [{ debit: "SUSPENSE", credit: "PROCESSOR_RECEIVABLE", amount: 300 }],
    },
  });
  await lists.approve(merchantId, back);
  await expect(lists.approve(merchantId, found?.["id"])).rejects.toMatchObject({
    code: "INVALID_STATE",
    details: { because: "What is in suspense is not what it was." },
  });
  await prove();
  expect(await uncleared(reference)).toMatchObject([{ resolution: "CLOSED_ITSELF" }]);
});
