import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { isWhole } from "../processors/csv";
import type { ReadReportLine, ReportFormat, ReportLine } from "../processors/report";
import { readLines } from "./read-lines";

/*
 * The first reading of an account's report, which stores nothing: every line can be read, every batch comes to nothing
 * with what was paid out of it, and there is one line at least of the account. So a report that is cut off, or another
 * account's, is refused before anything is known of it here.
 *
 * Cost: one reading of the file. Memory: an entry for each batch and currency.
 */

const BATCHES_MAX = 10_000;

/** What belongs together: the lines of one batch in one currency. */
export interface Batch {
  readonly batch: string;
  readonly currency: string;
  /** Exact beyond what an amount may be. */
  sum: bigint;
  /** How many parts its lines are in a payout. */
  parts: number;
  /** By their names; more than one, and nobody knows which line is in which. */
  readonly payouts: Set<string>;
}

export interface Survey {
  /** Of all of the file. */
  readonly digest: string;
  readonly from: string;
  readonly to: string;
  readonly batches: ReadonlyMap<string, Batch>;
}

interface ReportRecord {
  /** Where it stands in the file, from 1; the first line names the columns. */
  readonly number: number;
  readonly line: ReportLine | undefined;
  /** The byte after it. */
  readonly end: number;
}

export interface ReadingOf {
  readonly format: ReportFormat;
  /** By the processor's name of it. */
  readonly account: string;
}

/** Every record after the first line, in order. Throws what cannot be read, with the number of its line. */
export async function* readReport(
  file: FileHandle,
  { format, account }: ReadingOf,
): AsyncGenerator<ReportRecord, undefined> {
  let read: ReadReportLine | undefined;
  let number = 0;
  let open = "";
  for await (const { text, end } of readLines(file, 0)) {
    number += 1;
    const record = open === "" ? text : `${open}\n${text}`;
    // A line break within quotes ends no record.
    open = isWhole(record) || record.length > RECORD_MAX ? "" : record;
    if (open !== "" || record === "") continue;
    const line = said(number, () => {
      if (read) return read(record, account);
      read = format.readHeader(record);
      return undefined;
    });
    if (number > 1) yield { number, line, end };
  }
  if (open !== "")
    throw new Error(`line ${String(number)}: a quote is not closed; it is not whole`);
  if (!read) throw new Error("the report is empty");
  return undefined;
}

const RECORD_MAX = 256 * 1024;

function said<Result>(number: number, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const why = error instanceof Error ? error.message : "it cannot be read";
    throw new Error(`line ${String(number)}: ${why}`, { cause: error });
  }
}

export async function surveyReport(
  file: FileHandle,
  of: ReadingOf,
  { isPart }: { readonly isPart: boolean },
): Promise<Survey> {
  const batches = new Map<string, Batch>();
  let from: string | undefined;
  let to = "";
  for await (const { line } of readReport(file, of)) {
    if (!line) continue;
    add(batches, line);
    if (from === undefined || line.at < from) from = line.at;
    if (line.at > to) to = line.at;
  }
  if (from === undefined) throw new Error(`the report has no line of ${of.account}`);
  const open = [...batches.values()].find(({ sum }) => sum !== 0n);
  if (open && !isPart) {
    const { batch, currency, sum } = open;
    throw new Error(
      `the report is not whole: batch ${batch} comes to ${String(sum)} ${currency} in minor units, and not to nothing`,
    );
  }
  return { digest: await digestOf(file), from, to, batches };
}

/** As a key of `batches`. */
export function batchOf({ batch, currency }: Pick<ReportLine, "batch" | "currency">): string {
  return `${batch} ${currency}`;
}

function add(batches: Map<string, Batch>, line: ReportLine): void {
  const key = batchOf(line);
  let batch = batches.get(key);
  if (!batch) {
    if (batches.size >= BATCHES_MAX) throw new Error("the report has more batches than any has");
    const { batch: number, currency } = line;
    batch = { batch: number, currency, sum: 0n, parts: 0, payouts: new Set() };
    batches.set(key, batch);
  }
  batch.sum += BigInt(line.netMinor);
  batch.parts += line.parts.length;
  if (line.payoutId !== undefined) batch.payouts.add(line.payoutId);
}

async function digestOf(file: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafe(256 * 1024);
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(block, 0, block.length, at);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(block.subarray(0, bytesRead));
    at += bytesRead;
  }
}
