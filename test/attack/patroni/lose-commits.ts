import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Movement } from "../../../src/audit/compare-movements";
import { waitUntil } from "../../../src/dev/wait-until";
import { settlementOf } from "../../drill/break-found";
import { onServer } from "../../support/standby";
import { waitFor } from "../../support/wait-for";
import { type Context, limitMs } from "../attack";
import type { Installation } from "../installation";
import { missingFrom, startLoad, untilKnown } from "../load";
import { eachLimited, payAnew } from "../shop";
import { metric, settledWithin } from "../witness";
import { backAfter } from "./back-after";
import { countByAmount, standingCharges } from "./expected";
import type { PatroniServers } from "./servers";

const CLI = path.resolve(__dirname, "../../../dist/src/cli/oncepay.js");
const AT_ONCE = 6;

interface Place {
  readonly servers: PatroniServers;
  readonly installation: Installation;
  /** How many charged payments are to be lost. */
  readonly lost: number;
}

/**
 * Without a synchronous standby, and with standbys that hear nothing while customers go on buying, the primary is killed
 * and one of them promoted: what was answered meanwhile is gone. Nothing may be charged twice, and what is gone must be
 * told, in money. It ends with everything given back or bought again.
 */
export async function loseCommits(context: Context, place: Place) {
  const { check, progress, seed } = context;
  const { servers, installation, lost } = place;
  await withoutSynchronousStandby(place);
  const prefix = `lossy-${String(seed)}`;
  const load = startLoad(installation, {
    prefix,
    atOnce: AT_ONCE,
    amountFrom: 50_000,
    isLossy: true,
  });
  const until = (count: number): Promise<boolean> =>
    waitUntil(() => load.confirmed.size >= count, { timeoutMs: limitMs(context) });
  await until(lost);
  const primary = await servers.primary();
  const charged = (await standingCharges(installation)).length;
  primary.replication.hang(["toClient"]);
  await waitUntil(async () => (await standingCharges(installation)).length >= charged + lost, {
    timeoutMs: limitMs(context),
  });
  const told = { created: new Set(load.created), confirmed: new Set(load.confirmed) };
  await primary.kill();
  // What its standbys have not heard they never will.
  primary.replication.refuse(true);
  primary.replication.hang([]);
  const back = await backAfter(installation, load, { name: prefix, amount: 6_000 });
  const now = (await servers.primary()).name;
  const seconds = (back.acknowledgedMs / 1_000).toFixed(1);
  progress(`${primary.name} killed with what it alone had, ${now} took over after ${seconds} s`);
  primary.replication.refuse(false);
  await primary.start();
  await servers.whole();
  await until(load.confirmed.size + lost);
  const wanted = await load.stop();
  await settledWithin(installation, limitMs(context));
  const missing = await missingFrom(installation, told);
  const doubted = await metric(installation.workers, "oncepay_attempts_doubted_total");

  const reported = await isReported(context, installation);
  progress(`${String(missing.confirmed)} acknowledged payments are gone; ${reported.text}`);
  await giveBack(installation);
  // Whoever asks for what is gone, with the key that it had, buys it again; everybody else is told what there is.
  const client = load.shop.client();
  await eachLimited(load.orders, AT_ONCE, (order) => untilKnown(() => payAnew(client, order)));
  await settledWithin(installation, limitMs(context));
  const counts = countByAmount(await standingCharges(installation));
  const wrong = load.orders.filter(({ amount }) => counts.get(amount) !== 1);
  check.equal("orders that are not charged once", wrong.length, 0);
  const { status, text } = verify(installation);
  check.holds(`verify --against-network ends clean: ${text}`, status === 0);
  return {
    figures: {
      "payments around the lossy failover": wanted,
      "back after the lossy failover, ms": back.acknowledgedMs,
      "acknowledged payments lost": missing.confirmed,
      "charges that were lost, and reported": reported.text,
      "attempts looked up before they were sent": doubted,
      "orders not charged exactly once in the end": wrong.length,
    },
    sometimes: {
      "acknowledged payments lost": missing.confirmed,
      "charges lost": reported.count,
      "attempts in doubt after the lossy failover": doubted,
    },
  };
}

/** Asynchronous, and a standby may be promoted however far it is behind: what nobody should configure. */
async function withoutSynchronousStandby({ servers, installation }: Place): Promise<void> {
  await servers.configure({
    synchronous_mode: false,
    synchronous_mode_strict: false,
    maximum_lag_on_failover: 1_000_000_000,
  });
  await waitFor("no standby is waited for", async () => {
    const asked = "select current_setting('synchronous_standby_names') = '' as none";
    const [row] = await onServer((await servers.primary()).url, asked);
    return (row as { none: boolean }).none;
  });
  await servers.whole();
  for (const child of [...installation.apis, ...installation.workers]) {
    await child.restart({ ONCEPAY_REQUIRE_SYNC: "false" });
  }
}

interface Sum {
  readonly state: string;
  readonly kind: string;
  readonly count: number;
  readonly amount: number;
}

/** What nobody here knows of, by the network's books, is what `verify` says. */
async function isReported({ check }: Context, installation: Installation) {
  const ghosts = await unknownHere(installation);
  const amount = ghosts.reduce((sum, charge) => sum + charge.amount, 0);
  const { status, text } = verify(installation, "--json");
  const { againstNetwork } = JSON.parse(text) as { againstNetwork: { sums: readonly Sum[] } };
  const said = againstNetwork.sums.filter(({ state }) => state === "NOT_HERE");
  check.equal("verify --against-network with charges lost", status, 1);
  check.equal(
    "what it says is lost",
    said.map((sum) => ({ kind: sum.kind, count: sum.count, amount: sum.amount })),
    ghosts.length === 0 ? [] : [{ kind: "capture", count: ghosts.length, amount }],
  );
  return {
    count: ghosts.length,
    text: `${String(ghosts.length)} of ${(amount / 100).toFixed(2)} EUR`,
  };
}

async function unknownHere(installation: Installation): Promise<Movement[]> {
  const charges = await standingCharges(installation);
  const known = await installation.db("attempts").select("id");
  const ids = new Set(known.map(({ id }) => String(id)));
  return charges.filter(({ reference }) => !ids.has(reference));
}

/** By the network's settlement file; the workers give back what nobody here asked for. */
async function giveBack(installation: Installation): Promise<void> {
  const file = path.join(installation.logDirectory, "settlement.csv");
  writeFileSync(file, await settlementOf(installation.sandbox.url));
  const { status, text } = oncepay(installation, "reconcile", "--file", file);
  if (status !== 1) throw new Error(`oncepay reconcile: ${String(status)} ${text}`);
  // In a minute by itself.
  await installation.db("reconciliation_breaks").update({ next_at: new Date() });
  await waitFor("what nobody asked for is given back", async () => {
    const open = await installation.db("reconciliation_breaks").where({ status: "OPEN" });
    return open.length === 0;
  });
}

function verify(installation: Installation, ...words: string[]) {
  const sandbox = ["--sandbox-url", installation.sandbox.url];
  return oncepay(installation, "verify", ...sandbox, "--against-network", ...words);
}

function oncepay({ env, databaseUrl }: Installation, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...words], {
    env: { ...env, DATABASE_URL: databaseUrl },
    encoding: "utf8",
  });
  return { status, text: stdout + (status === null || status > 1 ? stderr : "") };
}
