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

/*
 * Where it is killed: as it reads and as it compares, wherever that is; and then at each step that ends something, before
 * its commit.
 */
const WORDS = ["loading", "comparing"];
const STEPS = ["COMPARING", "MISSING", "PAYOUTS", "COMPLETED"];

/** Whoever is about to commit one of these steps waits for this lock. */
const HELD = 7_460_226_699;

const HOLD = `
  create table held_step (status text);
  insert into held_step values (null);
  create function hold_step() returns trigger language plpgsql security definer as $$
  begin
    if new.status = (select status from held_step) then
      perform pg_advisory_xact_lock(${String(HELD)});
    end if;
    return new;
  end $$;
  create trigger hold_step before update of status on reconciliation_runs
    for each row when (new.status <> old.status) execute function hold_step()`;

/** A day's file of a large merchant, with breaks of every kind in known places; the program is killed on its way. */
export const settlementFile: Attack = {
  name: "settlement-file",
  promise:
    "A settlement file of a million lines with planted breaks of every kind, the program killed at each of its steps: each break is found and classified, nothing else is, in bounded memory.",
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
      const run = (after: Kill) => runProgram(books.file, databaseUrl, after);
      const kills: Ran[] = [];
      // A small file is read before a word is said of it.
      for (const word of size === "full" ? WORDS : []) {
        kills.push(await run((seen) => seen.includes(word)));
      }
      await db.raw(HOLD);
      // What was killed as it compared has begun to.
      const steps = size === "full" ? STEPS.slice(1) : STEPS;
      for (const status of steps) kills.push(await killedAt(db, status, run));
      await db.raw("drop table held_step; drop function hold_step cascade");
      const last = await run(() => false);
      const seconds = (performance.now() - startedAt) / 1_000;
      progress(`done in ${seconds.toFixed(1)} s`);
      check.equal("kills", kills.filter(({ killed }) => killed).length, kills.length);
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
      const again = await run(() => false);
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
          "time with all kills, s": seconds.toFixed(1),
          "lines a second": Math.round(books.lines / seconds),
          "peak memory of the program, MB": peak,
          "the same file again, s": again.seconds.toFixed(1),
        },
        sometimes: { "killed on its way": kills.filter(({ killed }) => killed).length },
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

type Kill = (seen: string) => boolean | Promise<boolean>;

/** Killed while it waits to commit a step, which is so taken back; let through afterwards. */
async function killedAt(db: Db, status: string, run: (kill: Kill) => Promise<Ran>): Promise<Ran> {
  await db("held_step").update({ status });
  const holder = await db.transaction();
  await holder.raw("select pg_advisory_xact_lock(?)", [HELD]);
  const isHeld = async (): Promise<boolean> => {
    const { rows } = await holder.raw<{ rows: unknown[] }>(
      `select from pg_locks l join pg_database d on d.oid = l.database
       where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`,
    );
    return rows.length > 0;
  };
  const ran = await run(isHeld);
  await db("held_step").update({ status: null });
  await holder.rollback();
  return ran;
}

interface Ran {
  readonly killed: boolean;
  readonly peakMb: number;
  readonly seconds: number;
}

async function runProgram(file: string, databaseUrl: string, kill: Kill): Promise<Ran> {
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
    if (!killed && (await kill(seen))) killed = child.kill("SIGKILL");
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
