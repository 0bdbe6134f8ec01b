import { createProcessors } from "../processors/registry";
import { reconcileFile } from "../reconciliation/reconcile-file";
import type { Report } from "../reconciliation/report-store";
import { type Call, type Command, UsageError } from "./command";
import { readDatabaseUrl, recordRun, withDb } from "./database";
import { fields } from "./ops/table";

const SAID_EVERY_MS = 2_000;

/** A file has a million lines: it is read where the database is at hand, and not sent over the API. */
export const reconcileCommand: Command = {
  name: "reconcile",
  summary: "compares a settlement file with the payments and the ledger",
  help: `Compares a processor's settlement file with the attempts and the ledger, line by line, and looks for what it lacks.
What differs becomes a break; see "oncepay ops breaks". The file may have any length: it is read in pieces, and when the
command is stopped and given the same file again, it goes on where it was. The same file is compared once.
The database is DATABASE_URL. It exits with 1 if anything differs that was not known before.

  --file PATH         the settlement file
  --processor NAME    whose it is; sandbox by default`,
  options: { file: { type: "string" }, processor: { type: "string" } },
  run: async (call) => {
    const { values, environment } = call;
    const path = values["file"];
    if (typeof path !== "string" || path === "") throw new UsageError("--file is required.");
    const name = typeof values["processor"] === "string" ? values["processor"] : "sandbox";
    const processors = createProcessors(NOT_CALLED);
    try {
      const processor = processors.get(name);
      if (!processor) throw new UsageError(`There is no processor called ${name}.`);
      const report = await withDb(readDatabaseUrl(environment), async (db) => {
        const done = await reconcileFile({ db, processor, tell: progressOf(call) }, path);
        await recordRun(db, "reconcile", done.lines);
        return done;
      });
      const isClean = report.breaksFound === 0;
      return { json: { ...report }, text: fields(report), exitCode: isClean ? 0 : 1 };
    } finally {
      await Promise.all([...processors.values()].map((processor) => processor.close()));
    }
  },
};

/** Under the name that operators look for. */
export const reconcileOpsCommand: Command = { ...reconcileCommand, name: "ops reconcile" };

/** Their formats are what is needed of them. */
const NOT_CALLED = {
  sandboxUrl: "http://127.0.0.1:4010",
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
