import { type Db, type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import type { Log } from "../observability/log";
import type { Processor, Processors } from "../processors/processor";
import { compareNext } from "./compare-run";
import { insertDisputeLines } from "./dispute-lines";
import { LINES_BEFORE_MS } from "./find-missing";
import type { Report } from "./report-store";
import type { BreakConfig } from "./settings";
import { beginRun, insertLines, lockRun, moveOn } from "./run-store";

/*
 * Guarantees: every hour (or as often as configured) what each processor lists is compared with the attempts and the
 * ledger, window after window without a gap, so that a charge that nobody here knows of is found within one. A window
 * that was begun is gone on with, page by page, by whichever worker comes next.
 *
 * Cost: a call to the processor and a commit for each page; then what compare-run.ts takes.
 */

// What moved just now may still be on its way here: by now every answer, webhook and look-up has had its time.
const SETTLED_MS = 5 * 60_000;

const LAST: Statement = {
  name: "last_processor_list",
  text: `
    select r.id as "id", r.status as "status", iso(r.period_from) as "periodFrom",
      iso(r.period_to) as "periodTo"
    from reconciliation_runs r
    where r.processor = ? and r.source = 'PROCESSOR_LIST' order by r.statement desc limit 1`,
};

interface Needs {
  readonly db: Db;
  readonly log: Pick<Log, "warn">;
  readonly processors: Processors;
  readonly config: Pick<BreakConfig, "listEveryMs">;
}

export interface SweepOptions {
  /** Milliseconds since 1970. */
  readonly nowMs?: number;
  readonly settledMs?: number;
}

/** Every window that is over; returns how many breaks were found. A processor that does not answer is asked again. */
export async function sweepProcessors(needs: Needs, options: SweepOptions = {}): Promise<number> {
  let found = 0;
  for (const processor of needs.processors.values()) {
    if (!processor.listMovements) continue;
    found += await sweep(needs, processor, options).catch((error: unknown) => {
      const reason = "a processor's list could not be compared; it is asked again";
      needs.log.warn({ err: error, processor: processor.name }, reason);
      return 0;
    });
  }
  return found;
}

async function sweep(
  { db, config }: Needs,
  processor: Processor,
  { nowMs = Date.now(), settledMs = SETTLED_MS }: SweepOptions,
): Promise<number> {
  const [last] = await run<Pick<Report, "id" | "status" | "periodFrom" | "periodTo">>(db, LAST, [
    processor.name,
  ]);
  const isUnderWay = last !== undefined && last.status !== "COMPLETED";
  const upTo = nowMs - settledMs;
  const from = last ? Date.parse(last.periodTo) : upTo - config.listEveryMs;
  if (!isUnderWay && upTo - from < config.listEveryMs) return 0;
  const periodFrom = isUnderWay ? last.periodFrom : new Date(from).toISOString();
  // After a long pause in windows of the usual length, so that each is a report of its own.
  const to = Math.min(upTo, from + config.listEveryMs);
  const periodTo = isUnderWay ? last.periodTo : new Date(to).toISOString();
  const begun = await beginRun(db, {
    source: "PROCESSOR_LIST",
    processor: processor.name,
    statement: `${periodFrom}/${periodTo}`,
    periodFrom,
    periodTo,
  });
  let report = begun;
  while (report.status === "LOADING") report = await loadPage(db, processor, report);
  while (report.status !== "COMPLETED") report = await compareNext(db, report.id);
  return report.breaksFound;
}

async function loadPage(db: Db, processor: Processor, report: Report): Promise<Report> {
  const from = new Date(Date.parse(report.periodFrom) - LINES_BEFORE_MS).toISOString();
  const after = report.position === "" ? null : report.position;
  const page = await processor.listMovements?.({ from, to: report.periodTo, after });
  if (!page) throw new Error(`${processor.name} does not list what it moved`);
  return transact(db, async (tx) => {
    const current = await lockRun(tx, report.id);
    // Another worker was faster: what it read is there.
    if (current.status !== "LOADING" || current.position !== report.position) return current;
    const { movements, disputes = [] } = page;
    await insertLines(tx, report.id, movements);
    await insertDisputeLines(tx, report.id, disputes);
    return moveOn(tx, report.id, {
      status: page.next === null ? "COMPARING" : "LOADING",
      position: page.next ?? "",
      lines: movements.length + disputes.length,
    });
  });
}
