import type { Db } from "../db/db";
import { createProcessorKinds, createProcessors } from "../processors/registry";
import { reconcileFile } from "../reconciliation/reconcile-file";
import { findReportAccount, reconcileReport } from "../reconciliation/reconcile-report";
import type { Report } from "../reconciliation/report-store";
import { type Call, type Command, UsageError } from "./command";
import { readDatabaseUrl, recordRun, withDb } from "./database";
import { fields } from "./ops/table";

const SAID_EVERY_MS = 2_000;

/** A file has a million lines: it is read where the database is at hand, and not sent over the API. */
export const reconcileCommand: Command = {
  name: "reconcile",
  summary: "compares a settlement file, or an account's report, with the payments and the ledger",
  help: `Compares a processor's settlement file with the attempts and the ledger, line by line, and looks for what it lacks.
With --account it is the report of a merchant's account (Adyen's Settlement details report), which is compared with the
attempts of that account; it names no period, so nothing is missing in it.
What differs becomes a break; see "oncepay ops breaks". The file may have any length: it is read in pieces, and when the
command is stopped and given the same file again, it goes on where it was. The same file is compared once.
The database is DATABASE_URL. It exits with 1 if anything differs that was not known before.

  --file PATH         the settlement file, or the report
  --processor NAME    whose settlement file it is; sandbox by default
  --account ID        whose report it is: a processor account (pac_...)
  --part              the report is known to be a part of one: a batch that is not whole tells of no payout`,
  options: {
    file: { type: "string" },
    processor: { type: "string" },
    account: { type: "string" },
    part: { type: "boolean" },
  },
  run: async (call) => {
    const { values, environment } = call;
    const path = values["file"];
    if (typeof path !== "string" || path === "") throw new UsageError("--file is required.");
    const accountId = values["account"];
    if (accountId !== undefined && values["processor"] !== undefined) {
      throw new UsageError("--account says the processor: --processor is for settlement files.");
    }
    if (accountId === undefined && values["part"] === true) {
      throw new UsageError("--part is about the report of an account: --account is required.");
    }
    const report = await withDb(readDatabaseUrl(environment), async (db) => {
      const done =
        typeof accountId === "string"
          ? await reconcileOfAccount(call, db, { path, accountId })
          : await reconcileOfProcessor(call, db, path);
      await recordRun(db, "reconcile", done.lines);
      return done;
    });
    const isClean = report.breaksFound === 0;
    return { json: { ...report }, text: fields(report), exitCode: isClean ? 0 : 1 };
  },
};

async function reconcileOfProcessor(call: Call, db: Db, path: string): Promise<Report> {
  const { processor: named } = call.values;
  const name = typeof named === "string" ? named : "sandbox";
  const processors = createProcessors(NOT_CALLED);
  try {
    const processor = processors.get(name);
    if (!processor) throw new UsageError(`There is no processor called ${name}.`);
    return await reconcileFile({ db, processor, tell: progressOf(call) }, path);
  } finally {
    await Promise.all([...processors.values()].map((processor) => processor.close()));
  }
}

async function reconcileOfAccount(
  call: Call,
  db: Db,
  { path, accountId }: { readonly path: string; readonly accountId: string },
): Promise<Report> {
  const account = await findReportAccount(db, accountId);
  if (!account) throw new UsageError(`There is no processor account ${accountId}.`);
  const format = createProcessorKinds(NOT_CALLED).get(account.processor)?.reportFormat;
  if (!format) throw new UsageError(`Reports of ${account.processor} are not read.`);
  const isPart = call.values["part"] === true;
  return reconcileReport({ db, account, format, isPart, tell: progressOf(call) }, path);
}

/** Under the name that operators look for. */
export const reconcileOpsCommand: Command = { ...reconcileCommand, name: "ops reconcile" };

/** Their formats are what is needed of them. */
const NOT_CALLED = {
  sandboxUrl: "http://127.0.0.1:4010",
  stripeUrl: "http://127.0.0.1:4010",
  adyenUrl: undefined,
  sandboxWebhookSecret: undefined,
  timeoutMs: 1,
};

function progressOf({ say }: Call): (report: Report, bytes: number) => void {
  let saidAtMs = 0;
  return ({ status, position, lines, compared, breaksFound }, bytes) => {
    if (performance.now() - saidAtMs < SAID_EVERY_MS) return;
    saidAtMs = performance.now();
    const done = status === "LOADING" ? Math.floor((100 * Number(position)) / bytes) : 100;
    say(
      `${status.toLowerCase()}: ${String(done)} % read, ${String(lines)} lines, ` +
        `${String(compared)} compared, ${String(breaksFound)} breaks`,
    );
  };
}
