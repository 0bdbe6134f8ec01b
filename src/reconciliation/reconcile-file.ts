import { open } from "node:fs/promises";
import type { Db } from "../db/db";
import { transact } from "../db/transact";
import type { SettlementFormat } from "../processors/lists";
import type { Processor } from "../processors/processor";
import { compareNext } from "./compare-run";
import { readLines } from "./read-lines";
import type { Report } from "./report-store";
import { type FileLines, addLine, countLines, noLines, storeFileLines } from "./file-lines";
import { beginRun, lockRun, moveOn } from "./run-store";

/*
 * Guarantees: a settlement file is read once, whoever begins with it how often: the statement that its first line names
 * is one run. Its lines are stored so many at a time, with the byte up to which they go in the same commit; a run that
 * was killed goes on at that byte. A file without its last line, or with another number of lines than that one says, is
 * refused before anything is compared.
 *
 * Memory: so many lines as are stored at once. Cost: one round trip for them, and those of compare-run.ts.
 */

const LINES_AT_ONCE = 5_000;

export interface FileRun {
  readonly db: Db;
  readonly processor: Pick<Processor, "name" | "settlementFormat">;
  /** Told after each commit. */
  readonly tell: (report: Report, bytes: number) => void;
}

export async function reconcileFile(given: FileRun, path: string): Promise<Report> {
  const { db, processor, tell } = given;
  const format = processor.settlementFormat;
  if (!format) throw new Error(`${processor.name} has no settlement files`);
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const first = await firstLine(readLines(file, 0));
    const header = format.readHeader(first.text);
    const teller = { processor: processor.name, merchantId: null, processorAccountId: null };
    let report = await beginRun(db, { source: "SETTLEMENT_FILE", ...teller, ...header });
    tell(report, size);
    if (report.status === "LOADING") {
      const start = Math.max(first.end, Number(report.position));
      report = await load(given, report, { format, size, lines: readLines(file, start) });
    }
    while (report.status !== "COMPLETED") {
      report = await compareNext(db, report.id);
      tell(report, size);
    }
    return report;
  } finally {
    await file.close();
  }
}

interface Line {
  readonly text: string;
  readonly end: number;
}
type Lines = AsyncGenerator<Line, undefined>;

async function firstLine(lines: Lines): Promise<Line> {
  const first = await lines.next();
  return first.value ?? { text: "", end: 0 };
}

async function load(
  { db, tell }: FileRun,
  begun: Report,
  from: { readonly format: SettlementFormat; readonly size: number; readonly lines: Lines },
): Promise<Report> {
  let report = begun;
  let lines = noLines();
  let end = Number(begun.position);
  const store = async (status: Report["status"]): Promise<void> => {
    report = await storeLines(db, report, { lines, status, end });
    lines = noLines();
    tell(report, from.size);
  };
  for await (const line of from.lines) {
    const read = from.format.readLine(line.text);
    end = line.end;
    if (read === undefined) continue;
    if ("end" in read) {
      const count = report.lines + countLines(lines);
      if (read.end === count) {
        await store("COMPARING");
        return report;
      }
      throw new Error(
        `the file says that it has ${String(read.end)} lines, and has ${String(count)}`,
      );
    }
    addLine(lines, read);
    if (countLines(lines) >= LINES_AT_ONCE) await store("LOADING");
  }
  throw new Error("the file has no last line: it is not whole");
}

/** Somebody else who reads the same file at the same time has stored them already, or will not. */
export async function storeLines(
  db: Db,
  { id, position }: Report,
  what: {
    readonly lines: FileLines;
    readonly status: Report["status"];
    readonly end: number;
  },
): Promise<Report> {
  return transact(db, async (tx) => {
    const current = await lockRun(tx, id);
    if (current.status !== "LOADING" || current.position !== position) {
      throw new Error("another process is reading the same settlement file");
    }
    const { lines, status, end } = what;
    await storeFileLines(tx, id, lines);
    // The next step begins with the first reference.
    const next = status === "LOADING" ? String(end) : "";
    return moveOn(tx, id, { status, position: next, lines: countLines(lines) });
  });
}
