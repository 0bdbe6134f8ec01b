import { type Db, type Statement, run } from "../db/db";
import type { ListFailure } from "../processors/lists";
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
  /** Of an account, it and its merchant; null where it is the installation's own processor. */
  readonly merchantId: string | null;
  readonly processorAccountId: string | null;
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
  /** Why its lines could not be read when they were last asked for, and when that was; they are asked for again. */
  readonly failure: ListFailure | null;
  readonly failedAt: string | null;
}

/** The report of an account has what it has: it names no period, in which something could be missing. */
export function hasPeriod({
  source,
  processorAccountId,
}: Pick<Report, "source" | "processorAccountId">): boolean {
  return source !== "SETTLEMENT_FILE" || processorAccountId === null;
}

/** Who tells: an account, or a processor of the installation's own. Accounts' ids are nobody's names. */
export const TELLER = "coalesce(r.processor_account_id, r.processor)";

export const REPORT_COLUMNS = `
  r.id as "id", r.source as "source", r.processor as "processor", r.merchant_id as "merchantId",
  r.processor_account_id as "processorAccountId", r.statement as "statement",
  iso(r.period_from) as "periodFrom", iso(r.period_to) as "periodTo", r.status as "status",
  r.position as "position", r.lines::float8 as "lines", r.compared::float8 as "compared",
  r.matched::float8 as "matched", r.breaks_found::float8 as "breaksFound",
  r.breaks_closed::float8 as "breaksClosed", iso(r.started_at) as "startedAt",
  iso(r.finished_at) as "finishedAt", r.failure as "failure", iso(r.failed_at) as "failedAt"`;

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
