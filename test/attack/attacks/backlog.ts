import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createMerchant } from "../../../src/merchants/create-merchant";
import { createClient } from "../../../src/sdk/client";
import { type Attack, type Context, limitMs } from "../attack";
import { type Sample, plotBacklog } from "../backlog/plot";
import { type Receiver, openReceiver } from "../backlog/receiver";
import { makeEvent, waitsSince } from "../noisy-endpoint/tenants";
import { settledWithin } from "../witness";

const SIZES = { full: { rows: 18_000, rate: 300 }, short: { rows: 600, rate: 200 } };
/** What the limited endpoint takes a second. */
const TAKES = 200;
/** Of five rows that pile up. Its share of what is relayed is more than it takes. */
const FOR_LIMITED = 4;
/** New events a second, before and meanwhile. */
const NEW_A_SECOND = 20;
const IDLE_MS = 20_000;
/** Beneath this a factor says nothing. */
const P95_FLOOR_MS = 20;
const SET = 200;
const PLOT = path.resolve(__dirname, "../../../bench-results/backlog.svg");

/**
 * The relay was away, and comes back to what has piled up: most of it for an endpoint that takes 200 a second. What waits
 * for new events is measured from their commit to the record of their delivery, by the database's clock.
 */
export const backlog: Attack = {
  name: "backlog",
  promise:
    "What piled up drains at its rate, complete, while new events keep their latency and no endpoint gets more than it takes.",
  options: { apis: 1, workers: 1, proxied: [] },
  run: async (context) => {
    const { check, progress } = context;
    const { rows, rate } = SIZES[context.size];
    const receiver = await openReceiver();
    try {
      const installation = await context.install({
        name: "with-a-rate",
        apis: 1,
        workers: 2,
        workerArgs: (index) => ["--only", index === 0 ? "relay" : "charges,webhooks,sweeper"],
        env: { ONCEPAY_RELAY_RATE: String(rate) },
      });
      const here = { ...context, installation };
      const make = (name: string, ratePerSecond: number | null) =>
        makeReceiverOf(here, { name, url: receiver.urlOf(name), ratePerSecond });
      const [free, limited, fresh] = [
        await make("free", null),
        await make("limited", TAKES),
        await make("fresh", null),
      ];
      progress("new events alone");
      const idle = await newEvents(
        here,
        fresh,
        pause(IDLE_MS).then(() => undefined),
      );
      const [relay] = installation.workers;
      if (!relay) throw new Error("there is no relay");
      await relay.kill();
      progress(`writing ${String(rows)} rows`);
      for (let made = 0; made < rows; made += SET) {
        const set = Array.from({ length: SET }, (_, n) => (n % 5 < FOR_LIMITED ? limited : free));
        await makeEvent(installation, set);
      }
      // So that all of it counts as piled up.
      await pause(3_000);
      const startedAt = performance.now();
      await relay.start();
      const samples: Sample[] = [];
      // A relay that starts is not what new events are to be kept from.
      let begin = (): void => undefined;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const draining = drain(here, { receiver, samples, startedAt, most: rows, begin });
      await Promise.race([begun, draining]);
      const before = processorTimes();
      const beside = await newEvents(here, fresh, draining);
      const drained = await draining;
      const busy = busySince(before);
      progress("relayed; waiting for the limited endpoint");
      await settledWithin(installation, 3 * limitMs(context));
      const measured = rows / drained.seconds;
      const within = Math.max(P95_FLOOR_MS, idle.p95) * 2;
      check.holds(
        `${measured.toFixed(0)} rows a second, where ${String(rate)} are set`,
        Math.abs(measured / rate - 1) <= 0.1,
      );
      if (context.size === "full") {
        check.holds(
          `p95 of new events (${beside.p95} ms) at most ${within} ms`,
          beside.p95 <= within,
        );
      }
      let most = 0;
      for (const name of ["free", "limited"] as const) {
        const { ids, times } = await receiver.heard(name);
        const share = (name === "limited" ? FOR_LIMITED : 5 - FOR_LIMITED) / 5;
        check.equal(`events that came to the ${name} endpoint`, new Set(ids).size, rows * share);
        check.equal(`webhooks that came to the ${name} endpoint`, ids.length, rows * share);
        if (name === "limited") {
          most = mostInASecond(times);
          check.holds(
            `${String(most)} in a second, where it takes ${String(TAKES)}`,
            most <= TAKES,
          );
        }
      }
      await mkdir(path.dirname(PLOT), { recursive: true });
      const title = `${String(rows)} rows at ${String(rate)} a second`;
      await writeFile(PLOT, plotBacklog(samples, title));
      progress(`plotted in ${PLOT}`);
      return {
        figures: {
          "rows that had piled up": rows,
          "relayed a second": measured.toFixed(0),
          "new events before, ms": `p50 ${idle.p50}, p95 ${idle.p95}`,
          "new events meanwhile, ms": `p50 ${beside.p50}, p95 ${beside.p95}`,
          "most in a second at the limited endpoint": most,
          "processors at work meanwhile": `${(busy * 100).toFixed(0)} %`,
        },
        sometimes: { "rows that had piled up": drained.most },
      };
    } finally {
      await receiver.close();
    }
  },
};

