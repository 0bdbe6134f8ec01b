import { compareNext } from "../../src/reconciliation/compare-run";
import type { Break } from "../../src/reconciliation/break";
import { resolveBreak } from "../../src/reconciliation/resolve-break";
import { seeToBreaks } from "../../src/reconciliation/see-to-breaks";
import type { BreakConfig } from "../../src/reconciliation/settings";
import { sweepProcessors } from "../../src/reconciliation/sweep-processor";
import type { TestApp } from "./app";

const HOUR_MS = 3_600_000;
const LISTS = { source: "PROCESSOR_LIST" };

/** What the sandbox lists, compared with the books, and what becomes of the breaks. */
export function listing(t: TestApp) {
  const rowsOf = (subject: string): Promise<Record<string, unknown>[]> =>
    t.db("reconciliation_breaks").where({ subject_id: subject }).orderBy("id");
  return {
    rowsOf,
    shown: async (subject: string): Promise<string[]> =>
      (await rowsOf(subject)).map(({ kind, status, resolution, detail }) =>
        [kind, status, resolution, detail].filter(Boolean).map(String).join(" "),
      ),
    /** As if there had been no list so far, with everything of just now in the middle of it. Returns how many breaks it found. */
    listAnew: async (): Promise<number> => {
      const runs = t.db("reconciliation_runs").where(LISTS);
      for (const table of ["processor_lines", "processor_disputes"]) {
        await t.db(table).whereIn("run_id", runs.clone().select("id")).delete();
      }
      await runs.delete();
      const config = { ...t.app.config, listEveryMs: HOUR_MS };
      const nowMs = Date.now() + HOUR_MS / 2;
      return sweepProcessors({ ...t.app, config }, { nowMs, settledMs: 0 });
    },
    approve: async (merchantId: string, breakId: unknown): Promise<Break> => {
      const id = String(breakId);
      const { result } = await resolveBreak(t.app, {
        ...{ merchantId, ofMerchantId: merchantId, key: id, breakId: id },
        ...{ action: "APPROVE_CORRECTION", reason: "as the processor says", owner: "the test" },
      });
      return result;
    },
    /** Compares what the last list has, whatever it is by now. */
    goOn: async (): Promise<void> => {
      const { id }: { id: string } = await t.db("reconciliation_runs").where(LISTS).first();
      while ((await compareNext(t.app.db, id)).status !== "COMPLETED");
    },
    /** Whatever is to be seen to is due. */
    seeTo: async (policies: Partial<BreakConfig> = {}): Promise<void> => {
      await t.db("reconciliation_breaks").whereNotNull("next_at").update({ next_at: new Date() });
      await seeToBreaks({ ...t.app, config: { ...t.app.config, ...policies } });
    },
  };
}

/** A journal's postings, as "debit to credit amount currency". */
export async function postingsOf(t: TestApp, journalId: unknown): Promise<string[]> {
  const { rows } = await t.db.raw<{ rows: { posting: string }[] }>(
    `select d.kind || ' to ' || c.kind || ' ' || p.amount || ' ' || p.currency as posting
     from postings p
     join ledger_accounts d on d.merchant_id = p.merchant_id and d.id = p.debit_account_id
     join ledger_accounts c on c.merchant_id = p.merchant_id and c.id = p.credit_account_id
     where p.journal_id = ? order by p.line`,
    [String(journalId)],
  );
  return rows.map(({ posting }) => posting);
}
