import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { MIGRATIONS, type Migration } from "../../../migrations/index";
import { migrate } from "../../../src/db/migrate";
import { run } from "../../../src/db/db";
import { waitUntil } from "../../../src/dev/wait-until";
import { listeningPort } from "../../support/listening-port";
import { redisIsMissing, startRedis } from "../../support/redis";
import { type Attack, type Context, type Figures, limitMs } from "../attack";
import type { Installation } from "../installation";
import { type Balancer, hasHaproxy, startHaproxy, startOwnBalancer } from "../rolling/balancer";
import { type Place, endedBadly, planFleet } from "../rolling/fleet";
import { askew, describe, reasons } from "../rolling/account-for";
import { type Load, startLoad } from "../rolling/load";
import {
  type Release,
  buildRelease,
  previousRelease,
  releaseIsMissing,
  releaseOfHere,
} from "../rolling/release";
import { effectsAt, networkOf, settledWithin } from "../witness";

/** Orders that have to go through in each steady phase, and after each process that was replaced. */
const SIZES = {
  full: { lanes: 6, steady: 60, between: 20 },
  short: { lanes: 3, steady: 4, between: 2 },
};

/** An upgrade as docs/operations.md describes it, and the way back, while everybody goes on paying. */
export const rollingUpgrade: Attack = {
  name: "rolling-upgrade",
  promise:
    "Upgraded and rolled back under load, process by process: no caller's error, payments once, webhooks delivered.",
  // It needs one of its own, which begins with another release.
  options: { apis: 0, workers: 0, proxied: [] },
  skip: ({ size, from }) => (size === "short" ? undefined : releaseIsMissing(from)),
  run: (context) => upgrade(context, {}),
};

/** The same where the queue and the replay cache are in Redis. */
export const rollingUpgradeOnRedis: Attack = {
  ...rollingUpgrade,
  name: "rolling-upgrade-redis",
  promise: "The same with the queue and the replay cache in Redis, which both releases share.",
  skip: ({ from }) => redisIsMissing() ?? releaseIsMissing(from),
  run: async (context) => {
    const redis = await startRedis();
    if (!redis) throw new Error("there is no redis-server");
    try {
      return await upgrade(context, { REDIS_URL: redis.url });
    } finally {
      await redis.stop();
    }
  },
};

async function upgrade(context: Context, env: Readonly<Record<string, string>>) {
  const { progress, size } = context;
  const to = releaseOfHere();
  const from = size === "short" ? to : await releaseFrom(context);
  const frontPort = await listeningPort();
  const installation = await context.install({
    name: "rolling",
    apis: 2,
    workers: 2,
    release: from,
    frontPort,
    env,
  });
  const fleet = await planFleet(installation, to);
  const start = size === "full" && hasHaproxy() ? startHaproxy : startOwnBalancer;
  const balancer = await start({
    port: frontPort,
    apis: fleet.apis.flatMap(({ old, next }) => [old.url, next.url]),
    directory: installation.logDirectory,
  });
  try {
    progress(`from ${from.name} to ${to.name}, behind ${balancer.kind}`);
    // Those that are not there yet count as well until somebody has looked at them.
    await until(context, "the balancer leads to the APIs that are there", async () => {
      const [here, there] = await Promise.all([
        leads(
          balancer,
          fleet.apis.map(({ old }) => old),
        ),
        leads(
          balancer,
          fleet.apis.map(({ next }) => next),
        ),
      ]);
      return !here.includes(false) && !there.includes(true);
    });
    const [url = ""] = installation.graphqlUrls;
    const load = startLoad({
      createClient: from.createClient,
      url,
      apiKey: installation.merchant.secretKey,
      phase: "the old release",
      lanes: SIZES[size].lanes,
      prefix: `rolling-${String(context.seed)}`,
      random: context.random,
      limitMs: limitMs(context),
    });
    const site: Site = { context, installation, load, balancer };
    await roll(site, fleet, to);
    await load.stop(() => settledWithin(installation, limitMs(context)));
    return await compare(site, { from, endedBadly: endedBadly(fleet) });
  } finally {
    await fleet.kill();
    await balancer.stop();
  }
}

async function releaseFrom({ from, progress }: Context): Promise<Release> {
  const ref = from ?? previousRelease();
  if (ref === undefined) throw new Error("there is no release to begin with");
  return buildRelease(ref, progress);
}

interface Site {
  readonly context: Context;
  readonly installation: Installation;
  readonly load: Load;
  readonly balancer: Balancer;
}

/**
 * Migrated first; then the workers, which so know whatever newer APIs write; then the APIs. Back in the opposite order,
 * over the schema that stays.
 */
async function roll(
  site: Site,
  fleet: { readonly apis: readonly Place[]; readonly workers: readonly Place[] },
  to: Release,
): Promise<void> {
  const { load, installation, context } = site;
  const { steady, between } = SIZES[context.size];
  const phase = (name: string): void => {
    context.progress(name);
    load.begin(name);
  };
  await load.more(steady);
  phase("migrated, under the old release");
  if (context.size === "short") await widen(installation);
  else await to.migrate(installation.databaseUrl);
  await load.more(between);
  phase("workers replaced");
  for (const place of fleet.workers) await replace(site, place.old, place.next);
  phase("APIs replaced");
  for (const place of fleet.apis) await replace(site, place.old, place.next);
  phase("the new release");
  await load.more(steady);
  // There is no other build to go back to.
  if (context.size === "short") return;
  phase("APIs rolled back");
  for (const place of fleet.apis) await replace(site, place.next, place.old);
  phase("workers rolled back");
  for (const place of fleet.workers) await replace(site, place.next, place.old);
  phase("the old release, over the new schema");
  await load.more(steady);
}

