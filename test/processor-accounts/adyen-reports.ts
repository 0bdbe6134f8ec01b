import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { settlementDetails } from "../../src/processors/adyen/settlement-details";
import { type ReportRun, reconcileReport } from "../../src/reconciliation/reconcile-report";
import type { Report } from "../../src/reconciliation/report-store";
import { type Row, reportOf, rowsOf } from "../adyen-simulation/report";
import { MERCHANT_ACCOUNT, type Simulation, startSimulation } from "../adyen-simulation/simulation";
import { booksOf } from "../support/adyen-books";
import { REFUND_INTENT, type TestApi, startTestApi } from "../support/api";
import { listing } from "../support/processor-lists";
import { type AdyenAccount, ask, confirmedAtAdyen, connectAdyen, tellAll } from "./adyen-account";
import { attemptsOf } from "./world";

/** A merchant's account at Adyen, and the reports that the simulation writes about it. */
export async function startReports() {
  const adyen: Simulation = await startSimulation();
  const api: TestApi = await startTestApi({
    ONCEPAY_ADYEN_URL: adyen.url,
    ONCEPAY_LOOKUP_SCHEDULE_MS: "3600000",
  });
  api.movements = booksOf(adyen);
  const account: AdyenAccount = await connectAdyen(api);
  const directory = await mkdtemp(path.join(tmpdir(), "oncepay-report-"));
  const { bank } = adyen;
  const at = { batch: 0, movementsFrom: 0, disputesFrom: 0 };
  let files = 0;
  const aFile = async (text: string): Promise<string> => {
    files += 1;
    const file = path.join(directory, `${String(files)}.csv`);
    await writeFile(file, text);
    return file;
  };
  const given = (more: Partial<ReportRun> = {}): ReportRun => ({
    db: api.app.db,
    format: settlementDetails,
    tell: () => undefined,
    account: {
      ...{ merchantId: api.merchant.id, processorAccountId: account.id, processor: "adyen" },
      externalAccountId: MERCHANT_ACCOUNT,
    },
    ...more,
  });
  const reconcile = async (text: string, more: Partial<ReportRun> = {}): Promise<Report> =>
    reconcileReport(given(more), await aFile(text));
  const tell = () => tellAll(api, account, { adyen });
  const rows = (): Row[] => rowsOf(bank, at);
  return {
    ...{ adyen, api, account, at, aFile, given, reconcile, tell, rows, lists: listing(api) },
    /** What moves from now on is in another one. */
    nextBatch: (): void => {
      at.batch += 1;
      at.movementsFrom = bank.movements.length;
      at.disputesFrom = bank.disputes.length;
    },
    reportNow: (changed: readonly Row[] = rows()): Promise<Report> =>
      reconcile(reportOf(bank, changed)),
    /** What a run has found: kind and subject of each. */
    breaksOf: async ({ id }: Pick<Report, "id">): Promise<string[]> => {
      const found = await api.db("reconciliation_breaks").where({ report_id: id });
      return found
        .map(({ kind, subject_id: subject }) => `${String(kind)} ${String(subject)}`)
        .sort();
    },
    /** A payment that was captured at once, of which everything is heard. */
    paid: async (): Promise<{ id: string; reference: string }> => {
      const made = await confirmedAtAdyen(api);
      await tell();
      return made;
    },
    /** Returns the attempt. */
    refunded: async (id: string, amount: number): Promise<string> => {
      await ask(api, REFUND_INTENT, { paymentIntentId: id, amount });
      await tell();
      return (await attemptsOf(api, id)).at(-1)?.id ?? "";
    },
    stop: async (): Promise<void> => {
      await rm(directory, { recursive: true });
      await api.stop();
      await adyen.close();
    },
  };
}

export type Reports = Awaited<ReturnType<typeof startReports>>;

export const isOf =
  (reference: string) =>
  (row: Row): boolean =>
    (row["Modification Merchant Reference"] || row["Merchant Reference"]) === reference;

/** The rows, with those of a reference changed. */
export const change = (all: readonly Row[], reference: string, more: Row): Row[] =>
  all.map((row) => (isOf(reference)(row) ? { ...row, ...more } : row));
