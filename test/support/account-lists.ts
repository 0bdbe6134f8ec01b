import type { ProcessorFinder } from "../../src/payments/send-attempt";
import type { Processor } from "../../src/processors/processor";
import { sweepAccounts } from "../../src/reconciliation/sweep-accounts";
import type { TestApp } from "./app";
import { listing } from "./processor-lists";

const HOUR_MS = 3_600_000;

interface AccountRun {
  readonly id: string;
  readonly processor_account_id: string;
  readonly status: string;
  readonly failure: string | null;
  readonly lines: string;
  readonly compared: string;
  readonly matched: string;
}

/** What accounts' processors list, compared with the books, and what becomes of the breaks. */
export function accountListing(t: TestApp, { withinMs = 0 }: { readonly withinMs?: number } = {}) {
  /** By account: references that are left out of its list. */
  const withheld = new Map<string, readonly string[]>();
  const processorOf: ProcessorFinder["processorOf"] = async (asked) => {
    const found = await t.app.processorOf(asked);
    const list = found.listMovements;
    if (!list) return found;
    const listMovements: Processor["listMovements"] = async (window) => {
      const page = await list(window);
      const hidden = withheld.get(asked.processorAccountId ?? "") ?? [];
      const movements = page.movements.filter(({ reference }) => !hidden.includes(reference));
      return { ...page, movements };
    };
    return { ...found, listMovements };
  };
  /** The next window of an hour, which ends at this time, of every account; returns how many breaks were found. */
  const listUpTo = async (nowMs: number): Promise<number> => {
    const config = { ...t.app.config, listEveryMs: HOUR_MS };
    await t.db("processor_accounts").update({ lists_at: new Date(0) });
    return sweepAccounts({ ...t.app, config, processorOf }, { nowMs, settledMs: 0 });
  };
  const ofAccounts = () => t.db("reconciliation_runs").whereNotNull("processor_account_id");
  const startOver = async (): Promise<void> => {
    for (const table of ["processor_lines", "processor_payout_lines", "processor_payouts"]) {
      await t.db(table).whereIn("run_id", ofAccounts().select("id")).delete();
    }
    await ofAccounts().delete();
  };
  return {
    ...listing(t),
    withheld,
    processorOf,
    listUpTo,
    startOver,
    /** As if there had been no list so far, with everything of just now so late in it that its line must be there. */
    listAnew: async (): Promise<number> => {
      await startOver();
      return listUpTo(Date.now() + HOUR_MS / 2 + withinMs);
    },
    runsOf: async (accountId: string): Promise<AccountRun[]> =>
      (await ofAccounts().where({ processor_account_id: accountId }).orderBy("id")) as AccountRun[],
  };
}
