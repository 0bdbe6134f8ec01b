import { execFileSync } from "node:child_process";
import os from "node:os";
import type { Bench } from "../bench";
import { type Helper, startHelper } from "../helper";
import type { CellsFigures, Results } from "../results";
import { type Server, startServer } from "../server";
import { runPayments } from "./payment";

const LENGTH = 4;

/**
 * Whole payments of one cell, and of two at a time. Each has all that it needs on one core of its own, by the scheduler's
 * affinity: its Postgres server, API, worker, card network, callers and receiver. So a machine of two cores shows what a
 * second one adds; nothing is shared but memory, disk and the kernel.
 */
export async function measureCells(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("cells")) return {};
  const impossible = whyNot();
  if (impossible !== undefined) {
    bench.say(`cells: not measured: ${impossible}`);
    return {};
  }
  const [first, second] = [await startCell(bench, 0), await startCell(bench, 1)];
  try {
    const alone = [await first.run(), await second.run()];
    const together = await Promise.all([first.run(), second.run()]);
    const cells: CellsFigures = { alone, together };
    return { cells };
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
}

function whyNot(): string | undefined {
  if (os.cpus().length < 2) return "there is one core";
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "there is no taskset, which binds processes to a core";
  }
}

interface Cell {
  /** Whole payments a second. */
  run(): Promise<number>;
  stop(): Promise<void>;
}

async function startCell(bench: Bench, core: number): Promise<Cell> {
  const server: Server = await startServer();
  const load: Helper = startHelper("load/load-main.ts");
  const own: Bench = { ...bench, server, load };
  const bind = (pid: number): void => {
    execFileSync("taskset", ["-a", "-p", "-c", String(core), String(pid)], { stdio: "ignore" });
  };
  // Those that it makes from now on are bound as it is.
  for (const pid of [server.pid, load.pid]) bind(pid);
  return {
    run: async () => {
      const { throughput } = await runPayments(own, {
        merchants: 1,
        seconds: bench.options.seconds * LENGTH,
        onStarted: (pids) => {
          for (const pid of pids) bind(pid);
        },
      });
      return throughput;
    },
    stop: async () => {
      await load.stop();
      await server.remove();
    },
  };
}
