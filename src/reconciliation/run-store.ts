import { type Db, type Statement, type Tx, run } from "../db/db";
import { newId } from "../ids";
import type { ListFailure, Listed, ProcessorMovement } from "../processors/processor";
import { REPORT_COLUMNS, type Report, TELLER } from "./report-store";

/** The statements that keep how far a comparison has come. Its lines and its position are one commit. */

const BEGIN: Statement = {
  name: "begin_reconciliation_run",
  text: `
    with begun as (
      insert into reconciliation_runs as r (id, source, processor, merchant_id,
        processor_account_id, statement, period_from, period_to)
      values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing returning r.*
    )
    select ${REPORT_COLUMNS} from begun r
    union all
    select ${REPORT_COLUMNS} from reconciliation_runs r
    where ${TELLER} = ? and r.source = ? and r.statement = ? and not exists (select from begun)`,
};

type NewRun = Teller & Pick<Report, "source" | "statement" | "periodFrom" | "periodTo">;

/** Whose lines a run has. */
export type Teller = Pick<Report, "processor" | "merchantId" | "processorAccountId">;

/** As the database calls whoever tells. */
export function tellerOf({ processorAccountId, processor }: Teller): string {
  return processorAccountId ?? processor;
}

/** The one that was begun for this statement, wherever it has come to; or a new one. */
export async function beginRun(db: Db, wanted: NewRun): Promise<Report> {
  const { source, processor, merchantId, processorAccountId, statement } = wanted;
  const [found] = await run<Report>(db, BEGIN, [
    ...[newId("reconciliationReport"), source, processor, merchantId, processorAccountId],
    ...[statement, wanted.periodFrom, wanted.periodTo],
    ...[tellerOf(wanted), source, statement],
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
      finished_at = case when ? = 'COMPLETED' then now() end, failure = null, failed_at = null,
      lists = coalesce(?::text[], r.lists), lists_within_ms = coalesce(?, r.lists_within_ms)
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
  /** Once its lines are in: what they may tell of. */
  readonly lists?: Listed | undefined;
}

export async function moveOn(tx: Tx, id: string, progress: Progress): Promise<Report> {
  const { status, position, lines = 0, compared = 0, matched = 0 } = progress;
  const { breaksFound = 0, breaksClosed = 0, lists } = progress;
  const counts = [lines, compared, matched, breaksFound, breaksClosed];
  const listed = [lists?.operations ?? null, lists?.withinMs ?? null];
  const bindings = [status, position, ...counts, status, ...listed, id];
  const [moved] = await run<Report>(tx, MOVE_ON, bindings);
  if (!moved) throw new Error("a run that is locked is not there");
  return moved;
}

const FAIL: Statement = {
  name: "fail_to_load_run",
  text: `
    update reconciliation_runs r set failure = ?, failed_at = now(), updated_at = now()
    where r.id = ? and r.status = 'LOADING'`,
};

/** It stays where it is, and says why, until it has moved on. */
export async function failToLoad(db: Db, id: string, failure: ListFailure): Promise<void> {
  await run(db, FAIL, [failure, id]);
}

// Arrays, one a column: a third of the time that the same rows take as JSON.
const INSERT_LINES: Statement = {
  name: "insert_processor_lines",
  text: `
    insert into processor_lines as l (run_id, movement_id, kind, amount, currency, fee, reference,
      charge_id, moved_at, fee_currency, processor_ref, repeated)
    select ?, n.* from unnest(?::text[], ?::text[], ?::bigint[], ?::text[], ?::bigint[],
      ?::text[], ?::text[], ?::timestamptz[], ?::text[], ?::text[], ?::int[]) n
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
    column((line) => line.processorRef ?? null),
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
      update reconciliation_runs r set keeps_lines = false
      where ${TELLER} = ? and r.keeps_lines
        and r.period_to < ?::timestamptz - ? * interval '1 millisecond'
      returning r.id
    )
    delete from processor_lines where run_id in (select id from old)`,
};

/** Of lists, once this one is compared: the same movements come again in a settlement file, whose lines stay. */
export async function forgetOldLines(tx: Tx, report: Report): Promise<void> {
  await run(tx, FORGET_OLD_LINES, [report.id, tellerOf(report), report.periodFrom, LIST_KEPT_MS]);
}
