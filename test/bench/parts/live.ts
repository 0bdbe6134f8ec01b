import { setTimeout as pause } from "node:timers/promises";
import { type Bench, rounds, runLoad, warmupSeconds, withInstallation } from "../bench";
import type { Child } from "../child";
import { startHelper } from "../helper";
import type { Installation } from "../installation";
import { median } from "../load/latency";
import type { LiveFigures, Results } from "../results";
import { memoryOf } from "../usage";
import { seedPayments } from "./seed";

const WATCHED = 1_000;
const PAYMENTS = 200;
const CLIENTS = 64;
/** One who pays, and one whose shoppers watch. */
const MERCHANTS = 2;

/**
 * Frontends that watch: how long it takes from a commit to the client over two API processes and a worker, what a
 * thousand open subscriptions take of memory, and what they cost the mutations of others.
 */
export async function measureLive(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("live")) return {};
  const env = {
    ONCEPAY_LIMIT_SUBSCRIPTIONS: "key=off,secret=off",
    // All of them and those who pay come from here.
    ONCEPAY_ADDRESS_CONNECTIONS_MAX: "5000",
  };
  return withInstallation(
    bench,
    { name: "live", env, merchants: MERCHANTS },
    async (installation) => {
      await installation.start("sandbox");
      const first = await installation.start("api");
      const second = await installation.startAnother("api");
      await installation.start("worker");
      const watchers = startHelper("load/watch-main.ts");
      try {
        const of = { bench, installation, watchers };
        const latency = await commitToClient(of, { first, second });
        bench.say(
          `live: from the commit to the client p50 ${latency.p50Ms.toFixed(0)}, p95 ${latency.p95Ms.toFixed(0)} ms`,
        );
        const open = await thousandOpen(of, first);
        const live: LiveFigures = { ...latency, ...open };
        bench.say(
          `live: ${String(WATCHED)} open take ${live.memoryMb.toFixed(0)} MB; ` +
            `creates ${live.alone.toFixed(0)}/s alone, ${live.watched.toFixed(0)}/s beside them`,
        );
        return { live };
      } finally {
        await watchers.stop();
      }
    },
  );
}

interface Live {
  readonly bench: Bench;
  readonly installation: Installation;
  readonly watchers: ReturnType<typeof startHelper>;
}

const PAYING = 0;
const WATCHING = 1;

/** They are seeded for each merchant in turn. */
async function paymentsOf(installation: Installation, merchant: number, count: number) {
  const payments = await seedPayments(installation, count * MERCHANTS);
  return payments.filter((payment) => payment.merchant === merchant);
}

/** Confirmed at one process, watched at the other; the worker commits the end. Times are the database's own commits. */
async function commitToClient(
  { installation, watchers }: Live,
  { first, second }: { readonly first: Child; readonly second: Child },
): Promise<Pick<LiveFigures, "p50Ms" | "p95Ms" | "changes">> {
  const payments = await paymentsOf(installation, PAYING, PAYMENTS);
  const key = installation.merchants[PAYING]?.secretKey ?? "";
  const ids = payments.map(({ id }) => id);
  await watchers.call("watch", { port: second.port, key, ids });
  const lags = await watchers.call<number[]>("confirm", { port: first.port, key, ids });
  lags.sort((a, b) => a - b);
  const at = (share: number): number => lags[Math.ceil(share * lags.length) - 1] ?? NaN;
  await watchers.call("close", {});
  return { p50Ms: at(0.5), p95Ms: at(0.95), changes: lags.length };
}

const SETTLE_MS = 3_000;

/** Creates of one merchant in turns with and without a thousand subscriptions of another, whose payments rest. */
async function thousandOpen(
  { bench, installation, watchers }: Live,
  api: Child,
): Promise<Pick<LiveFigures, "memoryMb" | "alone" | "watched">> {
  const payments = await paymentsOf(installation, WATCHING, WATCHED);
  const key = installation.merchants[PAYING]?.secretKey ?? "";
  const watchersKey = installation.merchants[WATCHING]?.secretKey ?? "";
  const ids = payments.map(({ id }) => id);
  const create = async (seconds: number): Promise<number> => {
    const plan = { port: api.port, operation: "create" as const, apiKeys: [key] };
    return (await runLoad(bench, { ...plan, clients: CLIENTS, seconds })).throughput;
  };
  await create(warmupSeconds(bench));
  const rates = { alone: [] as number[], watched: [] as number[] };
  const memories: number[] = [];
  for (let round = 0; round < rounds(bench); round += 1) {
    rates.alone.push(await create(bench.options.seconds));
    await pause(SETTLE_MS);
    const before = memoryOf(api.pid)?.residentMb ?? NaN;
    await watchers.call("watch", { port: api.port, key: watchersKey, ids });
    await pause(SETTLE_MS);
    memories.push((memoryOf(api.pid)?.residentMb ?? NaN) - before);
    rates.watched.push(await create(bench.options.seconds));
    await watchers.call("close", {});
  }
  const [alone, watched] = [median(rates.alone), median(rates.watched)];
  // The first time counts: later ones find memory that the process has already.
  return { memoryMb: memories[0] ?? NaN, alone, watched };
}
