import { type Db, type Statement, run } from "../db/db";
import { createLog } from "../observability/log";
import type { ProcessorFinder } from "../payments/send-attempt";
import { parseSettings } from "../process/settings";
import { reachProcessors } from "../processor-accounts/reach-processors";
import { createProcessors } from "../processors/registry";
import { PROCESSOR_SETTINGS, type ProcessorConfig, processorConfig } from "../processors/settings";
import { type Unbooked, type Unbookeds, findUnbooked } from "../reconciliation/find-unbooked";
import { type Result, UnavailableError, UsageError } from "./command";
import { readKeyring } from "./keyring";
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
  const config = {
    sandboxUrl,
    ...processorConfig(parseSettings(PROCESSOR_SETTINGS, environment)),
  };
  const timeoutMs = config.processorTimeoutMs;
  const processors = createProcessors({ ...config, sandboxWebhookSecret: undefined, timeoutMs });
  try {
    const window = { from: since, to: new Date().toISOString() };
    const own = await Promise.all(
      [...processors.values()].map((processor) =>
        findUnbooked(db, { processor, account: null }, window).catch(() => {
          throw new UnavailableError(
            `The list of ${processor.name} cannot be read: ask again later.`,
          );
        }),
      ),
    );
    const { compared, unread } = await compareAccounts(db, { environment, config }, window);
    const all = [...own, ...compared].filter((each) => each !== undefined);
    const listed = all.reduce((sum, each) => sum + each.listed, 0);
    return report({ since, listed, unread, found: all.flatMap(({ found }) => found) });
  } finally {
    await Promise.all([...processors.values()].map((processor) => processor.close()));
  }
}

interface AccountRow {
  readonly merchantId: string;
  readonly id: string;
  readonly processor: string;
}

/** Every account, one after the other, whatever its status: what was begun at a disabled one may have moved as well. */
async function compareAccounts(
  db: Db,
  given: {
    readonly environment: NodeJS.ProcessEnv;
    readonly config: ProcessorConfig & { readonly sandboxUrl: string };
  },
  window: { readonly from: string; readonly to: string },
): Promise<{ compared: (Unbookeds | undefined)[]; unread: string[] }> {
  const [compared, unread]: [(Unbookeds | undefined)[], string[]] = [[], []];
  const rows = await run<AccountRow>(db, ACCOUNTS, []);
  if (rows.length === 0) return { compared, unread };
  const { secrets } = readKeyring(given.environment);
  const log = createLog("oncepay", "silent");
  const accounts = reachProcessors(new Map(), { db, log, secrets, config: given.config });
  try {
    for (const row of rows) {
      try {
        compared.push(await compareAccount(db, { ...row, accounts }, window));
      } catch {
        unread.push(row.id);
      }
    }
  } finally {
    await accounts.close();
  }
  return { compared, unread };
}

async function compareAccount(
  db: Db,
  {
    accounts,
    merchantId,
    id,
    processor: name,
  }: AccountRow & { readonly accounts: ProcessorFinder },
  window: { readonly from: string; readonly to: string },
): Promise<Unbookeds | undefined> {
  const asked = { merchantId, processor: name, processorAccountId: id, accountVersion: null };
  const processor = await accounts.processorOf(asked);
  return findUnbooked(db, { processor, account: { merchantId, id } }, window);
}

const ACCOUNTS: Statement = {
  name: "all_accounts_to_compare",
  text: `
    select p.merchant_id as "merchantId", p.id as "id", p.processor as "processor"
    from processor_accounts p order by p.id`,
};

interface Compared {
  readonly since: string;
  readonly listed: number;
  /** Accounts that could not be asked, or whose credentials cannot be opened. */
  readonly unread: readonly string[];
  readonly found: readonly Unbooked[];
}

function report({ since, listed, unread, found }: Compared): Result {
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
    ...unread.map((id) => `The list of ${id} cannot be read: ask again later.\n`),
  ];
  return {
    json: { since, listed, unread, missing: wrong.length, sums, movements: found },
    text: lines.join(""),
    exitCode: wrong.length + unread.length === 0 ? 0 : 1,
  };
}

function tableOf(found: readonly Unbooked[]): string {
  const rows = found.map(({ movedAt, processor, kind, amountMinor, currency, ...rest }) => [
    movedAt,
    rest.processorAccountId ?? processor,
    kind,
    amountMinor,
    currency,
    rest.reference,
    rest.state,
    rest.breakId,
  ]);
  const headings = ["MOVED", "AT", "KIND", "AMOUNT", "CURRENCY", "REFERENCE", "STATE"];
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
