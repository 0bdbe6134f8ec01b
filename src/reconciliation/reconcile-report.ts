import { type FileHandle, open } from "node:fs/promises";
import { type Db, type Statement, run } from "../db/db";
import type { ReportFormat, ReportLine } from "../processors/report";
import { inLetters } from "../security/in-letters";
import { compareNext } from "./compare-run";
import { type FileLines, countLines, noLines } from "./file-lines";
import { storeLines } from "./reconcile-file";
import type { Report } from "./report-store";
import { beginRun } from "./run-store";
import {
  type Batch,
  type ReadingOf,
  type Survey,
  batchOf,
  readReport,
  surveyReport,
} from "./survey-report";

/*
 * Guarantees: the report of a merchant's account is compared with the attempts of that account and with no others; lines of
 * other accounts are passed over. It is read twice: first to see that it is sound and whole (survey-report.ts), then to
 * store its lines, so many at a time, with the byte up to which they go in the same commit. A report is the same by its
 * bytes: once it is compared, nothing is done again, and one that was killed goes on.
 *
 * Nothing is missing in it: it names no period. What is paid out is told for each batch and currency with one payout whose
 * lines are all there; of others nothing is told as paid out.
 *
 * Memory: so many lines as are stored at once. Cost: two readings, a round trip for each of those, and those of
 * compare-run.ts.
 */

const LINES_AT_ONCE = 5_000;

interface ReportAccount {
  readonly merchantId: string;
  readonly processorAccountId: string;
  readonly processor: string;
  /** The processor's name of it. */
  readonly externalAccountId: string;
}

export interface ReportRun {
  readonly db: Db;
  readonly account: ReportAccount;
  readonly format: ReportFormat;
  /** It is known to be a part of a report: what does not come to nothing is told as paid out by another one. */
  readonly isPart?: boolean;
  /** Told after each commit. */
  readonly tell: (report: Report, bytes: number) => void;
}

export async function reconcileReport(given: ReportRun, path: string): Promise<Report> {
  const { db, account, format, isPart = false, tell } = given;
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const of = { format, account: account.externalAccountId };
    const survey = await surveyReport(file, of, { isPart });
    let report = await begin(db, account, survey);
    tell(report, size);
    if (report.status === "LOADING") report = await load(given, report, { file, of, survey, size });
    while (report.status !== "COMPLETED") {
      report = await compareNext(db, report.id);
      tell(report, size);
    }
    return report;
  } finally {
    await file.close();
  }
}

function begin(
  db: Db,
  account: ReportAccount,
  { digest, from, to, batches }: Survey,
): Promise<Report> {
  const { merchantId, processorAccountId, processor } = account;
  const numbers = new Set([...batches.values()].map(({ batch }) => batch));
  const [first = ""] = numbers;
  const name = numbers.size === 1 ? `batch ${first}` : `${String(numbers.size)} batches`;
  return beginRun(db, {
    source: "SETTLEMENT_FILE",
    ...{ merchantId, processorAccountId, processor },
    statement: `${name} ${inLetters(digest)}`,
    periodFrom: from,
    // A period ends before its end.
    periodTo: new Date(Date.parse(to) + 1_000).toISOString(),
  });
}

async function load(
  { db, tell }: ReportRun,
  begun: Report,
  from: {
    readonly file: FileHandle;
    readonly of: ReadingOf;
    readonly survey: Survey;
    readonly size: number;
  },
): Promise<Report> {
  const { file, of, survey, size } = from;
  const start = Number(begun.position);
  let report = begun;
  let lines = noLines();
  let last = start;
  const store = async (status: Report["status"]): Promise<void> => {
    report = await storeLines(db, report, { lines, status, end: last });
    lines = noLines();
    tell(report, size);
  };
  for await (const { number, line, end } of readReport(file, of)) {
    // Read for its number alone: it is stored.
    if (end <= start || !line) continue;
    addLine(lines, line, { number, batch: survey.batches.get(batchOf(line)) });
    last = end;
    if (countLines(lines) >= LINES_AT_ONCE) await store("LOADING");
  }
  await store("COMPARING");
  return report;
}

/** A line is so many parts at most. */
const PARTS_MAX = 2;

function addLine(
  lines: FileLines,
  line: ReportLine,
  { number, batch }: { readonly number: number; readonly batch: Batch | undefined },
): void {
  if (line.movement) lines.movements.push(line.movement);
  if (line.dispute) lines.disputes.push(line.dispute);
  const [payoutId, ...others] = batch?.payouts ?? [];
  if (!batch || payoutId === undefined || others.length > 0 || batch.sum !== 0n) return;
  if (line.payoutId === undefined) {
    for (const [at, part] of line.parts.entries()) {
      lines.payoutLines.push({ ...part, payoutId, line: number * PARTS_MAX + at });
    }
    return;
  }
  const { at, currency, netMinor } = line;
  lines.payouts.push({
    ...{ payoutId, status: "PAID", currency, arrivesAt: at, changedAt: at, lines: batch.parts },
    // What leaves the balance.
    amountMinor: -netMinor,
  });
}

const FIND_ACCOUNT: Statement = {
  name: "find_account_of_report",
  text: `
    select p.merchant_id as "merchantId", p.id as "processorAccountId",
      p.processor as "processor", p.external_account_id as "externalAccountId"
    from processor_accounts p where p.id = ?`,
};

/** Of any merchant: who may read the database says whose report it is. */
export async function findReportAccount(db: Db, id: string): Promise<ReportAccount | undefined> {
  const [found] = await run<ReportAccount>(db, FIND_ACCOUNT, [id]);
  return found;
}
