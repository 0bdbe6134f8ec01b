import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "../../../src/dev/wait-until";
import { type Attack, type Context, limitMs } from "../attack";
import { type Waited, plotWaits } from "../noisy-endpoint/plot";
import { type Receivers, openReceivers } from "../noisy-endpoint/receivers";
import { type Tenant, idsOf, makeEvent, makeTenants, waitsSince } from "../noisy-endpoint/tenants";
import { settledWithin } from "../witness";

const SLOWER_MAX = 1.5;
/** Beneath this a factor says nothing. */
const P95_FLOOR_MS = 20;
const PLOT = path.resolve(__dirname, "../../../bench-results/noisy-endpoint.svg");

/** Full size: so many events a second of all others together, and one a second of each that is a nuisance. */
const QUICK_EVENTS_A_SECOND = 40;
const TICK_MS = 50;
const WARM_UP_MS = 20_000;
const PHASE_MS = 40_000;
const FEW = 100;
const MANY = 1_000;

/** Short size: what must be over, while the nuisance is not. */
const SHORT = { quick: 5, events: 12 };

/**
 * Endpoints that hang, or answer when it is almost too late, among others of other tenants. What is measured is the
 * time from an event's commit to the record of its delivery, by the database's clock.
 */
export const noisyEndpoint: Attack = {
  name: "noisy-endpoint",
  promise:
    "An endpoint that hangs holds up its own deliveries and nobody else's, and gets all of them when it is back.",
  options: { apis: 1, workers: 1, proxied: [], env: { ONCEPAY_WEBHOOK_TIMEOUT_MS: "15000" } },
  run: async (context) => {
    const receivers = await openReceivers();
    try {
      const figures = await (context.size === "full" ? full : short)(context, receivers);
      receivers.release();
      context.progress("they answer again");
      const tookMs = await settledWithin(context.installation, 2 * limitMs(context));
      const settled = { "all of theirs delivered after their return": `${String(tookMs)} ms` };
      return {
        figures: { ...figures, ...settled },
        sometimes: { "webhooks kept waiting": receivers.counts.hanging + receivers.counts.late },
      };
    } finally {
      await receivers.close();
    }
  },
};

/** No times: what comes after the nuisance's events is over before them. */
async function short(
  context: Context,
  receivers: Receivers,
): Promise<Readonly<Record<string, number>>> {
  const { installation, check } = context;
  const nuisances = [
    ...(await makeTenants(installation, receivers, { manner: "hanging", count: 2 })),
    ...(await makeTenants(installation, receivers, { manner: "late", count: 1 })),
  ];
  const quick = await makeTenants(installation, receivers, { manner: "quick", count: SHORT.quick });
  const hanging = nuisances.filter(({ manner }) => manner === "hanging");
  const wait = { timeoutMs: limitMs(context), everyMs: 20 };
  // A job each, and more of them than a worker has room for if it does not go on to the next while one hangs.
  for (let made = 1; made <= SHORT.events; made += 1) {
    await makeEvent(installation, nuisances);
    const arrived = () => Promise.resolve(receivers.counts.hanging >= hanging.length * made);
    const isHeard = await waitUntil(arrived, wait);
    check.holds(`event ${String(made)} reaches endpoints that hang`, isHeard);
    if (!isHeard) break;
  }
  for (let made = 0; made < SHORT.events; made += 1) await makeEvent(installation, quick);
  const wanted = SHORT.quick * SHORT.events;
  await waitUntil(async () => (await succeeded(context, quick)) === wanted, wait);
  const before = await count(context, hanging, "d.status <> 'IN_FLIGHT'");
  check.equal("deliveries of others, which came later", await succeeded(context, quick), wanted);
  check.equal("deliveries to the hanging endpoints that were over before them", before, 0);
  return { "delivered past endpoints that hang": wanted };
}

