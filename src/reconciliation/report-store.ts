import { type Db, type Statement, run } from "../db/db";
import {
  IN_SQL,
  type Page,
  type PageArguments,
  type PageRequest,
  byId,
  readPage,
} from "../pagination";

/** One comparison with what a processor says: of a settlement file, or of its list for some hours. */
export interface Report {
  readonly id: string;
  readonly source: "PROCESSOR_LIST" | "SETTLEMENT_FILE";
  readonly processor: string;
  readonly statement: string;
  readonly periodFrom: string;
  readonly periodTo: string;
  /** LOADING its lines, COMPARING them, looking for what is MISSING in them, recording its PAYOUTS, COMPLETED. */
  readonly status: "LOADING" | "COMPARING" | "MISSING" | "PAYOUTS" | "COMPLETED";
  readonly position: string;
  readonly lines: number;
  readonly compared: number;
  readonly matched: number;
  readonly breaksFound: number;
  readonly breaksClosed: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

export const REPORT_COLUMNS = `
  r.id as "id", r.source as "source", r.processor as "processor", r.statement as "statement",
  iso(r.period_from) as "periodFrom", iso(r.period_to) as "periodTo", r.status as "status",
  r.position as "position", r.lines::float8 as "lines", r.compared::float8 as "compared",
  r.matched::float8 as "matched", r.breaks_found::float8 as "breaksFound",
  r.breaks_closed::float8 as "breaksClosed", iso(r.started_at) as "startedAt",
  iso(r.finished_at) as "finishedAt"`;

function list(direction: PageRequest<string>["direction"]): Statement {
  const { beyond, order } = IN_SQL[direction];
  return {
    name: `list_reconciliation_reports_${direction}`,
    text: `
      select ${REPORT_COLUMNS} from reconciliation_runs r
      where r.id ${beyond} ? order by r.id ${order} limit ?`,
  };
}

const LISTS = { older: list("older"), newer: list("newer") };
const BY_ID = byId("reconciliationReport");

/** The installation's reports, newest first. */
export async function listReports(db: Db, page: PageArguments): Promise<Page<Report>> {
  return readPage<Report, string>(
    {
      ...BY_ID,
      fetch: ({ direction, from, limit }) =>
        run<Report>(db, LISTS[direction], [from ?? BY_ID.ends[direction], limit]),
    },
    page,
  );
}
