import { readFileSync } from "node:fs";
import path from "node:path";
import { type AuditOptions, auditBooks, checkNames } from "../audit/audit-books";
import type { Violation } from "../audit/check";
import { compareWithLists, parseSince } from "./against-network";
import { readCheckpoints } from "./read-checkpoints";
import type { NetworkDispute } from "../audit/compare-disputes";
import type { NetworkPayout } from "../audit/compare-payouts";
import type { Movement } from "../audit/compare-movements";
import { type Command, type Result, UnavailableError, UsageError } from "./command";
import { readDatabaseUrl, withDb } from "./database";
import { ConfigError } from "../process/settings";

/** Reads only, as of one moment: it can be run while the system works. */
export const verifyCommand: Command = {
  name: "verify",
  summary: "audits the books: every invariant that must hold whatever was retried or killed",
  help: `Audits the books: every invariant that must hold whatever was retried, duplicated or killed.
It only reads, from a single snapshot, and can be run while the system is working. It exits with 1 if any invariant is
violated. The database is DATABASE_URL or, without it, that of the running "npm start" (.oncepay/dev.json).

  --sandbox-url URL     also compare with the movements, disputes and payouts in the sandbox card network's books
  --max-age-seconds N   also require that nothing has been in progress for longer than this
  --checkpoints FILE    also require that seals are those whose checkpoints "oncepay checkpoints export" once printed
  --against-network     also read the processors' own lists, those of merchants' accounts included, and name, by amount
                        and currency, what they moved and the books lack, as after a restore; it exits with 1 then, too,
                        and where an account's list could not be read. Accounts need ONCEPAY_ENCRYPTION_KEY
  --since TIME          from when on their lists are read, ISO 8601; a day back by default`,
  options: {
    "sandbox-url": { type: "string" },
    "against-network": { type: "boolean" },
    since: { type: "string" },
    "max-age-seconds": { type: "string" },
    checkpoints: { type: "string" },
  },
  run: async ({ values, environment, say }) => {
    const maxAgeSeconds = parseAge(values["max-age-seconds"] as string | undefined);
    const givenUrl = parseSandboxUrl(values["sandbox-url"] as string | undefined);
    const checkpoints = readCheckpoints(values["checkpoints"] as string | undefined);
    const since = parseSince(values["since"] as string | undefined);
    const places = findPlaces(environment);
    const sandboxUrl = givenUrl ?? places.sandboxUrl;
    const options: AuditOptions = {
      ...(sandboxUrl !== undefined && {
        movements: () => fetchList<Movement>(sandboxUrl, "movements"),
        disputes: () => fetchList<NetworkDispute>(sandboxUrl, "disputes"),
        payouts: () => fetchList<NetworkPayout>(sandboxUrl, "payouts"),
      }),
      ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
      ...(checkpoints && { checkpoints }),
      progress: say,
    };
    return withDb(places.databaseUrl, async (db) => {
      const audited = report(await auditBooks(db, options), options);
      if (values["against-network"] !== true) return audited;
      const listedBy = sandboxUrl ?? environment["ONCEPAY_SANDBOX_URL"] ?? DEFAULT_SANDBOX_URL;
      const compared = await compareWithLists(db, environment, { sandboxUrl: listedBy, since });
      return {
        json: { ...audited.json, againstNetwork: compared.json },
        text: audited.text + compared.text,
        exitCode: Math.max(audited.exitCode ?? 0, compared.exitCode ?? 0),
      };
    });
  },
};

const DEFAULT_SANDBOX_URL = "http://127.0.0.1:4010";

interface Places {
  readonly databaseUrl: string;
  readonly sandboxUrl: string | undefined;
}

function parseAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError("--max-age-seconds must be a whole number.");
  return Number(text);
}

function parseSandboxUrl(text: string | undefined): string | undefined {
  if (text === undefined || isHttpUrl(text)) return text;
  throw new UsageError("--sandbox-url must be an address such as http://localhost:4010.");
}

function isHttpUrl(text: unknown): text is string {
  return typeof text === "string" && /^https?:\/\//i.test(text) && URL.canParse(text);
}

function findPlaces(environment: NodeJS.ProcessEnv): Places {
  if (environment["DATABASE_URL"]) {
    return { databaseUrl: readDatabaseUrl(environment), sandboxUrl: undefined };
  }
  const file = path.resolve(".oncepay", "dev.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new ConfigError(
      `DATABASE_URL is not set, and there is no ${file}: is "npm start" running?`,
    );
  }
  const { databaseUrl, sandboxUrl } = parseState(text);
  if (typeof databaseUrl !== "string" || !isHttpUrl(sandboxUrl ?? "http://none")) {
    throw new ConfigError(
      `${file} is damaged: stop "npm start", remove this file and start again, or set DATABASE_URL.`,
    );
  }
  return { databaseUrl, sandboxUrl };
}

/** Without anything in it when it is damaged. */
function parseState(text: string): Partial<Places> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<Places>;
  } catch {
    return {};
  }
}

const FETCH_TIMEOUT_MS = 120_000;

async function fetchList<Item>(
  sandboxUrl: string,
  name: "movements" | "disputes" | "payouts",
): Promise<readonly Item[]> {
  const { status, text } = await fetchText(new URL(`/admin/${name}`, sandboxUrl));
  const list = status === 200 ? parseList(text, name) : undefined;
  if (list) return list as readonly Item[];
  throw new UnavailableError(
    `What answers at ${sandboxUrl} is not the sandbox card network (status ${String(status)}).`,
  );
}

async function fetchText(url: URL): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    throw new UnavailableError(`The card network at ${url.origin} does not answer.`);
  }
}

function parseList(text: string, name: string): readonly unknown[] | undefined {
  try {
    const { [name]: list } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return Array.isArray(list) ? (list as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

function report(violations: readonly Violation[], options: AuditOptions): Result {
  const checks = checkNames(options).map(({ invariant, name }) => ({
    invariant,
    name,
    violations: violations
      .filter(({ check }) => check === name)
      .map(({ subject, detail }) => ({ subject, detail })),
  }));
  const lines = checks.flatMap(({ invariant, name, violations: broken }) => [
    `${invariant.padEnd(5)}${(broken.length > 0 ? "BROKEN" : "holds").padEnd(8)}${name}`,
    ...broken.map(({ subject, detail }) => `             ${subject}: ${detail}`),
  ]);
  const withWitness = options.movements !== undefined;
  const found = `${String(violations.length)} ${violations.length === 1 ? "violation" : "violations"}`;
  const witness = withWitness ? "with" : "without";
  return {
    json: { holds: violations.length === 0, withWitness, checks },
    text: `${lines.join("\n")}\n\n${found}, ${witness} comparison with the card network's books.\n`,
    exitCode: violations.length === 0 ? 0 : 1,
  };
}
