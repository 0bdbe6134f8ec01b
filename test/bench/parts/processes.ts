import { setTimeout as delay } from "node:timers/promises";
import { type Bench, runLoad, warmupSeconds, withInstallation } from "../bench";
import { median } from "../load/latency";
import type { MemoryFigures, Results } from "../results";
import { memoryOf } from "../usage";

const MOST_CLIENTS = 256;
const STARTS = 5;

/** Resident memory of each process: when it has just been started, and at its highest under 256 clients. */
export async function measureMemory(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("memory")) return {};
  return withInstallation(bench, { name: "memory" }, async (installation) => {
    const sandbox = await installation.start("sandbox");
    const children = [await installation.start("api"), await installation.start("worker"), sandbox];
    await delay(warmupSeconds(bench) * 1_000);
    const idle = children.map(({ pid }) => memoryOf(pid)?.residentMb ?? NaN);
    await runLoad(bench, {
      port: children[0]?.port ?? 0,
      operation: "create",
      apiKeys: installation.merchants.map(({ secretKey }) => secretKey),
      clients: MOST_CLIENTS,
      seconds: 2 * bench.options.seconds,
    });
    const memory = children.map(({ name, pid }, index): MemoryFigures => {
      const figures = { idleMb: idle[index] ?? NaN, loadedMb: memoryOf(pid)?.peakMb ?? NaN };
      const [idleMb, loadedMb] = [figures.idleMb.toFixed(0), figures.loadedMb.toFixed(0)];
      bench.say(`memory of ${name}: ${idleMb} MB idle, ${loadedMb} MB at most`);
      return { process: name, ...figures };
    });
    return { memory };
  });
}

/** From the start of the API's process until it says that it is ready. */
export async function measureStart(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("start")) return {};
  return withInstallation(bench, { name: "start" }, async (installation) => {
    const apiMs: number[] = [];
    for (let count = 0; count < (bench.options.seconds < 2 ? 1 : STARTS); count += 1) {
      const api = await installation.start("api");
      apiMs.push(api.startedInMs);
      await api.kill();
    }
    bench.say(`cold start of the API: ${median(apiMs).toFixed(0)} ms`);
    return { start: { apiMs } };
  });
}