interface Made {
  readonly merchantId: string;
  readonly manner: "quick";
}

async function makeReceiverOf(
  { installation }: Context,
  endpoint: { readonly name: string; readonly url: string; readonly ratePerSecond: number | null },
): Promise<Made> {
  const { id, secretKey } = await createMerchant(installation.db, endpoint.name);
  const client = createClient({ url: installation.graphqlUrls[0] ?? "", apiKey: secretKey });
  const { url, ratePerSecond } = endpoint;
  await client.createWebhookEndpoint({ url, ratePerSecond });
  return { merchantId: id, manner: "quick" };
}

/** New events at their rate until then; how long they waited for their webhooks. */
async function newEvents(
  { installation, ...context }: Context,
  tenant: Made,
  until: Promise<unknown>,
): Promise<{ p50: number; p95: number }> {
  let isOver = false;
  void until.finally(() => (isOver = true));
  const { rows } = await installation.db.raw<{ rows: { now: Date }[] }>("select now()");
  const startedAt = performance.now();
  for (let made = 1; !isOver; made += 1) {
    await makeEvent(installation, [tenant]);
    const nextAtMs = startedAt + (made * 1_000) / NEW_A_SECOND;
    await pause(Math.max(0, nextAtMs - performance.now()));
  }
  await pause(1_000);
  return waitsSince({ installation, ...context }, [tenant], rows[0]?.now ?? new Date(0));
}

/** Looks once a second until what piled up is relayed; how long that took from the first row on. */
async function drain(
  { installation, ...context }: Context,
  seen: {
    readonly receiver: Receiver;
    readonly samples: Sample[];
    readonly startedAt: number;
    readonly most: number;
    /** Called when the first of them are relayed. */
    readonly begin: () => void;
  },
): Promise<{ seconds: number; most: number }> {
  const { receiver, samples, startedAt, most, begin } = seen;
  const waiting = async (): Promise<number> => {
    const { rows } = await installation.db.raw<{ rows: { count: number }[] }>(
      "select count(*)::int from outbox where created_at < now() - interval '2 seconds'",
    );
    return rows[0]?.count ?? 0;
  };
  let begunAt: number | undefined;
  let before = { free: 0, limited: 0 };
  for (;;) {
    const left = await waiting();
    const atS = (performance.now() - startedAt) / 1_000;
    const counts = await receiver.counts();
    const came = { free: counts["free"] ?? 0, limited: counts["limited"] ?? 0 };
    const [free, limited] = [came.free - before.free, came.limited - before.limited];
    samples.push({ atS, waiting: left, free, limited });
    before = came;
    if (left < most) {
      begunAt ??= performance.now() - 500;
      begin();
    }
    if (left === 0) break;
    if (performance.now() - startedAt > limitMs(context) * 3) {
      throw new Error(`${String(left)} rows are still waiting`);
    }
    await pause(1_000 - ((performance.now() - startedAt) % 1_000));
  }
  // The worker's start does not count, nor does the part of the last second after the end.
  const seconds = (performance.now() - (begunAt ?? startedAt) - 500) / 1_000;
  return { seconds, most: samples[0]?.waiting ?? 0 };
}

function mostInASecond(times: readonly number[]): number {
  let [from, most] = [0, 0];
  for (const [to, time] of times.entries()) {
    while ((times[from] ?? 0) <= time - 1_000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

function processorTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times);
  return {
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
    all: times.flatMap((time) => Object.values(time)).reduce((sum, ms) => sum + ms, 0),
  };
}

/** The share of this machine's processor time that was spent, by whomever. */
function busySince(before: ReturnType<typeof processorTimes>): number {
  const now = processorTimes();
  return 1 - (now.idle - before.idle) / Math.max(1, now.all - before.all);
}
