import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Bench } from "./bench";
import { type Helper, startHelper } from "./helper";
import type { Options } from "./options";
import { measureCells } from "./parts/cells";
import { measureConsole } from "./parts/console";
import { measureDrain } from "./parts/drain";
import { measureFloor } from "./parts/floor";
import { measureLive } from "./parts/live";
import { measureMerchants } from "./parts/merchants";
import { measureOpen } from "./parts/open";
import { measureOperations } from "./parts/operations";
import { measurePayment } from "./parts/payment";
import { measureMemory, measureStart } from "./parts/processes";
import { measureRecovery } from "./parts/recovery";
import { measureSize } from "./parts/size";
import { measureStorm } from "./parts/storm";
import { plot } from "./report/plot";
import { rowsOf } from "./report/rows";
import { table } from "./report/table";
import type { Machine, Results } from "./results";
import { type Server, onServer, startServer } from "./server";

/** What takes longest comes last, so that most of a run that is interrupted has been seen. */
const MEASURES = [
  measureOperations,
  measureOpen,
  measureStorm,
  measurePayment,
  measureFloor,
  measureCells,
  measureDrain,
  measureMerchants,
  measureMemory,
  measureStart,
  measureRecovery,
  measureLive,
  measureConsole,
  measureSize,
];

/** Measures what was asked for, and returns the table. */
export async function runBench(bench: Bench): Promise<string> {
  const { options } = bench;
  // Read first: a name that is wrong should not be found out after an hour.
  const earlier = options.compare === undefined ? undefined : readResults(options.compare);
  let results: Results = {
    startedAt: new Date().toISOString(),
    seconds: options.seconds,
    machine: await describeMachine(bench.server),
  };
  for (const measure of MEASURES) {
    results = { ...results, ...(await measure(bench)) };
    write(options.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  const drawing = plot(results);
  if (drawing !== undefined) write(options.svg, drawing);
  return table(rowsOf(results), earlier && rowsOf(earlier));
}

function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, "utf8")) as Results;
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  writeFileSync(file, text);
}

async function describeMachine(server: Server): Promise<Machine> {
  const url = await server.createDatabase("empty");
  const [row] = await onServer<{ server_version: string }>(url, "show server_version");
  await server.dropDatabase(url);
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? "",
    cores: cpus.length,
    memoryGb: Math.round(os.totalmem() / 1e9),
    node: process.versions.node,
    postgres: row?.server_version ?? "",
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
  };
}

/**
 * Runs work with a private server and a load generator, and takes both away afterwards, whatever happens: an
 * error, a signal, or the end. What is left when this process is killed, the next run removes.
 */
export async function withBench<T>(
  options: Options,
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  say("starting Postgres");
  // Held as a promise: a server that is being started when a signal comes has to be stopped as well.
  const starting = startServer();
  let load: Helper | undefined;
  const onSignal = (): void => {
    say("stopping");
    // A second signal, should this take too long, ends us at once.
    void starting.then((server) => server.remove()).finally(() => process.exit(130));
  };
  for (const signal of SIGNALS) process.once(signal, onSignal);
  try {
    const server = await starting;
    load = startHelper("load/load-main.ts");
    return await work({ options, server, load, say });
  } finally {
    await load?.stop();
    await (await starting).remove();
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
