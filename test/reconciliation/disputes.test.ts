import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { trialBalance } from "../../src/ledger/balance-store";
import type { NetworkDispute } from "../../src/audit/compare-disputes";
import { reconcileFile } from "../../src/reconciliation/reconcile-file";
import type { Report } from "../../src/reconciliation/report-store";
import { type TestApp, startTestApp } from "../support/app";
import { crashOnceAt, expectCrashed } from "../support/crash";
import { aDispute, chargeOf, decideAtNetwork, hearOf, openAtNetwork } from "../support/disputes";
import { aCapturedIntent, aMerchant } from "../support/factories";
import { listing, postingsOf } from "../support/processor-lists";

/** Disputes as the network's list and settlement file have them, against ours; its own books are compared at the end. */

let t: TestApp;
let lists: ReturnType<typeof listing>;
let merchantId: string;
let directory: string;
beforeAll(async () => {
  t = await startTestApp();
  lists = listing(t);
  merchantId = (await aMerchant(t)).id;
  directory = await mkdtemp(path.join(tmpdir(), "oncepay-disputes-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  await t.stop();
});

const HOUR_MS = 3_600_000;
const SAID = "a dispute of 1000 USD, with a fee of 1500";

async function theirFile(): Promise<string> {
  const [from, to] = [-HOUR_MS, HOUR_MS].map((ms) => new Date(Date.now() + ms).toISOString());
  return (await t.sandbox.get(`/v1/settlement?from=${String(from)}&to=${String(to)}`))
    .body as string;
}

async function reconcile(text: string): Promise<Report> {
  const file = path.join(directory, "settlement.csv");
  await writeFile(file, text);
  const processor = t.app.processors.get("sandbox");
  if (!processor) throw new Error("there is no sandbox");
  return reconcileFile({ db: t.app.db, processor, tell: () => undefined }, file);
}

const rowOf = (id: string) => t.db("disputes").where({ processor_dispute_id: id }).first();

test("the network's own list and file agree with what its webhooks told, step by step", async () => {
  for (const outcome of [undefined, "won", "lost"] as const) {
    const intent = await aCapturedIntent(t, merchantId);
    await aDispute(t, intent.id, { ...(outcome && { outcome }), reason: "general" });
  }
  expect(await lists.listAnew()).toBe(0);
  const report = await reconcile(await theirFile());
  expect(report).toMatchObject({ status: "COMPLETED", breaksFound: 0 });
  // Three charges, three openings and two ends.
  expect(report).toMatchObject({ lines: 8, compared: 8, matched: 8 });
  expect(await t.db("processor_disputes").where({ run_id: report.id })).toHaveLength(5);
});

test.each(["open", "won", "lost"] as const)(
  "a dispute that no webhook told of, and is %s, is found and taken for news, once",
  async (outcome) => {
    const intent = await aCapturedIntent(t, merchantId);
    const dispute = await openAtNetwork(t, intent.id);
    if (outcome !== "open") await decideAtNetwork(t, dispute, outcome);
    expect(await lists.listAnew()).toBe(1);
    expect(await lists.shown(dispute.id)).toEqual([`MISSING_HERE OPEN ${SAID}`]);
    crashOnceAt("reconcile.after_news");
    await lists.seeTo();
    expectCrashed("reconcile.after_news");
    expect(await rowOf(dispute.id)).toMatchObject({ status: outcome.toUpperCase() });
    await lists.seeTo();
    expect(await lists.shown(dispute.id)).toEqual([`MISSING_HERE RESOLVED CLOSED_ITSELF ${SAID}`]);
    const [found] = await lists.rowsOf(dispute.id);
    expect(await t.db("audit_log").where({ subject_id: found?.["id"] })).toMatchObject([
      { actor_kind: "SYSTEM", details: { reason: "policy", after: { status: "RESOLVED" } } },
    ]);
    expect(await rowOf(dispute.id)).toMatchObject({ fee: 1_500, reason: "FRAUDULENT" });
    const held = await t.db("payment_intents").where({ id: intent.id }).first();
    expect(Number(held.amount_disputed)).toBe(outcome === "won" ? 0 : 1_000);
    // Its webhook comes last, and is no news.
    const [news] = (await t.sandbox.disputes()).filter(({ id }) => id === dispute.id);
    expect(news && (await hearOf(t, news))).toBe("duplicate");
    expect(await lists.listAnew()).toBe(0);
    expect(await trialBalance(t.db, merchantId)).toMatchObject({ balanced: true });
  },
);

test("an end that no webhook told of is found and taken for news", async () => {
  const intent = await aCapturedIntent(t, merchantId);
  const dispute = await aDispute(t, intent.id);
  await decideAtNetwork(t, dispute, "lost");
  expect((await reconcile(await theirFile())).breaksFound).toBe(1);
  const state = "it is LOST there, and OPEN here";
  expect(await lists.shown(dispute.id)).toEqual([`STATE OPEN ${state}`]);
  await lists.seeTo();
  expect(await lists.shown(dispute.id)).toEqual([`STATE RESOLVED CLOSED_ITSELF ${state}`]);
  expect(await rowOf(dispute.id)).toMatchObject({ status: "LOST" });
});

test("it is left for a person where that is configured", async () => {
  const dispute = await openAtNetwork(t, (await aCapturedIntent(t, merchantId)).id);
  await lists.listAnew();
  await lists.seeTo({ missedDisputes: "leave" });
  await lists.seeTo();
  expect(await lists.rowsOf(dispute.id)).toMatchObject([{ status: "OPEN", next_at: null }]);
  expect(await rowOf(dispute.id)).toBeUndefined();
  await hearOf(t, dispute);
});

test("amounts, fees, currencies and ends that differ are breaks, and a fee has its correction", async () => {
  const known: NetworkDispute[] = [];
  for (const outcome of [undefined, undefined, undefined, undefined, "won"] as const) {
    const intent = await aCapturedIntent(t, merchantId);
    known.push(await aDispute(t, intent.id, outcome && { outcome }));
  }
  const [amount, more, less, currency, won] = known.map(({ id }) => id);
  const charge = String(known[3]?.reference);
  const nobodys = await openAtNetwork(t, (await aCapturedIntent(t, merchantId)).id);
  const changes: Record<string, (fields: string[]) => string[]> = {
    [String(amount)]: (fields) => fields.with(3, "900"),
    [String(more)]: (fields) => fields.with(5, "1600"),
    [String(less)]: (fields) => fields.with(5, "1400"),
    [String(currency)]: (fields) => fields.with(4, "EUR"),
    [nobodys.id]: (fields) => fields.with(6, "ref-of-nobody"),
  };
  const text = (await theirFile())
    .split("\n")
    .map((line) => {
      const fields = line.split(",");
      const id = fields[2] ?? "";
      const isWon = id === won && fields[0] === "dispute_won";
      const changed = isWon ? fields.with(0, "dispute_lost") : (changes[id]?.(fields) ?? fields);
      return /^dispute/.test(line) ? changed.join(",") : line;
    })
    .join("\n");
  const report = await reconcile(text);
  const rows = await t.db("reconciliation_breaks").where({ report_id: report.id });
  expect(rows.map((row) => `${row.kind} ${row.subject_id}: ${row.detail}`).toSorted()).toEqual(
    [
      `AMOUNT ${String(amount)}: 900 disputed there, and 1000 here`,
      `FEE ${String(more)}: a fee of 1600 for a dispute there, and of 1500 here`,
      `FEE ${String(less)}: a fee of 1400 for a dispute there, and of 1500 here`,
      `CURRENCY ${String(currency)}: EUR of ${charge} there, and USD of ${charge} here`,
      `STATE ${String(won)}: it is LOST there, and WON here`,
      `MISSING_HERE ${nobodys.id}: a dispute of what nothing here asked for, of 1000 USD, with a fee of 1500`,
    ].toSorted(),
  );
  expect(rows.map(({ next_at: next }) => next as unknown)).toEqual(rows.map(() => null));
  for (const [id, postings] of [
    [more, ["PROCESSING_FEES to PROCESSOR_RECEIVABLE 100 USD"]],
    [less, ["PROCESSOR_RECEIVABLE to PROCESSING_FEES 100 USD"]],
  ] as const) {
    const found = rows.find((row) => row.subject_id === id);
    const journal = await t.db("journals").where({ id: found.proposal.corrects }).first();
    expect(journal).toMatchObject({ kind: "dispute", merchant_id: merchantId });
    const posted = await lists.approve(merchantId, String(found.id));
    expect(await postingsOf(t, posted.journalId)).toEqual(postings);
  }
  await hearOf(t, nobodys);
  expect(await chargeOf(t, String((await rowOf(nobodys.id)).payment_intent_id))).toBe(
    nobodys.reference,
  );
});

test("a line of a dispute that cannot be true is not read", () => {
  const good = "dispute,mv,dsp_x,100,USD,15,ref,ch,general,,2026-01-01T00:00:00.000Z,";
  const read = t.app.processors.get("sandbox")?.settlementFormat?.readLine;
  expect(read?.(good)).toMatchObject({ dispute: { news: { status: "OPEN", amountMinor: 100 } } });
  for (const bad of [
    good.replace("100", "0"),
    good.replace("USD", "XXX"),
    good.replace("15", "-1"),
    good.replace("dispute,", "dispute_won,"),
    good.replace("2026-01-01T00:00:00.000Z,", ","),
    `${good}2026-01-01T00:00:00.000Z`,
    `${good},`,
  ]) {
    expect(() => read?.(bad)).toThrow("cannot be read");
  }
});
