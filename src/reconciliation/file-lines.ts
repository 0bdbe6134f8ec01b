import { type Statement, type Tx, run } from "../db/db";
import type {
  ProcessorDispute,
  ProcessorMovement,
  ProcessorPayout,
  ProcessorPayoutLine,
  SettlementLine,
} from "../processors/lists";
import { insertDisputeLines } from "./dispute-lines";
import { insertLines } from "./run-store";

/** Lines of a settlement file that are stored together: movements, disputes, and payouts with what they consist of. */
export interface FileLines {
  readonly movements: ProcessorMovement[];
  readonly disputes: ProcessorDispute[];
  readonly payouts: ProcessorPayout[];
  readonly payoutLines: ProcessorPayoutLine[];
}

export function noLines(): FileLines {
  return { movements: [], disputes: [], payouts: [], payoutLines: [] };
}

export function countLines({ movements, disputes, payouts, payoutLines }: FileLines): number {
  return movements.length + disputes.length + payouts.length + payoutLines.length;
}

export function addLine(lines: FileLines, read: Exclude<SettlementLine, { end: number }>): void {
  if ("movement" in read) lines.movements.push(read.movement);
  else if ("dispute" in read) lines.disputes.push(read.dispute);
  else if ("payout" in read) lines.payouts.push(read.payout);
  else lines.payoutLines.push(read.payoutLine);
}

// Arrays, one a column, as of movements; the same payout again is counted, and its lines are there already.
const INSERT_PAYOUTS: Statement = {
  name: "insert_processor_payouts",
  text: `
    insert into processor_payouts as p (run_id, processor_payout_id, status, amount, currency,
      line_count, arrives_at, changed_at, repeated)
    select ?, n.id, (array_agg(n.status))[1], (array_agg(n.amount))[1], (array_agg(n.currency))[1],
      (array_agg(n.lines))[1], min(n.arrives_at), min(n.changed_at), count(*) - 1
    from unnest(?::text[], ?::text[], ?::bigint[], ?::text[], ?::int[], ?::timestamptz[],
      ?::timestamptz[]) n (id, status, amount, currency, lines, arrives_at, changed_at)
    group by n.id
    on conflict (run_id, processor_payout_id) do update
    set repeated = p.repeated + 1 + excluded.repeated`,
};

const INSERT_PAYOUT_LINES: Statement = {
  name: "insert_processor_payout_lines",
  text: `
    insert into processor_payout_lines (run_id, processor_payout_id, line, kind, amount, reference,
      movement_id)
    select ?, n.* from unnest(?::text[], ?::int[], ?::text[], ?::bigint[], ?::text[], ?::text[]) n
    on conflict do nothing`,
};

export async function storeFileLines(tx: Tx, runId: string, lines: FileLines): Promise<void> {
  const { movements, payouts, payoutLines } = lines;
  await insertLines(tx, runId, movements);
  await insertDisputeLines(tx, runId, lines.disputes);
  if (payouts.length > 0) {
    await run(tx, INSERT_PAYOUTS, [
      runId,
      payouts.map(({ payoutId }) => payoutId),
      payouts.map(({ status }) => status),
      payouts.map(({ amountMinor }) => amountMinor),
      payouts.map(({ currency }) => currency),
      payouts.map((payout) => payout.lines),
      payouts.map(({ arrivesAt }) => arrivesAt),
      payouts.map(({ changedAt }) => changedAt),
    ]);
  }
  if (payoutLines.length > 0) {
    await run(tx, INSERT_PAYOUT_LINES, [
      runId,
      payoutLines.map(({ payoutId }) => payoutId),
      payoutLines.map(({ line }) => line),
      payoutLines.map(({ kind }) => kind),
      payoutLines.map(({ amountMinor }) => amountMinor),
      payoutLines.map(({ reference }) => reference),
      payoutLines.map(({ movementId }) => movementId),
    ]);
  }
}
