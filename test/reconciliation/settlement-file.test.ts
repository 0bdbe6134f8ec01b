import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runCommandLine } from "../../src/cli/run-command-line";
import { newId } from "../../src/ids";
import { PLATFORM_MERCHANT_ID } from "../../src/merchants/api-key";
import { reconcileFile } from "../../src/reconciliation/reconcile-file";
import type { Report } from "../../src/reconciliation/report-store";
import { seeToBreaks } from "../../src/reconciliation/see-to-breaks";
import { type TestApp, startTestApp } from "../support/app";
import { aCapturedIntent, aMerchant, refundCommand } from "../support/factories";
import { refundPaymentIntent } from "../../src/payments/refund-payment-intent";
import { crashOnceAt, dying, expectCrashed } from "../support/crash";
import { PLANTED, fillBooks } from "../support/settlement-books";

/** Settlement files and lists of the sandbox network against the books; a real network, and a real database. */

let t: TestApp;
let merchantId: string;
let directory: string;
beforeAll(async () => {
  t = await startTestApp();
  merchantId = (await aMerchant(t)).id;
  directory = await mkdtemp(path.join(tmpdir(), "oncepay-settlement-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  await t.drain();
  await t.stop();
});

const HOUR_MS = 3_600_000;
const processor = () => {
  const found = t.app.processors.get("sandbox");
  if (!found) throw new Error("there is no sandbox");
  return found;
};

let files = 0;
async function aFile(text: string): Promise<string> {
  files += 1;
  const file = path.join(directory, `${String(files)}.csv`);
  await writeFile(file, text);
  return file;
}

/** What the network writes for the time around now: long enough that nothing of it is at the edge. */
async function theirFile(): Promise<string> {
  const [from, to] = [-HOUR_MS, HOUR_MS].map((ms) => new Date(Date.now() + ms).toISOString());
  return (await t.sandbox.get(`/v1/settlement?from=${String(from)}&to=${String(to)}`))
    .body as string;
}

async function reconcile(text: string): Promise<Report> {
  const file = await aFile(text);
  return reconcileFile({ db: t.app.db, processor: processor(), tell: () => undefined }, file);
}

const breaksOf = (report: Pick<Report, "id">) =>
  t.db("reconciliation_breaks").where({ report_id: report.id }).orderBy("kind");

const chargeOf = async (intentId: string): Promise<string> =>
  ((await t.db("attempts").where({ payment_intent_id: intentId }).first()) as { id: string }).id;

/** The line of a reference, changed. */
function changed(text: string, reference: string, change: (fields: string[]) => string[]): string {
  return text
    .split("\n")
    .map((line) => (line.includes(`,${reference},`) ? change(line.split(",")).join(",") : line))
    .join("\n");
}

const set = (at: number, value: string) => (fields: string[]) => fields.with(at, value);

test("the network's own file agrees with the books, line by line, and is compared once", async () => {
  const paid = await aCapturedIntent(t, merchantId, 2_500);
  await refundPaymentIntent(t.db, refundCommand(merchantId, paid.id, { amount: 700 }));
  await t.drain();
  const text = await theirFile();
  const report = await reconcile(text);
  expect(report).toMatchObject({ status: "COMPLETED", lines: 2, compared: 2, matched: 2 });
  expect(report).toMatchObject({ source: "SETTLEMENT_FILE", breaksFound: 0, breaksClosed: 0 });
  expect(await breaksOf(report)).toEqual([]);
  // Each line is kept, and leads to the attempt, and so to its journal.
  expect(await t.db("processor_lines").where({ run_id: report.id })).toHaveLength(2);
  expect(await reconcile(text)).toEqual(report);
});

test("each kind of break is found where it was planted, and nowhere else", async () => {
  const kinds = ["FEE", "AMOUNT", "CURRENCY", "STATE", "DUPLICATE", "MISSING_THERE", "TIMING"];
  const made: Record<string, string> = {};
  for (const kind of kinds) made[kind] = await chargeOf((await aCapturedIntent(t, merchantId)).id);
  // Declined here, and a line says that it moved; the outcome of another one is not known here yet.
  const damage = { TIMING: "UNKNOWN", STATE: "DECLINED" } as const;
  // Sent three days ago, and known since just now, by the word of an operator.
  const late = newId("attempt", Date.now() - 3 * 24 * HOUR_MS);
  const named = await chargeOf((await aCapturedIntent(t, merchantId)).id);
  await t.sandbox.charge("ref-of-nobody", { amount: 900 });
  let text = await theirFile();
  const ref = (kind: string) => made[kind] ?? "";
  text = changed(text, ref("FEE"), set(4, "61"));
  text = changed(text, ref("AMOUNT"), set(2, "1300"));
  text = changed(text, ref("CURRENCY"), set(3, "EUR"));
  const left = [ref("MISSING_THERE"), named];
  const lines = text
    .split("\n")
    .filter((line) => !left.some((reference) => line.includes(`,${reference},`)));
  const twice = lines.find((line) => line.includes(`,${ref("DUPLICATE")},`)) ?? "";
  const count = lines.filter((line) => /^[^,]+,(?:capture|refund)/.test(line)).length;
  text = [
    ...lines.slice(0, -2),
    twice,
    twice.replace(/^[^,]+/, "mv_again"),
    `end,${String(count + 2)}`,
    "",
  ].join("\n");
  const undo = new Error("undo");
  await t.db
    .transaction(async (tx) => {
      await tx.raw("set local session_replication_role = replica");
      for (const [kind, status] of Object.entries(damage)) {
        await tx("attempts")
          .where({ id: ref(kind) })
          .update({ status, settled_at: status === "UNKNOWN" ? null : tx.fn.now() });
      }
      const sent = new Date(Date.now() - 3 * 24 * HOUR_MS);
      await tx("attempts")
        .where({ id: named })
        .update({ id: late, created_at: sent, sent_at: sent });
      const file = await aFile(text);
      const db = tx as unknown as TestApp["db"];
      const report = await reconcileFile(
        { db, processor: processor(), tell: () => undefined },
        file,
      );
      const found = await tx("reconciliation_breaks")
        .where({ report_id: report.id })
        .orderBy("kind");
      const shown = found.map(
        ({ kind, subject_id: subject, detail }) => `${kind} ${subject}: ${detail}`,
      );
      expect(shown.toSorted()).toEqual(
        [
          `AMOUNT ${ref("AMOUNT")}: 1300 USD there, and 1000 here`,
          `CURRENCY ${ref("CURRENCY")}: EUR there, and USD here`,
          `DUPLICATE ${ref("DUPLICATE")}: it moved twice there, and once here`,
          `DUPLICATE ${ref("DUPLICATE")}: its line came twice`,
          `FEE ${ref("FEE")}: a fee of 61 USD there, and of 59 here`,
          "MISSING_HERE ref-of-nobody: nothing here asked for it: capture of 900 USD",
          `MISSING_THERE ${ref("MISSING_THERE")}: charge of 1000 USD has no line`,
          `STATE ${ref("STATE")}: it moved there, and is DECLINED here`,
          `TIMING ${late}: charge of 1000 USD has no line yet; the next statement may have it`,
          `TIMING ${ref("TIMING")}: it moved there, and its outcome is not known here yet`,
        ].toSorted(),
      );
      const fee = found.find(({ kind }) => kind === "FEE");
      expect(fee).toMatchObject({ merchant_id: merchantId, currency: "USD", processor: "sandbox" });
      expect(fee?.proposal).toEqual({
        corrects: expect.stringMatching(/^jrn_/),
        postings: [{ debit: "PROCESSING_FEES", credit: "PROCESSOR_RECEIVABLE", amount: 2 }],
      });
      const ghost = found.find(({ kind }) => kind === "MISSING_HERE");
      expect(ghost?.merchant_id).toBe(PLATFORM_MERCHANT_ID);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  await t.sandbox.reverse("ref-of-nobody");
});

test("what the next statement may have is a matter of timing; what two do not have is missing, until it comes", async () => {
  const charge = await chargeOf((await aCapturedIntent(t, merchantId)).id);
  const other = await chargeOf((await aCapturedIntent(t, merchantId)).id);
  // A period that has just ended: its movement may be in the next one.
  const [from, to] = [-HOUR_MS, 60_000].map((ms) => new Date(Date.now() + ms).toISOString());
  const header = `settlement,1,st_first,${String(from)},${String(to)}\n`;
  const first = await reconcile(`${header}end,0\n`);
  const timing = (id = charge) => t.db("reconciliation_breaks").where({ subject_id: id });
  expect(await timing()).toMatchObject([{ kind: "TIMING", status: "OPEN", report_id: first.id }]);
  const due = { next_at: new Date() };
  await t.db("reconciliation_breaks").where({ subject_id: other }).update(due);
  await seeToBreaks(t.app);
  expect(
    (await timing(other).orderBy("id")).map(({ kind, status }) => `${kind} ${status}`),
  ).toEqual(["TIMING RESOLVED", "MISSING_THERE OPEN"]);
  const whole = await theirFile();
  const second = await reconcile(whole);
  expect(second.breaksClosed).toBeGreaterThan(0);
  expect(await timing()).toMatchObject([{ status: "RESOLVED", resolution: "CLOSED_ITSELF" }]);
  expect(await timing(other).whereNot({ status: "RESOLVED" })).toEqual([]);
  await t
    .db("reconciliation_breaks")
    .whereNot({ status: "RESOLVED" })
    .update({
      ...{ status: "RESOLVED", resolution: "DISMISSED", explanation: "of the test" },
      ...{ resolved_at: new Date(), next_at: null },
    });
});

test("a file that is cut short is refused, and gone on with where it was when it is whole", async () => {
  const from = "2026-01-01T00:00:00.000Z";
  const line = (n: number) =>
    `mv_${String(n)},capture,100,USD,0,ref_${String(n)},ch_${String(n)},${from}\n`;
  const lines = Array.from({ length: 12_000 }, (_, n) => line(n)).join("");
  const header = `settlement,1,st_cut,${from},2026-01-02T00:00:00.000Z\n`;
  const cut = `${header}${lines.slice(0, Math.floor(lines.length * 0.9))}`;
  await expect(reconcile(cut)).rejects.toThrow(/cannot be read|not whole/);
  const kept = () => t.db("reconciliation_runs").where({ statement: "st_cut" }).first();
  const { lines: stored, position, status } = await kept();
  expect({ stored: Number(stored), status }).toEqual({ stored: 10_000, status: "LOADING" });
  expect(Number(position)).toBe(
    header.length + lines.split("\n").slice(0, 10_000).join("\n").length + 1,
  );
  await expect(reconcile(`${header}${lines}end,11999\n`)).rejects.toThrow("and has 12000");
  await expect(reconcile(`${header}${lines}mv,capture\n`)).rejects.toThrow("cannot be read");
  expect(Number((await kept()).lines)).toBe(10_000);
  await expect(reconcile("movement,kind\n")).rejects.toThrow("no settlement file");
});

test("some thousand lines with planted breaks of every kind: each found, and no others", async () => {
  const wanted = await fillBooks(t.db, { directory, lines: 6_000, planted: 20 });
  const given = { db: t.app.db, processor: processor(), tell: () => undefined };
  const POINTS = ["reconcile.inside_transaction", "reconcile.after_slice"] as const;
  // Each step is cut off before its commit and after it, and gone on with.
  for (let step = 0; step < 4; step += 1) {
    const point = POINTS[step % 2] ?? POINTS[0];
    crashOnceAt(point);
    await dying(reconcileFile(given, wanted.file));
    expectCrashed(point);
  }
  const report = await reconcileFile(given, wanted.file);
  expect(report).toMatchObject({ status: "COMPLETED", lines: wanted.lines });
  const rows = await t.db("reconciliation_breaks").where({ report_id: report.id });
  const found = rows.map(({ kind, subject_id: subject }) => `${String(kind)} ${String(subject)}`);
  expect(found.toSorted()).toEqual(wanted.breaks.toSorted());
  expect(new Set(rows.map(({ kind }) => kind as string))).toEqual(new Set(PLANTED));
  await wanted.remove();
});

test("from a terminal: a file is compared, said of, and found clean the second time", async () => {
  await aCapturedIntent(t, merchantId);
  const file = await aFile(await theirFile());
  const said: string[] = [];
  let name = ["reconcile"];
  const command = async (...args: string[]): Promise<string> => {
    said.length = 0;
    const code = await runCommandLine([...name, ...args], {
      environment: { DATABASE_URL: t.databaseUrl },
      out: (text) => (said.push(text), true),
      error: (text) => (said.push(text), true),
    });
    return `${String(code)} ${said.join("")}`;
  };
  expect(await command()).toMatch(/^2 .*--file/s);
  name = ["ops", "reconcile"];
  expect(await command("--file", file, "--processor", "nobody")).toMatch(/^2 /);
  const done = await command("--file", file, "--json");
  expect(JSON.parse(done.slice(done.indexOf("{")))).toMatchObject({ status: "COMPLETED" });
  expect(await readFile(file, "utf8")).toContain("settlement,1,");
  const [entry] = await t.db("audit_log").where({ operation: "reconcile" });
  expect(entry).toMatchObject({ action: "COMMAND", merchant_id: PLATFORM_MERCHANT_ID });
});
