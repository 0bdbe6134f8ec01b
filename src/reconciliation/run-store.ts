import { type Db, type Statement, type Tx, run } from "../db/db";
import { newId } from "../ids";
import type { ProcessorMovement } from "../processors/processor";
import { REPORT_COLUMNS, type Report } from "./report-store";

/** The statements that keep how far a comparison has come. Its lines and its position are one commit. */

const BEGIN: Statement = {
  name: "begin_reconciliation_run",
  text: `
    with begun as (
      insert into reconciliation_runs as r
        (id, source, processor, statement, period_from, period_to)
      values (?, ?, ?, ?, ?, ?) on conflict do nothing returning r.*
    )
    select ${REPORT_COLUMNS} from begun r
    union all
    select ${REPORT_COLUMNS} from reconciliation_runs r
    where r.processor = ? and r.source = ? and r.statement = ?
      and not exists (select from begun)`,
};

export type NewRun = Pick<Report, "source" | "processor" | "statement" | "periodFrom" | "periodTo">;

/** The one that was begun for this statement, wherever it has come to; or a new one. */
export async function beginRun(db: Db, wanted: NewRun): Promise<Report> {
  const { source, processor, statement, periodFrom, periodTo } = wanted;
  const bindings = [newId("reconciliationReport"), source, processor, statement];
  const [found] = await run<Report>(db, BEGIN, [
    ...bindings,
    periodFrom,
    periodTo,
    processor,
    source,
    statement,
  ]);
  if (!found) throw new Error("a run that was begun is not there");
  return found;
}

const LOCK: Statement = {
  name: "lock_reconciliation_run",
  text: `
    select ${REPORT_COLUMNS} from reconciliation_runs r where r.id = ? for update`,
};

/** As it stands, so that two who do the same do each step once. */
export async function lockRun(tx: Tx, id: string): Promise<Report> {
  const [found] = await run<Report>(tx, LOCK, [id]);
  if (!found) throw new Error("a run that was begun is not there");
  return found;
}

const MOVE_ON: Statement = {
  name: "move_on_with_run",
  text: `
    update reconciliation_runs r
    set status = ?, position = ?, lines = r.lines + ?, compared = r.compared + ?,
      matched = r.matched + ?, breaks_found = r.breaks_found + ?,
      breaks_closed = r.breaks_closed + ?, updated_at = now(),
      finished_at = case when ? = 'COMPLETED' then now() end
    where r.id = ? returning ${REPORT_COLUMNS}`,
};

export interface Progress {
  readonly status: Report["status"];
  readonly position: string;
  readonly lines?: number;
  readonly compared?: number;
  readonly matched?: number;
  readonly breaksFound?: number;
  readonly breaksClosed?: number;
}

export async function moveOn(tx: Tx, id: string, progress: Progress): Promise<Report> {
  const { status, position, lines = 0, compared = 0, matched = 0 } = progress;
  const { breaksFound = 0, breaksClosed = 0 } = progress;
  const counts = [lines, compared, matched, breaksFound, breaksClosed];
  const [moved] = await run<Report>(tx, MOVE_ON, [status, position, ...counts, status, id]);
  if (!moved) throw new Error("a run that is locked is not there");
  return moved;
}

// Arrays, one a column: a third of the time that the same rows take as JSON.
const INSERT_LINES: Statement = {
  name: "insert_processor_lines",
  text: `
    insert into processor_lines as l (run_id, movement_id, kind, amount, currency, fee, reference,
      charge_id, moved_at, fee_currency, repeated)
    select ?, n.* from unnest(?::text[], ?::text[], ?::bigint[], ?::text[], ?::bigint[],
      ?::text[], ?::text[], ?::timestamptz[], ?::text[], ?::int[]) n
    on conflict (run_id, movement_id) do update
    set repeated = l.repeated + 1 + excluded.repeated`,
};

export async function insertLines(
  tx: Tx,
  runId: string,
  movements: readonly ProcessorMovement[],
): Promise<void> {
  const lines = new Map<string, { readonly line: ProcessorMovement; repeated: number }>();
  for (const line of movements) {
    const known = lines.get(line.movementId);
    if (known) known.repeated += 1;
    else lines.set(line.movementId, { line, repeated: 0 });
  }
  if (lines.size === 0) return;
  const rows = [...lines.values()];
  const column = <Value>(read: (line: ProcessorMovement) => Value): Value[] =>
    rows.map(({ line }) => read(line));
  await run(tx, INSERT_LINES, [
    runId,
    column((line) => line.movementId),
    column((line) => line.kind),
    column((line) => line.amountMinor),
    column((line) => line.currency),
    column((line) => line.feeMinor),
    column((line) => line.reference),
    column((line) => line.chargeId),
    column((line) => line.movedAt),
    column((line) => line.feeCurrency),
    rows.map(({ repeated }) => repeated),
  ]);
}

/** How long the lines of lists are kept: what became known late may have moved in one of those before. */
const LIST_KEPT_MS = 2 * 86_400_000;

const FORGET_OLD_LINES: Statement = {
  name: "forget_old_processor_lines",
  text: `
    with kept as (
      update reconciliation_runs set keeps_lines = true where id = ?
    ), old as (
      update reconciliation_runs set keeps_lines = false
      where processor = ? and keeps_lines
        and period_to < ?::timestamptz - ? * interval '1 millisecond'
      returning id
    )
    delete from processor_lines where run_id in (select id from old)`,
};

/** Of lists, once this one is compared: the same movements come again in a settlement file, whose lines stay. */
export async function forgetOldLines(tx: Tx, report: Report): Promise<void> {
  const { id, processor, periodFrom } = report;
  await run(tx, FORGET_OLD_LINES, [id, processor, periodFrom, LIST_KEPT_MS]);
}
