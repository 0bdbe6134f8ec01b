import type { Db } from "../db/db";
import { PROCESSOR_SETTINGS } from "../processors/settings";
import { parseSettings } from "../process/settings";
import { createProcessors } from "../processors/registry";
import { type Unbooked, findUnbooked } from "../reconciliation/find-unbooked";
import { type Result, UnavailableError, UsageError } from "./command";
import { table } from "./ops/table";

/** What the processors' own lists have and the books have not, for "verify": counted, summed, and each by its reference. */

const DAY_MS = 86_400_000;
const SHOWN_MAX = 100;

export interface Against {
  readonly sandboxUrl: string;
  /** ISO 8601. */
  readonly since: string;
}

export function parseSince(text: string | undefined): string {
  if (text === undefined) return new Date(Date.now() - DAY_MS).toISOString();
  const ms = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) {
    throw new UsageError("--since must be a time such as 2026-11-20T08:30:00Z.");
  }
  return new Date(ms).toISOString();
}

export async function compareWithLists(
  db: Db,
  environment: NodeJS.ProcessEnv,
  { sandboxUrl, since }: Against,
): Promise<Result> {
  const { ONCEPAY_PROCESSOR_TIMEOUT_MS: timeoutMs } = parseSettings(
    PROCESSOR_SETTINGS,
    environment,
  );
  const processors = createProcessors({ sandboxUrl, sandboxWebhookSecret: undefined, timeoutMs });
  try {
    const window = { from: since, to: new Date().toISOString() };
    const found: Unbooked[] = [];
    let listed = 0;
    for (const processor of processors.values()) {
      const compared = await findUnbooked(db, processor, window).catch(() => {
        throw new UnavailableError(
          `The list of ${processor.name} cannot be read: ask again later.`,
        );
      });
      listed += compared?.listed ?? 0;
      found.push(...(compared?.found ?? []));
    }
    return report({ since, listed, found });
  } finally {
    await Promise.all([...processors.values()].map((processor) => processor.close()));
  }
}

interface Compared {
  readonly since: string;
  readonly listed: number;
  readonly found: readonly Unbooked[];
}

function report({ since, listed, found }: Compared): Result {
  const wrong = found.filter(({ state }) => state === "NOT_HERE" || state === "OTHERWISE_HERE");
  const sums = sumsOf(found);
  const lines = [
    `\nThe processors' lists since ${since}: ${String(listed)} movements, ` +
      `${String(wrong.length)} of which the books lack.\n`,
    ...(sums.length === 0
      ? []
      : [
          table(
            ["STATE", "KIND", "CURRENCY", "COUNT", "AMOUNT"],
            sums.map((sum) => [sum.state, sum.kind, sum.currency, sum.count, sum.amount]),
          ),
        ]),
    ...(wrong.length === 0 ? [] : ["\n", tableOf(wrong.slice(0, SHOWN_MAX))]),
    ...(wrong.length > SHOWN_MAX ? [`and ${String(wrong.length - SHOWN_MAX)} more\n`] : []),
  ];
  return {
    json: { since, listed, missing: wrong.length, sums, movements: found },
    text: lines.join(""),
    exitCode: wrong.length === 0 ? 0 : 1,
  };
}

function tableOf(found: readonly Unbooked[]): string {
  const rows = found.map(({ movedAt, processor, kind, amountMinor, currency, ...rest }) => [
    movedAt,
    processor,
    kind,
    amountMinor,
    currency,
    rest.reference,
    rest.state,
    rest.breakId,
  ]);
  const headings = ["MOVED", "PROCESSOR", "KIND", "AMOUNT", "CURRENCY", "REFERENCE", "STATE"];
  return table([...headings, "BREAK"], rows);
}

interface Sum {
  readonly state: Unbooked["state"];
  readonly kind: Unbooked["kind"];
  readonly currency: string;
  readonly count: number;
  /** Minor units. */
  readonly amount: number;
}

/** By state, kind and currency, so that captures and refunds never cancel each other out. */
function sumsOf(found: readonly Unbooked[]): Sum[] {
  const sums = new Map<string, Sum>();
  for (const { state, kind, currency, amountMinor } of found) {
    const key = [state, kind, currency].join(" ");
    const { count = 0, amount = 0 } = sums.get(key) ?? {};
    sums.set(key, { state, kind, currency, count: count + 1, amount: amount + amountMinor });
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}
