import type { Db } from "../../src/db/db";
import { transact } from "../../src/db/transact";
import { compareSlice } from "../../src/reconciliation/compare-lines";
import { BY_INDEX } from "../../src/reconciliation/compare-run";
import { findMissing } from "../../src/reconciliation/find-missing";
import type { Report } from "../../src/reconciliation/report-store";
import { lockRun } from "../../src/reconciliation/run-store";
import { auditQuestions } from "./audit-questions";
import { PAGE, type Question, now } from "./plan-questions";
import type { Samples } from "./plans";

const RUN = "rec_of_the_plans";

/** A settlement file that was loaded just now, so that nothing is known of its lines: all that a merchant was paid. Years of them were compared before. */
export async function loadSettlement(db: Db, merchantId: string): Promise<void> {
  await db("reconciliation_runs").insert({
    ...{ id: RUN, source: "SETTLEMENT_FILE", processor: "sandbox", statement: "of the plans" },
    ...{ period_from: "2026-01-01T00:00:00Z", period_to: "2036-01-01T00:00:00Z" },
    status: "COMPARING",
  });
  await db.raw(
    `insert into reconciliation_runs (id, source, processor, statement, status, period_from,
       period_to, started_at, finished_at)
     select 'rec_' || s.source || n, s.source, 'sandbox', 'of day ' || n, 'COMPLETED', d.day,
       d.day + interval '1 day', d.day + interval '1 day', now()
     from unnest(array['SETTLEMENT_FILE', 'PROCESSOR_LIST']) as s (source)
     cross join generate_series(1, 2000) n
     cross join lateral (select timestamptz '2025-12-01' - n * interval '1 day' as day) d`,
  );
  await db.raw(
    `insert into processor_lines (run_id, movement_id, kind, amount, currency, fee, reference,
       charge_id, moved_at)
     select ?, 'mv_' || id, 'capture', amount, currency, coalesce(fee, 0), id, 'ch_' || id, sent_at
     from attempts where merchant_id = ? and status = 'SUCCEEDED'`,
    [RUN, merchantId],
  );
}

/** One slice of it, and of the ledger's audit, from the middle on: it reads as many lines as are in the slice, and not those that are left. */
export function settlementQuestions(
  asked: () => { db: Db; merchantId: string; its: Samples },
): Question[] {
  const slice = <Found>(
    read: (tx: Parameters<typeof compareSlice>[0], report: Report) => Promise<Found>,
  ): Promise<Found> =>
    transact(asked().db, async (tx) => {
      await tx.raw(BY_INDEX);
      const report = await lockRun(tx, RUN);
      return read(tx, { ...report, position: asked().its.attempts[0] ?? "" });
    });
  return [
    now("a slice of a settlement file", async () => {
      const { compared, agreed } = await slice((tx, report) => compareSlice(tx, report, PAGE));
      if (compared !== PAGE || agreed !== PAGE) throw new Error("it does not agree");
      return compared;
    }),
    now("what a settlement file lacks", async () => {
      const { read, missing } = await slice((tx, report) => findMissing(tx, report, PAGE));
      if (missing.length > 0) throw new Error("it lacks something");
      return read;
    }),
    ...auditQuestions(asked),
  ];
}
