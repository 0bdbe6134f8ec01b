import { type Bench, runLoad, warmupSeconds, withInstallation } from "../bench";
import type { Child } from "../child";
import type { Installation } from "../installation";
import type { LoopPlan, LoopResult } from "../load/closed-loop";
import type { OpenLoopPlan, OpenLoopResult } from "../load/open-loop";
import type { Created, Operation } from "../load/requests";
import type { OpenFigures, OpenRate, Results } from "../results";
import { seedPayments, settleTables } from "./seed";

const ASKED = ["create", "confirm", "cancel", "replay", "query", "list"] as const;
/** Of what the same machine does in a closed loop. */
const SHARES = [0.5, 0.7, 0.9] as const;
const CLIENTS = 64;
/** Enough that a stall is seen by everybody who comes meanwhile. */
const CONNECTIONS_MAX = 256;
const KNOWN_PAYMENTS = 2_000;
/** For a 99.9th percentile there have to be some thousands. */
const LENGTH = 2;

interface Site {
  readonly bench: Bench;
  readonly installation: Installation;
  readonly api: Child;
  readonly known: readonly Created[];
}

/** How long each operation takes when requests come at a fixed rate, beside how long it takes alone. */
export async function measureOpen(bench: Bench): Promise<Partial<Results>> {
  if (!bench.options.only.includes("open")) return {};
  // All of them come from here, and the last rate's may not be gone when the next one's come.
  const env = { ONCEPAY_ADDRESS_CONNECTIONS_MAX: "5000" };
  return withInstallation(bench, { name: "open", env }, async (installation) => {
    const api = await installation.start("api");
    const warmUp = { clients: CLIENTS, seconds: 2 * warmupSeconds(bench), remember: true };
    const first = { bench, installation, api, known: [] };
    const { created } = await ask(first, "create", warmUp);
    const site = { ...first, known: created.slice(0, KNOWN_PAYMENTS) };
    const open: OpenFigures[] = [];
    for (const operation of ASKED) {
      await settleTables(installation);
      open.push(await measureOne(site, operation));
    }
    return { open };
  });
}

async function measureOne(site: Site, operation: (typeof ASKED)[number]): Promise<OpenFigures> {
  const { bench } = site;
  const { seconds } = bench.options;
  const capacity = await ask(site, operation, { clients: CLIENTS, seconds });
  const alone = await ask(site, operation, { clients: 1, seconds: Math.min(2, seconds) });
  const rates: OpenRate[] = [];
  for (const share of SHARES) {
    const perSecond = capacity.throughput * share;
    const { count, latency } = await bench.load.call<OpenLoopResult>("open", {
      ...(await planOf(site, operation, perSecond * seconds * LENGTH)),
      clients: CONNECTIONS_MAX,
      seconds: seconds * LENGTH,
      perSecond,
    } satisfies OpenLoopPlan);
    rates.push({ share, perSecond, count, latency });
    const { p50, p99, p999 } = latency;
    bench.say(
      `${operation} at ${perSecond.toFixed(0)}/s: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, ` +
        `p99.9 ${p999.toFixed(1)} ms (alone ${alone.latency.p50.toFixed(2)})`,
    );
  }
  return { operation, capacity: capacity.throughput, aloneP50: alone.latency.p50, rates };
}

async function ask(
  site: Site,
  operation: (typeof ASKED)[number],
  given: Pick<LoopPlan, "clients" | "seconds" | "remember">,
): Promise<LoopResult> {
  const needed = (given.clients === 1 ? FEW_PER_SECOND : MANY_PER_SECOND) * given.seconds;
  return runLoad(site.bench, { ...(await planOf(site, operation, needed)), ...given });
}

// What is used up is made first; a closed loop may need as many as it can ask for.
const FEW_PER_SECOND = 2_000;
const MANY_PER_SECOND = 8_000;

async function planOf(site: Site, operation: Operation, count: number) {
  const isUsedUp = operation === "confirm" || operation === "cancel";
  const { installation, api, known } = site;
  const payments = isUsedUp ? await seedPayments(installation, Math.ceil(count)) : known;
  // What they leave to autovacuum and to the next checkpoint would be at work beside what is measured.
  if (isUsedUp) await settleTables(installation);
  const apiKeys = installation.merchants.map(({ secretKey }) => secretKey);
  return { port: api.port, operation, apiKeys, payments };
}
