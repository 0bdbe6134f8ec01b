import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fillBooks } from "../../support/settlement-books";
import { connect } from "../../../src/db/connect";
import type { Db } from "../../../src/db/db";
import { trialBalance } from "../../../src/ledger/balance-store";
import type { Attack } from "../attack";

const SIZES = { full: { lines: 1_000_000, planted: 250 }, short: { lines: 4_000, planted: 5 } };

const CLI = path.resolve(__dirname, "../../../dist/src/cli/oncepay.js");

/** A day's file of a large merchant, with breaks of every kind in known places; the program is killed on its way. */
export const settlementFile: Attack = {
  name: "settlement-file",
  promise:
    "A settlement file of a million lines with planted breaks of every kind, the program killed twice on its way: each break is found and classified, nothing else is, in bounded memory.",
  // It is about a program of its own, on a database of its own.
  options: { apis: 1, workers: 1 },
  run: async ({ size, operations, cluster, check, progress }) => {
    const { lines = SIZES[size].lines, planted } = {
      ...SIZES[size],
      ...(operations && { lines: operations }),
    };
    const databaseUrl = await cluster.createDatabase("migrated");
    // Filling takes as long as it takes.
    const db = connect({
      ...{ url: databaseUrl, poolMax: 2, applicationName: "oncepay settlement books" },
      ...{ statementTimeoutMs: 0, settings: ["idle_in_transaction_session_timeout=0"] },
    });
    try {
      progress(`filling the books with ${String(lines)} movements`);
      const books = await fillBooks(db, { directory: cluster.directory, lines, planted });
      const startedAt = performance.now();
      // Killed while it reads, and again while it compares.
      const kills = [
        await runProgram(books.file, databaseUrl, { after: (seen) => seen.includes("loading") }),
        await runProgram(books.file, databaseUrl, { after: (seen) => seen.includes("comparing") }),
      ];
      const last = await runProgram(books.file, databaseUrl, { after: () => false });
      const seconds = (performance.now() - startedAt) / 1_000;
      progress(`done in ${seconds.toFixed(1)} s`);
      const [report] = await db("reconciliation_runs");
      check.equal("the report", report?.status, "COMPLETED");
      check.equal("lines read", Number(report?.lines), books.lines);
      const rows = await db("reconciliation_breaks").select("kind", "subject_id");
      const found = rows.map((row) => `${String(row.kind)} ${String(row.subject_id)}`).toSorted();
      const wanted = books.breaks.toSorted();
      const missed = wanted.filter((one) => !found.includes(one));
      check.equal("breaks that were planted and not found", missed, []);
      const known = new Set(wanted);
      check.equal(
        "breaks that nobody planted",
        found.filter((one) => !known.has(one)),
        [],
      );
      check.equal("breaks", found.length, wanted.length);
      const again = await runProgram(books.file, databaseUrl, { after: () => false });
      check.equal("breaks after the same file again", await countBreaks(db), wanted.length);
      const merchant = await db("attempts").first<{ merchant_id: string }>("merchant_id");
      check.holds(
        "the books balance",
        (await trialBalance(db, merchant?.merchant_id ?? "")).balanced,
      );
      await rm(books.file);
      const peak = Math.max(...[...kills, last, again].map(({ peakMb }) => peakMb));
      if (size === "full") check.holds(`its memory is bounded: ${String(peak)} MB`, peak < 300);
      return {
        figures: {
          "lines in the file": books.lines,
          "breaks planted, of 8 kinds, in movements and disputes": wanted.length,
          "breaks found": found.length,
          "false positives": found.filter((one) => !known.has(one)).length,
          "time with both kills, s": seconds.toFixed(1),
          "lines a second": Math.round(books.lines / seconds),
          "peak memory of the program, MB": peak,
          "the same file again, s": again.seconds.toFixed(1),
        },
        sometimes: {
          "killed on its way": size === "full" ? kills.filter(({ killed }) => killed).length : 1,
        },
      };
    } finally {
      await db.destroy();
    }
  },
};

async function countBreaks(db: Db): Promise<number> {
  const [row] = await db("reconciliation_breaks").count<{ count: string }[]>();
  return Number(row?.count);
}

interface Ran {
  readonly killed: boolean;
  readonly peakMb: number;
  readonly seconds: number;
}

async function runProgram(
  file: string,
  databaseUrl: string,
  kill: { readonly after: (seen: string) => boolean },
): Promise<Ran> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [CLI, "reconcile", "--file", file], {
    env: { PATH: process.env["PATH"], DATABASE_URL: databaseUrl },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let seen = "";
  child.stdout.on("data", (text: Buffer) => (seen += text.toString()));
  child.stderr.on("data", (text: Buffer) => (seen += text.toString()));
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      resolve();
    });
  });
  let over = false;
  let peakMb = 0;
  let killed = false;
  void ended.then(() => (over = true));
  while (!over) {
    peakMb = Math.max(peakMb, peakOf(child));
    if (!killed && kill.after(seen)) killed = child.kill("SIGKILL");
    await Promise.race([ended, pause(50)]);
  }
  // It exits with 1 when something differs, which is what the file is for.
  if (!killed && ![0, 1].includes(child.exitCode ?? -1)) throw new Error(`it failed: ${seen}`);
  return { killed, peakMb, seconds: (performance.now() - startedAt) / 1_000 };
}

/** The most memory that a process has had so far, as Linux counts it; 0 where that is not told. */
function peakOf({ pid }: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024);
  } catch {
    return 0;
  }
}
