import {
  type Bench,
  describeCores,
  rounds,
  runLoad,
  warmupSeconds,
  watchCores,
  withInstallation,
} from "../bench";
import { type HttpProbe, createHttpProbe } from "../ceilings/http-ceiling";
import {
  type StatementCeiling,
  type StatementProbe,
  createStatementProbe,
} from "../ceilings/statement-ceiling";
import type { Child } from "../child";
import type { Installation } from "../installation";
import { median } from "../load/latency";
import type { Created } from "../load/requests";
import { clientsText } from "../report/words";
import { type Measured, type MeasuredOperation, OPERATIONS, type Results } from "../results";
import { seedPayments, settleTables } from "./seed";

/** The client count that requirements are about, or the nearest one that is measured. */
export function requiredClients(clients: readonly number[]): number {
  return clients.reduce((a, b) => (Math.abs(b - 64) < Math.abs(a - 64) ? b : a));
}

// Of what replay, query and list ask again. Not so many that they would not fit into memory.
const KNOWN_PAYMENTS = 5_000;

interface Site {
  readonly bench: Bench;
  readonly installation: Installation;
  readonly api: Child;
  readonly known: readonly Created[];
}

/** The single operations over HTTP, beside what the database and the HTTP layer do alone. */
export async function measureOperations(bench: Bench): Promise<Partial<Results>> {
  const chosen = OPERATIONS.filter((name) => bench.options.only.includes(name));
  if (chosen.length === 0) return {};
  return withInstallation(bench, { name: "operations" }, async (installation) => {
    const clients = requiredClients(bench.options.clients);
    const probe = await createStatementProbe(bench, installation);
    const http = await createHttpProbe(bench, { installation, clients });
    try {
      const api = await installation.start("api");
      const known = await warmUp(bench, installation, api);
      const site = { bench, installation, api, known };
      await settleTables(installation);
      const first = await probe.measure();
      const operations: Partial<Record<MeasuredOperation, readonly Measured[]>> = {};
      for (const name of chosen) operations[name] = await measureOperation(site, name);
      const again = await repeatRequired(site, { probe, http, ceiling: first, operations });
      return { ...again, http: await http.measure() };
    } finally {
      await Promise.all([probe.stop(), http.stop()]);
    }
  });
}

/** Creates some, which are then known, until the API is warm. */
async function warmUp(bench: Bench, installation: Installation, api: Child): Promise<Created[]> {
  const plan = {
    port: api.port,
    operation: "create" as const,
    apiKeys: installation.merchants.map(({ secretKey }) => secretKey),
    clients: 64,
    remember: true,
  };
  const { created } = await runLoad(bench, {
    ...plan,
    seconds: 60,
    requestsMax: Math.ceil(KNOWN_PAYMENTS * Math.min(1, bench.options.seconds)),
  });
  await runLoad(bench, { ...plan, remember: false, seconds: warmupSeconds(bench) });
  return [...created];
}

async function measureOperation(site: Site, operation: MeasuredOperation): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const clients of site.bench.options.clients) {
    measured.push(await measureOnce(site, operation, clients));
  }
  return measured;
}

// More confirmations than these a second need payments that nobody has seeded; then it ends early.
const CONFIRMS_PER_SECOND = { few: 4_000, many: 16_000 };

async function measureOnce(
  site: Site,
  operation: MeasuredOperation,
  clients: number,
): Promise<Measured> {
  const { bench, installation, api } = site;
  const { seconds } = bench.options;
  let payments = site.known;
  if (operation === "confirm") {
    const rate = clients < 4 ? CONFIRMS_PER_SECOND.few : CONFIRMS_PER_SECOND.many;
    payments = await seedPayments(installation, Math.ceil(rate * seconds));
  }
  await installation.db.raw("checkpoint");
  const cores = watchCores(bench, [api]);
  const { throughput, latency } = await runLoad(bench, {
    port: api.port,
    operation,
    apiKeys: installation.merchants.map(({ secretKey }) => secretKey),
    payments,
    clients,
    seconds,
  });
  const measured = { clients, throughput, latency, cores: cores() };
  bench.say(
    `${operation}, ${clientsText(clients)}: ${String(Math.round(throughput))}/s, ` +
      `p50 ${latency.p50.toFixed(2)} ms, p99 ${latency.p99.toFixed(2)} ms${describeCores(measured.cores)}`,
  );
  return measured;
}

/** What is compared with the ceiling is measured in turns with it, so that both see the same machine. */
async function repeatRequired(
  site: Site,
  first: {
    readonly probe: StatementProbe;
    readonly http: HttpProbe;
    readonly ceiling: StatementCeiling;
    readonly operations: Partial<Record<MeasuredOperation, readonly Measured[]>>;
  },
): Promise<Pick<Results, "statement" | "operations">> {
  const { options } = site.bench;
  const clients = requiredClients(options.clients);
  const names = (["create", "confirm", "replay"] as const).filter((name) => first.operations[name]);
  const runs = new Map(
    names.map((name) => [name, first.operations[name]?.filter((one) => one.clients === clients)]),
  );
  let statement = first.ceiling;
  for (let round = 1; round < rounds(site.bench); round += 1) {
    statement = await first.probe.again(statement);
    await first.http.again();
    for (const name of names) runs.get(name)?.push(await measureOnce(site, name, clients));
  }
  const operations = Object.fromEntries(
    Object.entries(first.operations).map(([name, measured]) => {
      const repeated = runs.get(name as (typeof names)[number]);
      return [
        name,
        measured.map((one) => (one.clients === clients && repeated ? middle(repeated) : one)),
      ];
    }),
  );
  return { statement, operations };
}

/** The run with the median throughput. */
function middle(runs: readonly Measured[]): Measured {
  const target = median(runs.map(({ throughput }) => throughput));
  return runs.reduce((a, b) =>
    Math.abs(b.throughput - target) < Math.abs(a.throughput - target) ? b : a,
  );
}
