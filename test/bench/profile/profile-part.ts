import { type Bench, runLoad, warmupSeconds, withInstallation } from "../bench";
import { startHelper } from "../helper";
import { newReceiverSecret } from "../installation";
import { drainOnce } from "../parts/drain";
import { runPayments } from "../parts/payment";
import { seedPayments, settleTables } from "../parts/seed";
import { type Window, monotonicMs } from "./cpu-profile";

/** What can be profiled; the first of a part is what it is about. */
export const PROFILED = [
  { part: "create", process: "api" },
  { part: "confirm", process: "api" },
  { part: "cancel", process: "api" },
  { part: "query", process: "api" },
  { part: "payment", process: "worker" },
  { part: "payment", process: "api" },
  { part: "drain", process: "worker" },
] as const;
export type Profiled = (typeof PROFILED)[number];

interface Outcome {
  readonly window: Window;
  readonly figure: string;
}

/** Puts a part under load while the process in question runs with these flags. */
export function profilePart(
  bench: Bench,
  what: Profiled,
  nodeFlags: readonly string[],
): Promise<Outcome> {
  switch (what.part) {
    case "create":
    case "confirm":
    case "cancel":
    case "query":
      return profileOperation(bench, what.part, nodeFlags);
    case "payment":
      return profilePayments(bench, what.process, nodeFlags);
    case "drain":
      return profileDrain(bench, nodeFlags);
  }
}

const CLIENTS = 64;
/** How many payments there have to be: more than can be used up in a second, or enough to choose from. */
const SEEDED = { create: 0, confirm: 12_000, cancel: 2_000, query: 2_000 } as const;

async function profileOperation(
  bench: Bench,
  operation: "create" | "confirm" | "cancel" | "query",
  nodeFlags: readonly string[],
): Promise<Outcome> {
  return withInstallation(bench, { name: "profile" }, async (installation) => {
    const api = await installation.start("api", { nodeFlags });
    const apiKeys = installation.merchants.map(({ secretKey }) => secretKey);
    const plan = { port: api.port, apiKeys, clients: CLIENTS };
    await runLoad(bench, { ...plan, operation: "create", seconds: warmupSeconds(bench) });
    const { seconds } = bench.options;
    const payments = await seedPayments(installation, SEEDED[operation] * seconds);
    await settleTables(installation);
    const fromMs = performance.now();
    const result = await runLoad(bench, { ...plan, operation, payments, seconds });
    const window = windowOf(fromMs, fromMs + result.seconds * 1_000);
    await api.stop();
    return { window, figure: `${operation}, 64 clients: ${result.throughput.toFixed(0)}/s` };
  });
}

async function profilePayments(
  bench: Bench,
  process: "api" | "worker",
  nodeFlags: readonly string[],
): Promise<Outcome> {
  let window: Window | undefined;
  const figures = await runPayments(bench, {
    merchants: 1,
    seconds: bench.options.seconds,
    nodeFlags: { [process]: nodeFlags },
    onMeasured: (fromMs, untilMs) => {
      window = windowOf(fromMs, untilMs);
    },
  });
  if (!window) throw new Error("nothing was measured");
  return { window, figure: `whole payments: ${figures.throughput.toFixed(0)}/s` };
}

const DRAINED_PER_SECOND = 6_000;

async function profileDrain(bench: Bench, nodeFlags: readonly string[]): Promise<Outcome> {
  const receiver = startHelper("load/receiver-main.ts");
  try {
    const secret = newReceiverSecret();
    const port = await receiver.call<number>("open", { secret, delayMs: 0 });
    const webhooks = { port, secret, eventTypes: [] };
    return await withInstallation(bench, { name: "profile", webhooks }, async (installation) => {
      const rows = Math.ceil(DRAINED_PER_SECOND * bench.options.seconds);
      await seedPayments(installation, rows + DRAINED_PER_SECOND);
      await installation.db.raw(
        "create table bench_held as select * from outbox; delete from outbox",
      );
      await settleTables(installation);
      const worker = await installation.start("worker", { nodeFlags });
      await drainOnce({ receiver }, installation, DRAINED_PER_SECOND);
      const fromMs = performance.now();
      const tookMs = await drainOnce({ receiver }, installation, rows);
      const window = windowOf(fromMs, fromMs + tookMs);
      await worker.stop();
      return { window, figure: `drain: ${((rows * 1_000) / tookMs).toFixed(0)}/s` };
    });
  } finally {
    await receiver.stop();
  }
}

function windowOf(fromMs: number, untilMs: number): Window {
  return { fromMs: monotonicMs(fromMs), untilMs: monotonicMs(untilMs) };
}
