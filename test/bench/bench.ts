import type { Child } from "./child";
import type { Helper } from "./helper";
import { type Installation, type InstallationOptions, createInstallation } from "./installation";
import type { LoopPlan, LoopResult } from "./load/closed-loop";
import type { Options } from "./options";
import type { Server } from "./server";
import { cpuSeconds, cpuSecondsOfTree } from "./usage";

/** What every part of a run is given. */
export interface Bench {
  readonly options: Options;
  readonly server: Server;
  /** The load generator's process. */
  readonly load: Helper;
  readonly say: (text: string) => void;
}

/** Processor cores in use, by process; undefined where the system does not say. */
export type Cores = Readonly<Record<string, number>> | undefined;

/** Runs the work with an installation of its own, which is gone afterwards. */
export async function withInstallation<T>(
  bench: Bench,
  options: Omit<InstallationOptions, "source">,
  work: (installation: Installation) => Promise<T>,
): Promise<T> {
  const installation = await createInstallation(bench.server, {
    source: bench.options.source,
    ...options,
  });
  try {
    return await work(installation);
  } finally {
    await installation.stop();
  }
}

export function runLoad(bench: Bench, plan: LoopPlan): Promise<LoopResult> {
  return bench.load.call<LoopResult>("loop", plan);
}

/** Long enough for V8 to compile what is hot. */
export function warmupSeconds(bench: Bench): number {
  return Math.min(2, bench.options.seconds / 2);
}

const ROUNDS = 3;

/** How often what is compared is measured; short runs, for trying things out, do it once. */
export function rounds(bench: Bench): number {
  return bench.options.seconds < 2 ? 1 : ROUNDS;
}

/** Starts counting; the function that it returns says how many cores each process used since. */
export function watchCores(bench: Bench, children: readonly Child[]): () => Cores {
  const processes: [string, () => number | undefined][] = [
    ...children.map((child): [string, () => number | undefined] => [
      child.name,
      () => cpuSeconds(child.pid),
    ]),
    ["postgres", () => cpuSecondsOfTree(bench.server.pid)],
    ["load generator", () => cpuSeconds(bench.load.pid)],
  ];
  const before = processes.map(([, read]) => read());
  const startedAt = performance.now();
  return () => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const used = processes.flatMap(([name, read], index): [string, number][] => {
      const [from, to] = [before[index], read()];
      return from === undefined || to === undefined ? [] : [[name, (to - from) / seconds]];
    });
    return used.length === 0 ? undefined : Object.fromEntries(used);
  };
}

export function describeCores(cores: Cores): string {
  if (!cores) return "";
  const each = Object.entries(cores).map(([name, used]) => `${name} ${used.toFixed(2)}`);
  return ` [cores: ${each.join(", ")}]`;
}
