import path from "node:path";
import { waitUntil } from "../../../src/dev/wait-until";
import { type Attack, type Context, limitMs } from "../attack";
import { type Cluster, clusterOn } from "../cluster";
import type { Installation } from "../installation";
import { type Load, missingFrom, startLoad } from "../load";
import { type Back, backAfter } from "../patroni/back-after";
import { countByAmount, standingCharges } from "../patroni/expected";
import { loseCommits } from "../patroni/lose-commits";
import { patroniIsMissing, promisedSeconds } from "../patroni/programs";
import { type PatroniServers, startPatroniServers } from "../patroni/servers";
import { mostByReference } from "../tally";
import { metric, settledWithin } from "../witness";

const SIZES = {
  full: { kills: 5, between: 20, atOnce: 6, lost: 15 },
  short: { kills: 1, between: 5, atOnce: 3, lost: 3 },
};

/**
 * Patroni, etcd and HAProxy of Debian, with the files of deploy/patroni, over three servers. Half of our processes name all
 * of these in DATABASE_URL, half are connected through HAProxy.
 */
export const patroni: Attack = {
  name: "patroni",
  promise:
    "Patroni's primary killed five times: nothing acknowledged is missing, back within 10 s; with commits lost: nothing twice.",
  // It needs an installation of its own beside this one.
  options: { apis: 1, workers: 0 },
  skip: patroniIsMissing,
  run: async (context) => {
    const { check, progress, cluster } = context;
    const servers = await startPatroniServers(path.join(cluster.directory, "patroni-servers"));
    context.after(() => servers.remove());
    const haproxy = new URL(servers.url).host;
    const installation = await context.install(
      {
        name: "on-patroni",
        apis: 2,
        workers: 2,
        env: { ONCEPAY_REQUIRE_SYNC: "true", ONCEPAY_GHOST_CHARGES: "reverse" },
        through: { "api-1": haproxy, "worker-1": haproxy },
        witnesses: cluster,
      },
      await clusterOf(servers),
    );
    const killed = await killPrimaries(context, servers, installation);
    progress("the same without a synchronous standby, and with one that hears nothing");
    const { lost } = SIZES[context.size];
    const lossy = await loseCommits(context, { servers, installation, lost });
    check.equal("requests for money under one reference", await mostByReference(installation), 1);
    const exits = [...installation.apis, ...installation.workers].flatMap(({ exits: all }) =>
      all.filter(({ code }) => code !== null),
    );
    check.equal("processes that exited", exits.length, 0);
    return {
      figures: { ...killed.figures, ...lossy.figures },
      sometimes: { ...killed.sometimes, ...lossy.sometimes },
    };
  },
};

/** Its databases are named by all addresses; our own way to them, too. */
async function clusterOf(servers: PatroniServers): Promise<Cluster> {
  const directory = path.join(servers.directory, "processes");
  const cluster = await clusterOn(servers.url, directory);
  return {
    ...cluster,
    createDatabase: async (kind) => servers.everywhere(await cluster.createDatabase(kind)),
  };
}

async function killPrimaries(
  context: Context,
  servers: PatroniServers,
  installation: Installation,
) {
  const { check, progress, seed } = context;
  const { kills, between, atOnce } = SIZES[context.size];
  const promisedMs = promisedSeconds() * 1_000;
  const load = startLoad(installation, {
    prefix: `sync-${String(seed)}`,
    atOnce,
    amountFrom: 10_000,
  });
  const backs: Back[] = [];
  for (let time = 1; time <= kills; time += 1) {
    await enough(context, load, between);
    await servers.whole();
    const primary = await servers.primary();
    await primary.kill();
    const name = `sync-${String(seed)}-${String(time)}`;
    const back = await backAfter(installation, load, { name, amount: 5_000 + time });
    backs.push(back);
    const now = (await servers.primary()).name;
    progress(
      `${primary.name} killed, ${now} took over: back after ${said(back.acknowledgedMs)}, charging after ${said(back.chargedMs)}`,
    );
    check.holds(
      `back within ${String(promisedMs / 1_000)} s (${said(back.acknowledgedMs)})`,
      back.acknowledgedMs <= promisedMs,
    );
    await primary.start();
  }
  await servers.whole();
  await enough(context, load, between);
  const wanted = await load.stop();
  const settledMs = await settledWithin(installation, limitMs(context));
  const missing = await missingFrom(installation, load);
  const charges = await standingCharges(installation);
  const several = [...countByAmount(charges).values()].filter((count) => count > 1);
  check.equal("acknowledged creations that are missing", missing.created, 0);
  check.equal("acknowledged confirmations that are missing", missing.confirmed, 0);
  check.equal("orders that have had their answers", load.confirmed.size, wanted + kills);
  check.equal("charges in the network's books", charges.length, wanted + kills);
  check.equal("payments that were charged twice", several.length, 0);
  return {
    figures: {
      "payments meanwhile": wanted,
      "primaries killed": kills,
      "back after, ms": backs.map(({ acknowledgedMs }) => acknowledgedMs).join(", "),
      "charging after, ms": backs.map(({ chargedMs }) => chargedMs).join(", "),
      "acknowledged mutations missing": missing.created + missing.confirmed,
      "payments charged twice": several.length,
      "settled afterwards, ms": settledMs,
      codes: JSON.stringify(load.shop.tries.codes),
    },
    sometimes: {
      "answers that were UNAVAILABLE": load.shop.tries.codes["UNAVAILABLE"] ?? 0,
      "attempts in doubt": await metric(installation.workers, "oncepay_attempts_doubted_total"),
    },
  };
}

const said = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

async function enough(context: Context, load: Load, more: number): Promise<void> {
  const wanted = load.confirmed.size + more;
  const came = await waitUntil(() => load.confirmed.size >= wanted, {
    timeoutMs: 2 * limitMs(context),
  });
  context.check.holds(`${String(more)} payments more`, came);
}