async function full(
  context: Context,
  receivers: Receivers,
): Promise<Readonly<Record<string, string>>> {
  const { installation, check, progress } = context;
  const make = (manner: Tenant["manner"], count: number) =>
    makeTenants(installation, receivers, { manner, count });
  progress("making endpoints");
  const quick = await make("quick", MANY);
  const few = quick.slice(0, FEW);
  const [one, late, ten] = [
    await make("hanging", 1),
    await make("late", 1),
    await make("hanging", 10),
  ];
  const waits: Waited[] = [];
  const measure = async (name: string, others: Tenant[], nuisances: Tenant[]): Promise<number> => {
    progress(name);
    const { p50, p95 } = await phase(context, others, nuisances);
    const without = nuisances.length === 0 ? undefined : waits.findLast(({ limit }) => !limit);
    const limit = without && SLOWER_MAX * Math.max(P95_FLOOR_MS, without.p95);
    waits.push({ name, p50, p95, ...(limit !== undefined && { limit }) });
    if (limit !== undefined) {
      check.holds(`p95 with ${name} (${p95} ms) at most ${limit} ms`, p95 <= limit);
    }
    return p95;
  };
  await measure("100 endpoints", few, []);
  await measure("one hanging among 100", few, one);
  await measure("one among 100 that answers after 14 s", few, late);
  await measure("1,000 endpoints", quick, []);
  await measure("ten hanging among 1,000", quick, ten);
  await mkdir(path.dirname(PLOT), { recursive: true });
  await writeFile(PLOT, plotWaits(waits));
  progress(`plotted in ${PLOT}`);
  // Something to answer for each, when they are back.
  await makeEvent(installation, [...one, ...late, ...ten]);
  return Object.fromEntries(
    waits.map(({ name, p50, p95 }) => [name, `p50 ${p50} ms, p95 ${p95} ms`]),
  );
}

/** Events at their rates; how long those of the others took, once the nuisances have been at it for a while. */
async function phase(
  context: Context,
  others: readonly Tenant[],
  nuisances: readonly Tenant[],
): Promise<{ p50: number; p95: number }> {
  const { installation } = context;
  const startedAt = performance.now();
  const since = async (): Promise<Date> =>
    (await installation.db.raw<{ rows: { now: Date }[] }>("select now()")).rows[0]?.now as Date;
  let turn = 0;
  let measuredFrom: Date | undefined;
  for (let tick = 0; performance.now() - startedAt < WARM_UP_MS + PHASE_MS; tick += 1) {
    if (!measuredFrom && performance.now() - startedAt > WARM_UP_MS) measuredFrom = await since();
    const perTick = (QUICK_EVENTS_A_SECOND * TICK_MS) / 1_000;
    const set = Array.from({ length: perTick }, (_, n) => others[(turn + n) % others.length]);
    turn += perTick;
    const isSecond = tick % (1_000 / TICK_MS) === 0;
    const all = [...set, ...(isSecond ? nuisances : [])].filter((tenant) => !!tenant);
    await makeEvent(installation, all);
    const nextAtMs = startedAt + (tick + 1) * TICK_MS;
    await pause(Math.max(0, nextAtMs - performance.now()));
  }
  await waitUntil(async () => (await unfinished(context, others)) === 0, {
    timeoutMs: limitMs(context),
    everyMs: 100,
  });
  return waitsSince(context, others, measuredFrom ?? new Date(0));
}

async function count(context: Context, tenants: readonly Tenant[], where: string): Promise<number> {
  const { rows } = await context.installation.db.raw<{ rows: { count: number }[] }>(
    `select count(*)::int from webhook_deliveries d where merchant_id = any(?) and ${where}`,
    [idsOf(tenants)],
  );
  return rows[0]?.count ?? 0;
}

const succeeded = (context: Context, tenants: readonly Tenant[]) =>
  count(context, tenants, "d.status = 'SUCCEEDED'");
const unfinished = (context: Context, tenants: readonly Tenant[]) =>
  count(context, tenants, "d.next_at is not null");
