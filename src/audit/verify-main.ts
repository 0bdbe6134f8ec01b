import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { connect } from "../db/connect";
import { type AuditOptions, auditBooks, checkNames } from "./audit-books";
import type { Violation } from "./check";
import type { Movement } from "./compare-movements";

const HELP = `Usage: npm run verify -- [--sandbox-url URL] [--max-age-seconds N]

Audits the books: every invariant that must hold whatever was retried, duplicated or killed.
Reads only, as of one moment, and can be run while the system works. Exits with 1 when one is violated.

  --sandbox-url       also compare with what the sandbox card network says it moved
  --max-age-seconds   also require that nothing is under way for longer than this
  --help              this text

The database is DATABASE_URL; without it, the one of the running "npm start" (.oncepay/dev.json).
`;

interface Places {
  readonly databaseUrl: string;
  readonly sandboxUrl: string | undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "sandbox-url": { type: "string" },
      "max-age-seconds": { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const maxAgeSeconds = parseAge(values["max-age-seconds"]);
  const places = findPlaces();
  const sandboxUrl = values["sandbox-url"] ?? places.sandboxUrl;
  const options: AuditOptions = {
    ...(sandboxUrl !== undefined && { movements: () => fetchMovements(sandboxUrl) }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
  };
  const db = connect({
    url: places.databaseUrl,
    poolMax: 2,
    applicationName: "oncepay verify",
    statementTimeoutMs: 0,
  });
  try {
    report(await auditBooks(db, options), options);
  } finally {
    await db.destroy();
  }
}

function parseAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Error("--max-age-seconds must be a whole number.");
  return Number(text);
}

function findPlaces(): Places {
  const databaseUrl = process.env["DATABASE_URL"];
  if (databaseUrl) return { databaseUrl, sandboxUrl: undefined };
  const file = path.resolve(".oncepay", "dev.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new Error(`DATABASE_URL is not set, and there is no ${file}: is "npm start" running?`);
  }
  const state = JSON.parse(text) as { databaseUrl: string; sandboxUrl?: string };
  return { databaseUrl: state.databaseUrl, sandboxUrl: state.sandboxUrl };
}

const FETCH_TIMEOUT_MS = 120_000;

async function fetchMovements(sandboxUrl: string): Promise<readonly Movement[]> {
  const response = await fetch(new URL("/admin/movements", sandboxUrl), {
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${sandboxUrl} answered ${String(response.status)}.`);
  return ((await response.json()) as { movements: Movement[] }).movements;
}

function report(violations: readonly Violation[], options: AuditOptions): void {
  for (const { invariant, name } of checkNames(options)) {
    const broken = violations.filter((violation) => violation.check === name);
    const state = broken.length > 0 ? "BROKEN" : "holds";
    process.stdout.write(`${invariant.padEnd(5)}${state.padEnd(8)}${name}\n`);
    for (const { subject, detail } of broken)
      process.stdout.write(`             ${subject}: ${detail}\n`);
  }
  const witness = options.movements ? "with" : "without";
  process.stdout.write(
    `\n${String(violations.length)} violations, ${witness} the card network's books for a witness.\n`,
  );
  if (violations.length > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
});
