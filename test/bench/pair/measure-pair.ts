import { type Bench, runLoad, warmupSeconds } from "../bench";
import type { Child } from "../child";
import { type Installation, createInstallation, newReceiverSecret } from "../installation";
import type { PaymentsPlan, PaymentsResult } from "../load/payments";
import type { Created } from "../load/requests";
import { settleTables } from "../parts/seed";
import { cpuSeconds, cpuSecondsOfTree } from "../usage";
import { type Checkout, openCheckout } from "./checkout";

/*
 * Two states of the project on one machine, each with its processes and its database on one server, under load in turns
 * of a few seconds: what the machine does meanwhile, it does to both. A ratio is taken in each round, and the median of
 * them is what is told.
 */

export const PAIRED = ["create", "confirm", "replay", "cancel", "query", "payment"] as const;
export type Paired = (typeof PAIRED)[number];

export interface Round {
  /** Done in a second. */
  readonly throughput: number;
  /** Processor time of our processes and of Postgres for one of them, ms. */
  readonly processMs: number;
  readonly postgresMs: number;
}

/** What a round of each side was: the other's first. */
export type PairOfRounds = readonly [theirs: Round, ours: Round];

export type Pairs = Readonly<Partial<Record<Paired, readonly PairOfRounds[]>>>;

interface Side {
  readonly installation: Installation;
  readonly api: Child;
  readonly children: readonly Child[];
  /** Created and not confirmed. */
  fresh: readonly Created[];
}

export interface PairOptions {
  readonly against: string;
  readonly only: readonly Paired[];
  readonly rounds: number;
}

export async function measurePair(bench: Bench, options: PairOptions): Promise<Pairs> {
  const { only, rounds, against } = options;
  const pairs: Partial<Record<Paired, PairOfRounds[]>> = {};
  const single = only.filter((name) => name !== "payment");
  const measure = async (sides: Sides, names: readonly Paired[]): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      for (const name of names) {
        const pair = await inTurns(bench, sides, { name, oursFirst: round % 2 === 1 });
        (pairs[name] ??= []).push(pair);
        bench.say(`${name}, round ${String(round + 1)} of ${String(rounds)}: ${describe(pair)}`);
      }
    }
  };
  // Confirming uses up what creating makes.
  if (single.length > 0) {
    await withSides(bench, openCheckout(against), (sides) => measure(sides, single));
  }
  if (only.includes("payment")) {
    await withSides(bench, openCheckout(against), (sides) => measure(sides, ["payment"]), true);
  }
  return pairs;
}

type Sides = readonly [theirs: Side, ours: Side];

async function withSides(
  bench: Bench,
  checkout: Checkout,
  work: (sides: Sides) => Promise<void>,
  whole = false,
): Promise<void> {
  const sides: Side[] = [];
  const secret = newReceiverSecret();
  const port = await bench.load.call<number>("preparePayments", { secret });
  // All of them: three for a payment.
  const webhooks = { port, secret, eventTypes: [] };
  try {
    for (const [index, given] of [{ checkout }, {}].entries()) {
      const installation = await createInstallation(bench.server, {
        name: ["theirs", "ours"][index] ?? "",
        source: bench.options.source,
        ...(whole && { webhooks }),
        ...given,
      });
      const children = [await installation.start("api")];
      if (whole) children.push(await installation.start("worker"));
      if (whole) await installation.start("sandbox");
      const [api] = children as [Child];
      sides.push({ installation, api, children, fresh: [] });
    }
    for (const side of sides) {
      await warmUp(bench, side, whole);
      await settleTables(side.installation);
    }
    await work(sides as unknown as Sides);
  } finally {
    await Promise.all(sides.map(({ installation }) => installation.stop()));
  }
}

async function warmUp(bench: Bench, side: Side, whole: boolean): Promise<void> {
  bench.say("warming up");
  for (const name of whole ? (["payment"] as const) : (["create", "confirm"] as const)) {
    await load(bench, side, { name, seconds: 2 * warmupSeconds(bench) });
  }
}

async function inTurns(
  bench: Bench,
  sides: Sides,
  { name, oursFirst }: { readonly name: Paired; readonly oursFirst: boolean },
): Promise<PairOfRounds> {
  const rounds: Round[] = [];
  for (const index of oursFirst ? [1, 0] : [0, 1]) {
    rounds[index] = await measureRound(bench, sides[index] as Side, name);
  }
  return rounds as unknown as PairOfRounds;
}

async function measureRound(bench: Bench, side: Side, name: Paired): Promise<Round> {
  // What is confirmed, repeated, canceled or asked for is created first, and not counted.
  if (name !== "create" && name !== "payment" && side.fresh.length === 0) {
    await load(bench, side, { name: "create", seconds: bench.options.seconds });
  }
  const used = (): { process: number; postgres: number } => ({
    process: side.children.reduce((sum, { pid }) => sum + (cpuSeconds(pid) ?? NaN), 0),
    postgres: cpuSecondsOfTree(bench.server.pid) ?? NaN,
  });
  const before = used();
  const { count, seconds } = await load(bench, side, { name, seconds: bench.options.seconds });
  const after = used();
  return {
    throughput: count / seconds,
    processMs: ((after.process - before.process) * 1_000) / count,
    postgresMs: ((after.postgres - before.postgres) * 1_000) / count,
  };
}

const CLIENTS = 64;
const UNDERWAY = 1_000;

interface Load {
  readonly name: Paired;
  readonly seconds: number;
}

async function load(
  bench: Bench,
  side: Side,
  { name, seconds }: Load,
): Promise<{ readonly count: number; readonly seconds: number }> {
  const apiKeys = side.installation.merchants.map(({ secretKey }) => secretKey);
  const { port } = side.api;
  if (name === "payment") {
    const startedAt = performance.now();
    const plan: PaymentsPlan = {
      port,
      apiKeys,
      connections: CLIENTS,
      window: UNDERWAY,
      warmupSeconds: 0,
      seconds,
    };
    const { started } = await bench.load.call<PaymentsResult>("payments", plan);
    // All that were started are counted, and all the time until the last of them had arrived.
    return { count: started, seconds: (performance.now() - startedAt) / 1_000 };
  }
  const result = await runLoad(bench, {
    port,
    operation: name,
    apiKeys,
    clients: CLIENTS,
    seconds,
    ...(name === "create" ? { remember: true } : { payments: side.fresh }),
  });
  if (name !== "query" && name !== "replay") side.fresh = name === "create" ? result.created : [];
  return result;
}

function describe([theirs, ours]: PairOfRounds): string {
  const of = ({ throughput, processMs, postgresMs }: Round): string =>
    `${throughput.toFixed(0)}/s (${processMs.toFixed(3)} + ${postgresMs.toFixed(3)} ms)`;
  return `theirs ${of(theirs)}, ours ${of(ours)}`;
}
