import { setTimeout as pause } from "node:timers/promises";
import { startRedis } from "../../support/redis";
import { ask } from "../ask";
import {
  type Bench,
  describeCores,
  rounds,
  runLoad,
  warmupSeconds,
  watchCores,
  withInstallation,
} from "../bench";
import type { Child } from "../child";
import type { Installation } from "../installation";
import type { LoopPlan } from "../load/closed-loop";
import { median } from "../load/latency";
import type { Results, StormFigures } from "../results";
import { seedPayments, settleTables } from "./seed";

const KEYS = 100;
const REQUESTS = 10_000;
const CLIENTS = 64;
const SAMPLE_MS = 10;
// Backends report what they did once a second.
const STATISTICS_MS = 1_500;
const LIMIT_SECONDS = 120;

/** Everybody repeats the same requests: what it costs the database, with the replay cache and without it. */
export async function measureStorm(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("storm")) return {};
  const redis = await startRedis();
  try {
    const storms: StormFigures[] = [];
    const ways: Record<string, string>[] = [{}, ...(redis ? [{ REDIS_URL: redis.url }] : [])];
    for (const keys of ["finished", "at once"] as const) {
      for (const env of ways) storms.push(await measureOne(bench, keys, env));
    }
    return { storms };
  } finally {
    await redis?.stop();
  }
}

async function measureOne(
  bench: Bench,
  keys: StormFigures["keys"],
  env: Readonly<Record<string, string>>,
): Promise<StormFigures> {
  return withInstallation(bench, { name: "storm", env }, async (installation) => {
    const api = await installation.start("api");
    const plan = planOf(installation, api);
    await runLoad(bench, { ...plan, operation: "create", seconds: warmupSeconds(bench) });
    const redis = env["REDIS_URL"] !== undefined;
    const runs: StormFigures[] = [];
    for (let round = 0; round < rounds(bench); round += 1) {
      const load =
        keys === "finished" ? await finished(bench, plan) : await atOnce(plan, installation);
      runs.push(await storm({ bench, installation, api }, { keys, redis }, load));
    }
    const target = median(runs.map(({ throughput }) => throughput));
    const middle = runs.find(({ throughput }) => throughput === target) ?? runs[0];
    if (!middle) throw new Error("nothing was measured");
    const { throughput, latency, transactions, cores } = middle;
    bench.say(
      `storm, ${keys}, ${redis ? "with" : "without"} Redis: ${throughput.toFixed(0)}/s, ` +
        `p99 ${latency.p99.toFixed(1)} ms, ${String(transactions)} transactions, ` +
        `${middle.connectionsBusy.toFixed(1)} of ${String(middle.connectionsMax)} connections busy${describeCores(cores)}`,
    );
    return middle;
  });
}

type Plan = Omit<LoopPlan, "operation">;

function planOf({ merchants }: Installation, { port }: Child): Plan {
  const apiKeys = merchants.map(({ secretKey }) => secretKey);
  return { port, apiKeys, clients: CLIENTS, seconds: LIMIT_SECONDS };
}

async function finished(bench: Bench, plan: Plan): Promise<LoopPlan> {
  const { created } = await runLoad(bench, {
    ...plan,
    clients: 10,
    operation: "create",
    requestsMax: KEYS,
    remember: true,
  });
  return { ...plan, operation: "replay", payments: created, requestsMax: REQUESTS };
}

/** Of a mutation that is a transaction of its own, which waits for the intent's lock. */
async function atOnce(plan: Plan, installation: Installation): Promise<LoopPlan> {
  const payments = await seedPayments(installation, KEYS);
  return { ...plan, operation: "cancel", payments, copies: REQUESTS / KEYS };
}

async function storm(
  { bench, installation, api }: { bench: Bench; installation: Installation; api: Child },
  of: Pick<StormFigures, "keys" | "redis">,
  load: LoopPlan,
): Promise<StormFigures> {
  await settleTables(installation);
  const before = await transactionsOf(installation);
  const readCores = watchCores(bench, [api]);
  const connections = watchConnections(installation);
  const { count, throughput, latency } = await runLoad(bench, load);
  const { most, busy, samples } = await connections.end();
  const cores = readCores();
  const transactions = (await transactionsOf(installation)) - before - samples;
  return {
    ...of,
    keyCount: KEYS,
    requests: count,
    throughput,
    latency,
    transactions,
    connectionsMax: most,
    connectionsBusy: busy,
    cores,
  };
}

async function transactionsOf({ db }: Installation): Promise<number> {
  await pause(STATISTICS_MS);
  const [row] = await ask<{ count: number }>(
    db,
    `select xact_commit + xact_rollback as count from pg_stat_database
     where datname = current_database()`,
  );
  return row?.count ?? 0;
}

const SAMPLE = `
  select count(*) as open, count(*) filter (where state <> 'idle') as busy
  from pg_stat_activity
  where datname = current_database() and application_name = 'oncepay api'`;

function watchConnections({ db }: Installation) {
  let isOver = false;
  let most = 0;
  let busy = 0;
  let samples = 0;
  const watching = (async () => {
    while (!isOver) {
      // On a machine that is too busy to answer, a sample is left out.
      const [row] = await ask<{ open: number; busy: number }>(db, SAMPLE).catch(() => []);
      if (row) {
        samples += 1;
        most = Math.max(most, row.open);
        busy += row.busy;
      }
      await pause(SAMPLE_MS);
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await watching;
      return { most, busy: busy / Math.max(1, samples), samples };
    },
  };
}
