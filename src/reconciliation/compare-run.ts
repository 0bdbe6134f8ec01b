import type { Db, Tx } from "../db/db";
import { transact } from "../db/transact";
import { failpoint } from "../failpoints";
import { insertBreaks } from "./break-store";
import { postLateFees } from "../payments/settle/fees";
import { classifyDispute } from "./classify-dispute";
import { NEXT_STATEMENT_MS, classify } from "./classify";
import { lateFeeOf } from "./classify-fee";
import { closeArrived, compareSlice } from "./compare-lines";
import { takeNextPayout } from "./compare-payouts";
import { takeDisputeLines } from "./dispute-lines";
import { breakOf, findMissing } from "./find-missing";
import { type Report, hasPeriod } from "./report-store";
import { forgetOldLines, lockRun, moveOn } from "./run-store";

/*
 * Guarantees: when the lines of a run are in, each reference is compared with its attempt and its journal, and then each
 * attempt of the period, where there is one, is looked for among the lines; then each dispute is compared, and last, each
 * payout is recorded. A slice, the breaks that it found and where it ended are one commit: whoever is killed goes on from
 * there, two at once do each slice once, and no difference is found twice.
 *
 * A fee that was not known is posted in that commit, too.
 *
 * Cost and memory: a slice at a time, however many lines there are. Nothing that agrees leaves the database.
 */

const REFERENCES = 5_000;
const ATTEMPTS = 10_000;
const DISPUTES = 1_000;

// Lines that were stored a moment ago have no statistics, and Postgres takes a slice of them for the whole: everything is
// looked up by an index, a row at a time.
export const BY_INDEX = `
  set local enable_seqscan = off;
  set local enable_hashjoin = off;
  set local enable_mergejoin = off;
  set local jit = off`;

/** The next slice; the report as it stands then. A run that is completed stays as it is. */
export async function compareNext(db: Db, id: string): Promise<Report> {
  const report = await transact(db, async (tx) => {
    await tx.raw(BY_INDEX);
    const report = await lockRun(tx, id);
    switch (report.status) {
      case "LOADING":
        throw new Error("its lines are not all there yet");
      case "COMPARING":
        return compareReferences(tx, report);
      case "MISSING":
        return lookForMissing(tx, report);
      case "PAYOUTS":
        return takePayout(tx, report);
      case "COMPLETED":
        return report;
    }
  });
  await failpoint("reconcile.after_slice");
  return report;
}

async function compareReferences(tx: Tx, report: Report): Promise<Report> {
  const slice = await compareSlice(tx, report, REFERENCES);
  const breaks = slice.differing.map((compared) => classify(compared, report));
  await postLateFees(
    tx,
    slice.differing.map(lateFeeOf).filter((fee) => fee !== undefined),
  );
  const found = await insertBreaks(tx, breaks.flat());
  const breaksClosed = await closeArrived(tx, report, {
    last: slice.last,
    differing: breaks.flat().map(({ subjectId }) => subjectId),
  });
  // What was taken back, for example, differs and is in order.
  const inOrder = breaks.filter((those) => those.length === 0).length;
  await failpoint("reconcile.inside_transaction");
  return moveOn(tx, report.id, {
    status: slice.last === null ? "MISSING" : "COMPARING",
    position: slice.last ?? "",
    compared: slice.compared,
    matched: slice.agreed + inOrder,
    breaksFound: found.length,
    breaksClosed,
  });
}

async function lookForMissing(tx: Tx, report: Report): Promise<Report> {
  const slice = hasPeriod(report) ? await findMissing(tx, report, ATTEMPTS) : null;
  if (!slice || slice.last === null) return compareDisputes(tx, report);
  const breaks = slice.missing.map((missing) => breakOf(missing, report, NEXT_STATEMENT_MS));
  const found = await insertBreaks(tx, breaks);
  await failpoint("reconcile.inside_transaction");
  return moveOn(tx, report.id, {
    status: "MISSING",
    position: slice.last,
    breaksFound: found.length,
  });
}

/** The last part of that step: a line says itself that it has been compared. */
async function compareDisputes(tx: Tx, report: Report): Promise<Report> {
  const lines = await takeDisputeLines(tx, report.id, DISPUTES);
  const breaks = lines.map((line) => classifyDispute(line, report));
  const found = await insertBreaks(tx, breaks.flat());
  const isLast = lines.length < DISPUTES;
  if (isLast && report.source === "PROCESSOR_LIST") await forgetOldLines(tx, report);
  await failpoint("reconcile.inside_transaction");
  return moveOn(tx, report.id, {
    status: isLast ? afterMissing(report) : "MISSING",
    position: isLast ? "" : report.position,
    compared: lines.length,
    matched: breaks.filter((those) => those.length === 0).length,
    breaksFound: found.length,
  });
}

/** The list of an installation's own processor has no payouts. */
function afterMissing({ source, processorAccountId }: Report): Report["status"] {
  const hasPayouts = source === "SETTLEMENT_FILE" || processorAccountId !== null;
  return hasPayouts ? "PAYOUTS" : "COMPLETED";
}

async function takePayout(tx: Tx, report: Report): Promise<Report> {
  const { at, breaks, closed } = await takeNextPayout(tx, report);
  const found = await insertBreaks(tx, breaks);
  return moveOn(tx, report.id, {
    status: at === undefined ? "COMPLETED" : "PAYOUTS",
    position: at ?? "",
    breaksFound: found.length,
    breaksClosed: closed,
  });
}