type Process = Place["old"];

async function replace(site: Site, going: Process, coming: Process): Promise<void> {
  const { context, balancer, load } = site;
  await coming.start();
  if (coming.name.startsWith("api")) {
    await until(context, "the balancer leads to it", () => balancer.leadsTo(coming.url));
  }
  await going.stop();
  await load.more(SIZES[context.size].between);
}

/**
 * In place of another release: one that adds a column to every table and an index to the largest. Whatever reads rows as
 * they happen to be, or keeps a plan of them, finds out.
 */
async function widen({ db, databaseUrl }: Installation): Promise<void> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(`
    select relname as "name" from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
      and relname not like 'knex%' order by relname`);
  const columns = rows.map(({ name }, index): [string, Migration] => [
    `20991231${String(index).padStart(6, "0")}_${name}`,
    {
      up: async (tx) => {
        await tx.raw("alter table ?? add column of_a_later_release text not null default 'new'", [
          name,
        ]);
      },
    },
  ]);
  const index = {
    name: "attempts_of_later",
    table: "attempts",
    definition: "(of_a_later_release)",
  };
  const migrations = {
    ...MIGRATIONS,
    ...Object.fromEntries(columns),
    "20991231999999_index": { index },
  };
  await migrate({ databaseUrl, migrations });
}

const DELIVERIES = {
  name: "attack_deliveries",
  text: `
    select (select count(*) from events where merchant_id = ?) as "events",
      count(distinct event_id) as "told", count(*) filter (where status <> 'SUCCEEDED') as "undelivered"
    from webhook_deliveries where merchant_id = ?`,
};

interface Deliveries {
  readonly events: number;
  readonly told: number;
  readonly undelivered: number;
}

async function compare(
  { context, installation, load, balancer }: Site,
  { from, endedBadly }: { readonly from: Release; readonly endedBadly: readonly string[] },
) {
  const { check } = context;
  const { phases, done, repeats, fed } = load;
  for (const { name, errors } of phases) check.equal(`errors of callers in "${name}"`, errors, []);
  check.equal("processes that did not end as they were told to", endedBadly, []);
  const network = networkOf(installation);
  check.equal(
    "orders whose money is not once in the network's books",
    askew(load, await network.movements()),
    [],
  );
  check.equal("requests under one reference", (await network.stats()).requestsByReference.max, 1);
  check.equal("orders that were another payment when asked for again", repeats.other, 0);
  const { id } = installation.merchant;
  const [deliveries] = await run<Deliveries>(installation.db, DELIVERIES, [id, id]);
  const { events, told, undelivered } = deliveries ?? { events: 0, told: 0, undelivered: -1 };
  const consumer = await effectsAt(installation);
  const sales = done.filter(({ captured }) => captured).length;
  check.equal("deliveries that did not succeed", undelivered, 0);
  check.equal("events with a delivery", told, events);
  check.equal("events at the consumer", consumer.events, events);
  check.equal("events in the feed, as it was read", fed.size, events);
  check.equal("sales at the consumer", [consumer.sales, consumer.doubleSales], [sales, 0]);
  check.equal("what the processes could not make sense of", bewildered(installation), []);
  const rows: Figures = Object.fromEntries(phases.map((phase) => [phase.name, describe(phase)]));
  return {
    figures: {
      from: from.name,
      behind: balancer.kind,
      ...rows,
      "what was asked for again, and why": reasons(phases),
      "slowest call, with its retries": `${(Math.max(...phases.map((one) => one.slowestMs)) / 1_000).toFixed(1)} s`,
      "orders, and asked for again in a later phase": `${String(done.length)}, ${String(repeats.asked)}`,
      "captures in the network's books": sales,
      "events, delivered and in the feed": `${String(events)}, ${String(consumer.events)}, ${String(fed.size)}`,
    },
    sometimes: { "orders asked for again by another release": repeats.asked },
  };
}

/** What Postgres says to a statement that does not fit the schema (42…), or whose plan does not any more (0A000). */
const MISFIT = /"(?:code|sqlState)":"(?:42\w{3}|0A000)"|cached plan must not change/;

/** Log lines of a process that did not know what it met, though nobody may have noticed. */
function bewildered({ logDirectory }: Installation): string[] {
  const lines = readdirSync(logDirectory)
    .filter((name) => /^(api|worker)/.test(name))
    .flatMap((name) =>
      readFileSync(path.join(logDirectory, name), "utf8")
        .split("\n")
        .filter((line) => MISFIT.test(line))
        .map((line) => `${name}: ${line.slice(0, LINE_MAX)}`),
    );
  return [...lines.slice(0, LINES_MAX)];
}

const LINE_MAX = 400;
const LINES_MAX = 5;

async function until(context: Context, what: string, holds: () => Promise<boolean>): Promise<void> {
  if (await waitUntil(holds, { timeoutMs: limitMs(context), everyMs: 100 })) return;
  throw new Error(`it never came about that ${what}`);
}

function leads(balancer: Balancer, apis: readonly Process[]): Promise<boolean[]> {
  return Promise.all(apis.map(({ url }) => balancer.leadsTo(url)));
}
