import { ask } from "../ask";
import type { Bench } from "../bench";
import { startHelper } from "../helper";
import type { Installation } from "../installation";
import { median } from "../load/latency";
import { clientsText } from "../report/words";
import { singleCreateStatement } from "./create-statement";
import { type StatementRate, findPgbench, runPgbench } from "./pgbench";

const CLIENTS = [1, 4, 16, 64];

/** What the database alone does with one create statement at a time for each client. */
export interface StatementCeiling {
  readonly how: string;
  readonly byClients: readonly (StatementRate & { readonly clients: number })[];
  readonly bestClients: number;
  readonly best: number;
  /** One client's mean latency, milliseconds. */
  readonly latencyMs: number;
}

export interface StatementProbe {
  /** All client counts, one after the other. */
  measure(): Promise<StatementCeiling>;
  /** The best client count once more; the ceiling becomes the median of its runs. */
  again(ceiling: StatementCeiling): Promise<StatementCeiling>;
  stop(): Promise<void>;
}

export async function createStatementProbe(
  bench: Bench,
  installation: Installation,
): Promise<StatementProbe> {
  const single = await singleCreateStatement();
  const merchantId = installation.merchants[0]?.id ?? "";
  const settings = await settingsOfProduct(installation);
  const pgbench = findPgbench();
  const helper = pgbench ? undefined : startHelper("ceilings/bare-pg-main.ts");
  const { databaseUrl } = installation;
  const { seconds } = bench.options;
  const run = (clients: number): Promise<StatementRate> => {
    const given = { databaseUrl, settings, clients, seconds };
    if (!pgbench) {
      const statement = single.textFor(merchantId, "$1");
      return helper?.call("run", { ...given, statement }) ?? Promise.reject(new Error("no helper"));
    }
    const statement = single.textFor(merchantId, ":client_id");
    const { directory } = bench.server;
    return runPgbench({ ...given, statement, file: pgbench.file, directory });
  };
  const runs: number[] = [];
  return {
    measure: async () => {
      const byClients: StatementCeiling["byClients"][number][] = [];
      for (const clients of CLIENTS) {
        byClients.push({ clients, ...(await run(clients)) });
        bench.say(`ceiling: one statement, ${describe(byClients.at(-1))}`);
      }
      const best = byClients.reduce((a, b) => (b.throughput > a.throughput ? b : a));
      runs.push(best.throughput);
      return {
        how: pgbench?.version ?? "bare pg, prepared",
        byClients,
        bestClients: best.clients,
        best: best.throughput,
        latencyMs: byClients[0]?.meanMs ?? NaN,
      };
    },
    again: async (ceiling) => {
      const rate = await run(ceiling.bestClients);
      bench.say(`ceiling: again, ${describe({ clients: ceiling.bestClients, ...rate })}`);
      runs.push(rate.throughput);
      return { ...ceiling, best: median(runs) };
    },
    stop: () => helper?.stop() ?? Promise.resolve(),
  };
}

function describe(rate: (StatementRate & { readonly clients: number }) | undefined): string {
  if (!rate) return "";
  const [each, mean] = [Math.round(rate.throughput), rate.meanMs.toFixed(2)];
  return `${clientsText(rate.clients)}: ${String(each)}/s, mean ${mean} ms`;
}

/** What the product sets on its connections, asked of one of them, so that plans are made alike. */
async function settingsOfProduct({ db }: Installation): Promise<Record<string, string>> {
  const rows = await ask<{ name: string; setting: string }>(
    db,
    `select name, setting from pg_settings where source = 'client'
     and (name like '%_cost' or name in ('plan_cache_mode', 'jit'))`,
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}
