import { ask } from "../ask";
import {
  type Bench,
  type Cores,
  describeCores,
  warmupSeconds,
  watchCores,
  withInstallation,
} from "../bench";
import { type Installation, newReceiverSecret } from "../installation";
import type { PaymentsPlan, PaymentsResult } from "../load/payments";
import type { Backlog, PaymentFigures, Results } from "../results";
import { settleTables } from "./seed";

/** Twelve times as long as a single operation: whether something piles up shows late. */
const LENGTH = 12;
const CONNECTIONS = 64;
// Enough to keep every stage busy with full sets, and few enough to be a second's worth of work.
export const PAYMENTS_UNDERWAY = 1_000;
const SAMPLE_MS = 1_000;

/** Create, confirm, charge, book, tell: over HTTP, to a signed webhook that has arrived. */
export async function measurePayment(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("payment")) return {};
  const payment = await runPayments(bench, {
    merchants: 1,
    seconds: bench.options.seconds * LENGTH,
  });
  return { payment };
}

export interface PaymentsRun {
  readonly merchants: number;
  readonly seconds: number;
  /** For whoever wants to watch a process while it works. */
  readonly nodeFlags?: Readonly<Partial<Record<"api" | "worker", readonly string[]>>>;
  readonly onStarted?: (pids: readonly number[]) => void;
  readonly onMeasured?: (fromMs: number, untilMs: number) => void;
}

export async function runPayments(bench: Bench, run: PaymentsRun): Promise<PaymentFigures> {
  const secret = newReceiverSecret();
  const port = await bench.load.call<number>("preparePayments", { secret });
  const options = {
    name: `payments-${String(run.merchants)}`,
    merchants: run.merchants,
    webhooks: { port, secret, eventTypes: ["payment_intent.succeeded"] },
  };
  return withInstallation(bench, options, async (installation) => {
    const sandbox = await installation.start("sandbox");
    const api = await installation.start("api", { nodeFlags: run.nodeFlags?.api ?? [] });
    const worker = await installation.start("worker", { nodeFlags: run.nodeFlags?.worker ?? [] });
    run.onStarted?.([sandbox, api, worker].map(({ pid }) => pid));
    const plan = {
      port: api.port,
      apiKeys: installation.merchants.map(({ secretKey }) => secretKey),
      connections: CONNECTIONS,
      window: PAYMENTS_UNDERWAY,
    };
    await bench.load.call("payments", {
      ...plan,
      warmupSeconds: 0,
      seconds: warmupSeconds(bench),
    } satisfies PaymentsPlan);
    await settleTables(installation);
    const children = [api, worker, sandbox];
    const figures = await watch(bench, installation, {
      seconds: run.seconds,
      children,
      onMeasured: run.onMeasured ?? (() => undefined),
      load: () =>
        bench.load.call<PaymentsResult>("payments", {
          ...plan,
          warmupSeconds: warmupSeconds(bench),
          seconds: run.seconds,
        } satisfies PaymentsPlan),
    });
    // In order, because a profile is written when its process ends by itself.
    for (const child of children) await child.stop();
    return figures;
  });
}

async function watch(
  bench: Bench,
  installation: Installation,
  run: {
    readonly seconds: number;
    readonly children: Parameters<typeof watchCores>[1];
    readonly onMeasured: (fromMs: number, untilMs: number) => void;
    readonly load: () => Promise<PaymentsResult>;
  },
): Promise<PaymentFigures> {
  const startedAt = performance.now();
  const measuredFrom = startedAt + warmupSeconds(bench) * 1_000;
  const measuredUntil = measuredFrom + run.seconds * 1_000;
  const readCores = watchCores(bench, run.children);
  let cores: Cores;
  const backlog: Backlog[] = [];
  const timer = setInterval(
    () => {
      const now = performance.now();
      if (now < measuredFrom || now > measuredUntil) return;
      cores = readCores();
      void sampleBacklog(installation).then((rows) => {
        const sample = { atSeconds: (now - measuredFrom) / 1_000, ...rows };
        backlog.push(sample);
        bench.say(describe(sample, cores));
      });
    },
    Math.min(SAMPLE_MS, (run.seconds * 1_000) / 4),
  );
  try {
    const result = await run.load();
    run.onMeasured(measuredFrom, measuredUntil);
    const booked = await readBooked(installation);
    const lost = result.lost > 0 ? `; ${String(result.lost)} LOST` : "";
    bench.say(`whole payments: ${result.throughput.toFixed(0)}/s delivered${lost}`);
    return { ...result, seconds: run.seconds, cores, backlog, ...booked };
  } finally {
    clearInterval(timer);
  }
}

const BACKLOG = `
  select (select count(*) from outbox)::int as "outbox",
    (select count(*) from attempts where settled_at is null and status = 'QUEUED')::int as "queuedAttempts",
    (select count(*) from webhook_deliveries where next_at is not null)::int as "dueDeliveries"`;

export async function sampleBacklog({ db }: Installation): Promise<Omit<Backlog, "atSeconds">> {
  const rows = await ask<Omit<Backlog, "atSeconds">>(db, BACKLOG);
  return rows[0] ?? { outbox: 0, queuedAttempts: 0, dueDeliveries: 0 };
}

async function readBooked({ db }: Installation): Promise<{ settled: number; journals: number }> {
  const rows = await ask<{ settled: number; journals: number }>(
    db,
    `
    select (select count(*) from payment_intents where status = 'SUCCEEDED')::int as "settled",
      (select count(*) from journals)::int as "journals"`,
  );
  return rows[0] ?? { settled: 0, journals: 0 };
}

function describe(sample: Backlog, cores: Cores): string {
  const { atSeconds, outbox, queuedAttempts, dueDeliveries } = sample;
  return (
    `payments, ${atSeconds.toFixed(0)} s: outbox ${String(outbox)}, attempts ${String(queuedAttempts)}, ` +
    `deliveries ${String(dueDeliveries)}${describeCores(cores)}`
  );
}
