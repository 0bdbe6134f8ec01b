import { appendFileSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { Client } from "pg";
import { SUSPICIOUS, leakIn } from "../../src/audit/find-leaks";
import { sensitiveIn } from "../../src/security/sensitive";

/**
 * What a test run leaves behind, gathered in one directory and searched for card numbers and secrets when it ends:
 *
 * - the logs, at level debug, of every app that runs within a test;
 * - what is printed to the console by a test or by what it calls;
 * - every row of every table of every test database, ours and BullMQ's and the card network's, when it is dropped.
 *
 * The logs of real processes are in files of the attacks, which each attack searches in the same way.
 */
export function artefactsDirectory(): string | undefined {
  return process.env["TEST_ARTEFACTS"];
}

/** A file of the caller's own; undefined outside of a run. */
export function newArtefact(name: string): string | undefined {
  const directory = artefactsDirectory();
  if (directory === undefined) return undefined;
  mkdirSync(directory, { recursive: true });
  return path.join(directory, `${name}-${randomBytes(6).toString("hex")}.log`);
}

const LINE_MAX = 100_000;

/** Where in the files of a directory a card number or a secret stands, or a field that the log leaves out. */
export function leaksInFiles(directory: string): string[] {
  return readdirSync(directory).flatMap((name) =>
    readFileSync(path.join(directory, name), "utf8")
      .split("\n")
      .flatMap((line, index) => {
        const found = leakOfLine(line.slice(0, LINE_MAX));
        return found === undefined ? [] : [`${name}, line ${String(index + 1)}: ${found}`];
      }),
  );
}

function leakOfLine(line: string): string | undefined {
  if (line.startsWith("LEAK ")) return line.slice("LEAK ".length);
  const found = sensitiveIn(line);
  if (found) return `it holds a ${found}`;
  const unlisted = /"unlisted":(\[[^\]]*\])/.exec(line)?.[1];
  return unlisted === undefined ? undefined : `the log has no field for ${unlisted}`;
}

const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as "table"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and has_table_privilege(c.oid, 'select')`;

/** Every text in every row of a database, in two questions; what is found is written down for the end of the run. */
export async function keepLeaksOf(url: string): Promise<void> {
  const file = newArtefact("database");
  if (file === undefined) return;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ table: string }>(TABLES);
    if (tables.length === 0) return;
    const parts = tables.map(
      ({ table }) => `select '${table}' as "table", to_jsonb(t) as row from ${table} t`,
    );
    const { rows } = await client.query<{ table: string; row: unknown }>(
      `select * from (${parts.join(" union all ")}) all_rows where row::text ~ '${SUSPICIOUS}'`,
    );
    for (const { table, row } of rows) {
      const found = leakIn(row);
      if (found) appendFileSync(file, `LEAK the table ${table} holds a ${found}\n`);
    }
  } finally {
    await client.end();
  }
}
