import type { PayoutPart, ProcessorDispute, ProcessorMovement } from "./lists";

/*
 * How a processor writes the report of an account: CSV, whose first line names the columns. Unlike a settlement file it
 * names no period and does not say where it ends, so nothing can be missing in it; whether it is whole is told by its
 * batches, each of which comes to nothing with what was paid out of it.
 */
export interface ReportFormat {
  /** Reads what follows a first line; throws where that is none of such a report. */
  readonly readHeader: (line: string) => ReadReportLine;
}

/** Undefined for a line of another account than that one, by the processor's name of it. Throws what it cannot read. */
export type ReadReportLine = (record: string, account: string) => ReportLine | undefined;

export interface ReportLine {
  /** ISO 8601: when it was booked. */
  readonly at: string;
  /** What it is paid out with. */
  readonly batch: string;
  /** In which it is paid out. */
  readonly currency: string;
  /** By how much it changes what there is to be paid out. */
  readonly netMinor: number;
  /** Theirs, of the payout that this line is; absent where it is none. */
  readonly payoutId?: string;
  /** What it is in a payout of its batch; none where it is that itself. */
  readonly parts: readonly PayoutPart[];
  readonly movement?: ProcessorMovement;
  readonly dispute?: ProcessorDispute;
}
