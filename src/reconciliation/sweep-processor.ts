import { type Db, type Statement, run } from "../db/db";
import { transact } from "../db/transact";
import type { Log } from "../observability/log";
import { ListNotRead, type Processor, type Processors } from "../processors/processor";
import { compareNext } from "./compare-run";
import { insertDisputeLines } from "./dispute-lines";
import { LINES_BEFORE_MS } from "./find-missing";
import { loadPayouts } from "./load-payouts";
import { type Report, TELLER } from "./report-store";
import type { BreakConfig } from "./settings";
import {
  type Teller,
  beginRun,
  failToLoad,
  insertLines,
  lockRun,
  moveOn,
  tellerOf,
} from "./run-store";

/*
 * Guarantees: every hour (or as often as configured) what each processor lists is compared with the attempts and the
 * ledger, window after window without a gap, so that a charge that nobody here knows of is found within one. A window
 * that was begun is gone on with, page by page, by whichever worker comes next. Nothing is compared before the whole list
 * was read: one that cannot be read is said by the report, and no line is missed because of it.
 *
 * Where it lists payouts as well, those that are news follow the movements (load-payouts.ts).
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
    where ${TELLER} = ? and r.source = 'PROCESSOR_LIST' order by r.statement desc limit 1`,
};

export interface Sweeper {
  readonly db: Db;
  readonly log: Pick<Log, "warn">;
  readonly config: Pick<BreakConfig, "listEveryMs">;
}

export interface SweepOptions {
  /** Milliseconds since 1970. */
  readonly nowMs?: number;
  readonly settledMs?: number;
}

/** Every window that is over; returns how many breaks were found. A processor that does not answer is asked again. */
export async function sweepProcessors(
  needs: Sweeper & { readonly processors: Processors },
  options: SweepOptions = {},
): Promise<number> {
  let found = 0;
  for (const processor of needs.processors.values()) {
    if (!processor.listMovements) continue;
    const own = { processor: processor.name, merchantId: null, processorAccountId: null };
    const swept = sweep(needs, { ...own, connect: () => Promise.resolve(processor) }, options);
    found += (await swept).found;
  }
  return found;
}

export interface Listing extends Teller {
  /** Throws where it cannot be asked. */
  readonly connect: () => Promise<Processor>;
}

export interface Swept {
  readonly found: number;
  /** When the next window is over, milliseconds since 1970; undefined: it is asked again for this one. */
  readonly nextAtMs: number | undefined;
}

/** The next window of one list, if it is over. */
export async function sweep(
  needs: Sweeper,
  listing: Listing,
  options: SweepOptions = {},
): Promise<Swept> {
  try {
    return await sweepWindow(needs, listing, options);
  } catch (error) {
    const reason = "a processor's list could not be compared; it is asked again";
    const { processor, processorAccountId: accountId } = listing;
    needs.log.warn({ err: error, processor, ...(accountId !== null && { accountId }) }, reason);
    return { found: 0, nextAtMs: undefined };
  }
}

async function sweepWindow(
  { db, config }: Sweeper,
  listing: Listing,
  { nowMs = Date.now(), settledMs = SETTLED_MS }: SweepOptions,
): Promise<Swept> {
  type Last = Pick<Report, "id" | "status" | "periodFrom" | "periodTo">;
  const [last] = await run<Last>(db, LAST, [tellerOf(listing)]);
  const isUnderWay = last !== undefined && last.status !== "COMPLETED";
  const upTo = nowMs - settledMs;
  const from = last ? Date.parse(last.periodTo) : upTo - config.listEveryMs;
  const nextAfter = (end: number): number => end + config.listEveryMs + settledMs;
  if (!isUnderWay && upTo - from < config.listEveryMs) {
    return { found: 0, nextAtMs: nextAfter(from) };
  }
  const periodFrom = isUnderWay ? last.periodFrom : new Date(from).toISOString();
  // After a long pause in windows of the usual length, so that each is a report of its own.
  const to = Math.min(upTo, from + config.listEveryMs);
  const periodTo = isUnderWay ? last.periodTo : new Date(to).toISOString();
  const { processor, merchantId, processorAccountId } = listing;
  const begun = await beginRun(db, {
    source: "PROCESSOR_LIST",
    ...{ processor, merchantId, processorAccountId },
    statement: `${periodFrom}/${periodTo}`,
    periodFrom,
    periodTo,
  });
  let report = await load(db, listing, begun);
  while (report.status !== "COMPLETED") report = await compareNext(db, report.id);
  return { found: report.breaksFound, nextAtMs: nextAfter(Date.parse(periodTo)) };
}

async function load(db: Db, { connect }: Listing, begun: Report): Promise<Report> {
  let report = begun;
  try {
    if (report.status !== "LOADING") return report;
    const processor = await connect();
    while (report.status === "LOADING") report = await loadPage(db, processor, report);
    return report;
  } catch (error) {
    await failToLoad(db, report.id, error instanceof ListNotRead ? error.failure : "NOT_READ");
    throw error;
  }
}

/** The position after the last movement; no processor names a page so. */
const PAYOUTS = "the payouts";

async function loadPage(db: Db, processor: Processor, report: Report): Promise<Report> {
  if (report.position === PAYOUTS) return loadPayouts(db, processor, report);
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
    const hasPayouts = page.next === null && processor.listPayouts !== undefined;
    return moveOn(tx, report.id, {
      status: page.next === null && !hasPayouts ? "COMPARING" : "LOADING",
      position: hasPayouts ? PAYOUTS : (page.next ?? ""),
      lines: movements.length + disputes.length,
      lists: processor.capabilities.lists,
    });
  });
}
